//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary builds the program once for all tests; TestMain removes it.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDirectory(), "adapterd")
	out, err := exec.Command("go", "build", "-ldflags", "-X main.version=v1.2.3", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// process is the real program, running.
type process struct {
	*exec.Cmd
	out, err output
	exited   chan struct{} // closed when code is there
	code     int
}

func spawn(t *testing.T, directory string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(path, args...), exited: make(chan struct{})}
	p.Dir, p.Stdout, p.Stderr = directory, &p.out, &p.err
	p.Env = append(os.Environ(), "TMPDIR="+directory)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		err := p.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			p.code = exit.ExitCode() // -1 when a signal ended it
		} else if err != nil {
			p.code = -2
		}
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill() // what has ended by itself can not be killed, and need not be
		<-p.exited
	})
	return p
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait returns the exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.code
	case <-time.After(30 * time.Second):
		t.Fatalf("did not end\n%s\n%s", p.out.String(), p.err.String())
		return 0
	}
}

func (p *process) says(t *testing.T, what string) {
	t.Helper()
	await(t, fmt.Sprintf("%q", what), func() bool { return strings.Contains(p.out.String()+p.err.String(), what) })
}
