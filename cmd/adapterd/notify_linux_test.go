package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// listener is what systemd is to the program: a socket that NOTIFY_SOCKET names.
type listener struct{ *net.UnixConn }

func notifySocket(t *testing.T, name string) listener {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return listener{c}
}

// next is the next message, with its lines by name.
func (l listener) next(t *testing.T) map[string]string {
	t.Helper()
	if err := l.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 4096)
	n, err := l.Read(text)
	if err != nil {
		t.Fatalf("nothing was told: %v", err)
	}
	lines := map[string]string{}
	for _, line := range strings.Split(string(text[:n]), "\n") {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			t.Fatalf("%q has a line that is no assignment", text[:n])
		}
		lines[name] = value
	}
	return lines
}

// after is the next message that has a line of this name; signs of life may come before it.
func (l listener) after(t *testing.T, name string) map[string]string {
	t.Helper()
	for {
		m := l.next(t)
		if _, ok := m[name]; ok {
			return m
		}
		if _, ok := m["WATCHDOG"]; !ok {
			t.Fatalf("%v came before %s", m, name)
		}
	}
}

func TestSystemdIsToldHowFarTheProgramIs(t *testing.T) {
	for name, socket := range map[string]string{
		"file":            filepath.Join(t.TempDir(), "notify"),
		"abstract socket": "@adapterd-test-" + strconv.Itoa(os.Getpid()),
	} {
		t.Run(name, func(t *testing.T) {
			l := notifySocket(t, socket)
			t.Setenv("WATCHDOG_USEC", "200000") // long enough that the socket's queue of some ten messages does not fill while the test waits for a processor
			dir := t.TempDir()
			manyFiles(t, dir, 3)
			path := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
			p := spawn(t, dir, "run", path, "--embedded-kinesis", "127.0.0.1:0")
			if m := l.next(t); m["READY"] != "1" || !strings.HasPrefix(m["STATUS"], "1 channel; ") {
				t.Errorf("first it told %v", m)
			}
			for beats := 0; beats < 3; { // signs of life, and what was done meanwhile
				m := l.next(t)
				if m["WATCHDOG"] != "1" {
					t.Fatalf("told %v", m)
				}
				if strings.Contains(m["STATUS"], "3 delivered, 0 handled, 0 failed, 0 under way") {
					beats++
				}
			}
			var before, at uint64
			for i := range 2 { // the second with a document that is refused
				p.signal(t, syscall.SIGHUP)
				m := l.after(t, "RELOADING")
				var err error
				if at, err = strconv.ParseUint(m["MONOTONIC_USEC"], 10, 64); err != nil || m["RELOADING"] != "1" || at <= before {
					t.Errorf("reload %d: told %v after %d", i, m, before)
				}
				before = at
				if m := l.after(t, "READY"); m["READY"] != "1" {
					t.Errorf("told %v", m)
				}
				write(t, path, "<channel/>")
			}
			p.signal(t, syscall.SIGTERM)
			if m := l.after(t, "STOPPING"); m["STOPPING"] != "1" {
				t.Errorf("told %v", m)
			}
			if code := p.wait(t); code != exitDone {
				t.Errorf("exit %d\n%s", code, p.err.String())
			}
		})
	}
}

// A reload is told whoever asks for it, one after the other.
func TestSystemdIsToldOfTheReloadsOfOperators(t *testing.T) {
	l := notifySocket(t, filepath.Join(t.TempDir(), "notify"))
	dir := t.TempDir()
	manyFiles(t, dir, 1)
	path := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	b := start(t, "run", path, "--embedded-kinesis", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	o := operate(t, b)
	l.after(t, "READY")
	for _, status := range []int{200, 422} {
		o.wants("POST", "/api/reload", "", status, "")
		if m := l.next(t); m["RELOADING"] != "1" || m["MONOTONIC_USEC"] == "" {
			t.Errorf("told %v", m)
		}
		if m := l.next(t); m["READY"] != "1" {
			t.Errorf("told %v", m)
		}
		write(t, path, "<channel/>")
	}
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
}

func TestWithoutASocketNobodyIsTold(t *testing.T) {
	for _, socket := range []string{"", "vsock:2:1234", "notify"} {
		t.Setenv("NOTIFY_SOCKET", socket)
		core, logged := observer.New(zap.WarnLevel)
		n := environmentNotifier(zap.New(core))
		if _, ok := n.(silent); !ok || n.beats() != nil {
			t.Errorf("%q: %T", socket, n)
		}
		if want := min(len(socket), 1); logged.Len() != want {
			t.Errorf("%q: logged %v", socket, logged.All())
		}
	}
}

func TestASystemdThatIsGoneIsSaidOnce(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nothing"))
	core, logged := observer.New(zap.WarnLevel)
	n := environmentNotifier(zap.New(core))
	defer n.close()
	for range 3 {
		n.alive("well")
	}
	if logged.Len() != 1 {
		t.Errorf("logged %v", logged.All())
	}
}

func TestSignsOfLifeAreDueAtHalfTheWatchdogsTime(t *testing.T) {
	for name, c := range map[string]struct {
		usec, pid string
		want      time.Duration
		bad       bool
	}{
		"none":                 {},
		"half":                 {usec: "30000000", want: 15 * time.Second},
		"of this process":      {usec: "30000000", pid: "7", want: 15 * time.Second},
		"of another process":   {usec: "30000000", pid: "8"},
		"no number":            {usec: "30s", bad: true},
		"negative":             {usec: "-1", bad: true},
		"too short to half":    {usec: "1", bad: true},
		"longer than an int64": {usec: "9223372036854775807", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := watchdogInterval(c.usec, c.pid, 7)
			if got != c.want || (err != nil) != c.bad {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func FuzzWatchdogInterval(f *testing.F) {
	f.Add("30000000", "7")
	f.Add("", "")
	f.Add("9223372036854775807", "")
	f.Fuzz(func(t *testing.T, usec, pid string) {
		every, err := watchdogInterval(usec, pid, 7)
		if every < 0 || every > 0 && err != nil {
			t.Error(fmt.Sprint(every, err)) // a ticker panics on the first
		}
	})
}
