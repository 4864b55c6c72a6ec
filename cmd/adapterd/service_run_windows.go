package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// serviceRunCommand is what the service manager starts.
func serviceRunCommand() *cobra.Command {
	var s serviceFlags
	state := &serviceState{}
	f := &runFlags{told: state, asked: &requests{stop: make(chan os.Signal, 2), reload: make(chan os.Signal, 1)}}
	c := runCommandFor(f)
	c.Short = "Run a document for the service manager"
	c.Long = "run is what the service manager starts; install says with which flags."
	c.Example = `  adapterd service run C:\adapter\adapter.xml`
	c.Hidden = true
	s.register(c)
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := s.complete(); err != nil {
			return err
		}
		events, err := eventlog.Open(s.name)
		if err != nil {
			return err
		}
		defer events.Close()
		failed := func(err error) error { return errors.Join(err, events.Error(1, err.Error())) }
		if err := os.Chdir(s.directory); err != nil {
			return failed(fmt.Errorf("--directory: %w", err))
		}
		log, err := openServiceLog(s.log)
		if err != nil {
			return failed(fmt.Errorf("--log-file: %w", err))
		}
		defer log.Close()
		c.SetErr(log)
		h := &serviceHandler{state: state, asked: f.asked, drain: &f.drain, run: func() error { return run(c, args) }}
		if err := svc.Run(s.name, h); errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
			return errors.New("this is for the service manager; adapterd run does the same on a console")
		} else if err != nil {
			return failed(err)
		}
		if h.err != nil {
			return failed(fmt.Errorf("the service ended: %w; %s says why", h.err, s.log))
		}
		return nil
	}
	return c
}

// serviceHandler speaks with the service manager.
type serviceHandler struct {
	state *serviceState
	asked *requests
	drain *time.Duration
	run   func() error
	err   error
}

// startTime is what the manager is told that a start may take; each further status would be another as long.
const startTime = 2 * time.Minute

// Execute runs the document, and returns when it has ended. The manager gives each request some seconds, so they are passed on at once.
func (h *serviceHandler) Execute(_ []string, asked <-chan svc.ChangeRequest, tell chan<- svc.Status) (bool, uint32) {
	h.state.attach(tell, *h.drain)
	done := make(chan error, 1)
	go func() { done <- h.run() }()
	for {
		select {
		case h.err = <-done:
			if h.err != nil {
				return true, exitFailed
			}
			return false, 0
		case r := <-asked:
			switch r.Cmd {
			case svc.Interrogate:
				h.state.repeat()
			case svc.Stop, svc.PreShutdown:
				h.state.stopping()
				ask(h.asked.stop)
			case svc.ParamChange:
				ask(h.asked.reload)
			}
		}
	}
}

// ask asks once more, unless as much as can be asked for has been.
func ask(c chan<- os.Signal) {
	select {
	case c <- os.Interrupt:
	default:
	}
}

// serviceState tells the service manager how far the program is. It is a notifier.
type serviceState struct {
	mu    sync.Mutex // guards the fields below
	tell  chan<- svc.Status
	last  svc.Status
	drain time.Duration
}

// accepted is what a running service may be asked. Of a shutdown of the system it is told early, since a drain takes longer than the few
// seconds that other services get.
const accepted = svc.AcceptStop | svc.AcceptPreShutdown | svc.AcceptParamChange

func (s *serviceState) attach(tell chan<- svc.Status, drain time.Duration) {
	s.mu.Lock()
	s.tell, s.drain = tell, drain
	s.mu.Unlock()
	s.set(svc.Status{State: svc.StartPending, WaitHint: milliseconds(startTime), Accepts: svc.AcceptStop | svc.AcceptPreShutdown})
}

func (s *serviceState) set(status svc.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last.State == svc.StopPending { // which nothing but the end follows
		return
	}
	s.last = status
	s.tell <- status
}

func (s *serviceState) repeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell <- s.last
}

func (s *serviceState) ready(string) { s.set(svc.Status{State: svc.Running, Accepts: accepted}) }

func (s *serviceState) stopping() {
	s.mu.Lock()
	drain := s.drain
	s.mu.Unlock()
	s.set(svc.Status{State: svc.StopPending, WaitHint: milliseconds(drain + 30*time.Second)})
}

func (s *serviceState) reloading()              {}
func (s *serviceState) beats() <-chan time.Time { return nil }
func (s *serviceState) alive(string)            {}
func (s *serviceState) close()                  {}

func milliseconds(d time.Duration) uint32 { return uint32(min(d.Milliseconds(), 1<<31)) }
