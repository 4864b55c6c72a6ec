package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "embed"
)

//go:embed lines.xml
var linesDocument string

//go:embed http.xml
var httpDocument string

// adapterd is a run of the program in a directory of its own.
type adapterd struct {
	directory string
	command   *exec.Cmd
	began     time.Time
	// started is closed when the program says so; ended when its output has ended.
	started, ended chan struct{}
	startTook      time.Duration
	log            strings.Builder // until ended
}

// start runs a document, in which @TLSPORT@ and others are replaced.
func start(ctx context.Context, s settings, document string, replace ...string) (*adapterd, error) {
	_, port, err := net.SplitHostPort(s.tls)
	if err != nil {
		return nil, fmt.Errorf("-tls %s: %w", s.tls, err)
	}
	a := &adapterd{started: make(chan struct{}), ended: make(chan struct{})}
	if a.directory, err = os.MkdirTemp("", "bench-adapter-"); err != nil {
		return nil, err
	}
	text := strings.NewReplacer(append(replace, "@TLSPORT@", port)...).Replace(document)
	if err := os.WriteFile(filepath.Join(a.directory, "adapter.xml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(a.directory, "in"), 0o700); err != nil {
		return nil, err
	}
	a.command = exec.CommandContext(ctx, s.adapterd, "run", "adapter.xml")
	a.command.Dir = a.directory
	out, err := a.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	a.began = time.Now()
	if err := a.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(a.ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			a.log.WriteString(lines.Text() + "\n")
			if a.startTook == 0 && strings.Contains(lines.Text(), "adapter started") {
				a.startTook = time.Since(a.began)
				close(a.started)
			}
		}
	}()
	select {
	case <-a.started:
		return a, nil
	case <-a.ended:
		err := a.command.Wait()
		_ = os.RemoveAll(a.directory)
		return nil, fmt.Errorf("adapterd did not start (%w): %s", err, a.log.String())
	}
}

// stop ends the program, and says what it took for so many records.
func (a *adapterd) stop(r *result, records int) error {
	defer func() { _ = os.RemoveAll(a.directory) }()
	peak := peakNowMB(a.command.Process.Pid)
	if err := a.command.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	<-a.ended
	if err := a.command.Wait(); err != nil {
		return fmt.Errorf("adapterd ended with %w: %s", err, a.log.String())
	}
	r.took(a.command, records)
	if peak > 0 { // what the system says at the end counts what this process had when it began the other
		r.PeakMB = peak
	}
	return nil
}

// put makes a file appear in the source, whole.
func (a *adapterd) put(name string, content []byte) error {
	part := filepath.Join(a.directory, name)
	if err := os.WriteFile(part, content, 0o600); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(a.directory, "in", name))
}

// emptied waits until the source is empty: a file is deleted when all that it became is stored.
func (a *adapterd) emptied(ctx context.Context) error {
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		left, err := os.ReadDir(filepath.Join(a.directory, "in"))
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		select {
		case <-look.C:
		case <-a.ended:
			return fmt.Errorf("adapterd ended: %s", a.log.String())
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// peakNowMB is the most memory that a running process has had resident; 0 where the system does not say.
func peakNowMB(pid int) float64 {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	n, _ := strconv.Atoi(kib)
	return float64(n) * 1024 / 1e6
}

// took adds what a process that has ended used up; records are 0 for a job that has none.
func (r *result) took(c *exec.Cmd, records int) {
	if records > 0 {
		r.CPUSecondsPerMillion = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds() / float64(records) * 1e6
	}
	r.PeakMB = peakMB(c.ProcessState)
}
