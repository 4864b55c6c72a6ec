// Package top shows on a terminal what the admin server of an adapterd tells, and asks it to do what keys are for.
package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
)

// ErrUsage is a fault of what was asked for, such as an address that is none.
var ErrUsage = errors.New("wrong usage")

// LeastInterval is the shortest Options.Interval: the server answers 50 requests a second, and two are needed for a picture.
const LeastInterval = 100 * time.Millisecond

// Options say what to look at, and where to show it.
type Options struct {
	// URL is where the admin server is: host:port, or a URL, with a path if it is behind a proxy that has one.
	URL string
	// TokenFile has the token that the server wants; empty for none. It is read for each request.
	TokenFile string
	// CA is a PEM file with the CA of the server's certificate; empty for those that the system knows. Insecure accepts any certificate.
	CA       string
	Insecure bool
	// Cert and Key are PEM files with a certificate for servers that want one; empty for none.
	Cert, Key string
	// Interval is how often the picture is renewed, LeastInterval or more. From a second on the server's events are used, below that it is
	// asked.
	Interval time.Duration
	// In is read for keys by Run, and Out is written to. Run wants terminals.
	In  io.Reader
	Out io.Writer
	// Environ has NAME=VALUE of the environment: TERM, COLORTERM and NO_COLOR count.
	Environ []string

	// location is nil for the local time, transport for one of the network; both are for tests.
	location  *time.Location
	transport http.RoundTripper
}

func (o *Options) zone() *time.Location {
	if o.location != nil {
		return o.location
	}
	return time.Local
}

// colour says whether the user wants colours.
func (o *Options) colour() bool {
	return !slices.ContainsFunc(o.Environ, func(e string) bool {
		value, is := strings.CutPrefix(e, "NO_COLOR=")
		return is && value != ""
	})
}

// Run shows the state until the user quits or ctx ends, both of which are no error. It fails at once if the server does not answer; later it
// says so on the screen and tries again. However it ends, the terminal is as it was before.
func Run(ctx context.Context, o Options) error {
	if o.Interval < LeastInterval {
		return fmt.Errorf("%w: the interval is %s; it is %s or more", ErrUsage, o.Interval, LeastInterval)
	}
	c, err := newClient(&o)
	if err != nil {
		return err
	}
	defer c.close()
	first, err := c.status(ctx)
	if err != nil {
		return err
	}
	return c.show(ctx, &o, newModel(first, c.base, o.zone(), o.colour(), time.Now()))
}

// show runs the terminal, the feed and the actions, and waits for all of them.
func (c *client) show(ctx context.Context, o *Options, m *model) error {
	// Signals are the caller's: they end ctx.
	p := tea.NewProgram(m, tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithEnvironment(o.Environ), tea.WithoutSignalHandler(), tea.WithFPS(20))
	quit := context.AfterFunc(ctx, p.Quit)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // the program ends first, so that its last picture does not tell of a broken connection
	var running sync.WaitGroup
	var crash crash
	begin := func(do func()) {
		running.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					crash.set(fmt.Errorf("top broke down: %v\n%s", r, debug.Stack()))
					p.Quit() // which gives the terminal back before anything is printed
				}
			}()
			do()
		})
	}
	m.do = func(a action) {
		begin(func() {
			err := c.act(ctx, a.path)
			p.Send(doneMsg{a, time.Now(), err})
		})
	}
	begin(func() { (&feed{c, o.Interval, p.Send}).run(ctx) })
	_, err := p.Run()
	quit()
	cancel()
	running.Wait()
	if broken := crash.get(); broken != nil {
		return broken
	}
	if err != nil {
		return fmt.Errorf("the terminal: %w", err)
	}
	return nil
}

// crash is the first panic of a goroutine beside the program's own, which it catches itself.
type crash struct {
	mu  sync.Mutex // guards err
	err error
}

func (c *crash) set(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
}

func (c *crash) get() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
