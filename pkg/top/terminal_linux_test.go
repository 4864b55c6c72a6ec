package top

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// terminal is a pseudo-terminal: what stands at its other end is typed and read by the test.
type terminal struct {
	user, program *os.File
	read          sync.WaitGroup
	mu            sync.Mutex // guards text
	text          bytes.Buffer
	width, height int
}

func openTerminal(t *testing.T, width, height int) *terminal {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	x := &terminal{user: user, program: program, width: width, height: height}
	x.resize(t, width, height)
	x.read.Go(func() {
		part := make([]byte, 4096)
		for {
			n, err := user.Read(part)
			x.mu.Lock()
			x.text.Write(part[:n])
			x.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	t.Cleanup(func() {
		_ = program.Close() // then the other end reads an error
		x.read.Wait()
		_ = user.Close()
	})
	return x
}

func (x *terminal) resize(t *testing.T, width, height int) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(x.user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(width), Row: uint16(height)}); err != nil {
		t.Fatal(err)
	}
}

func (x *terminal) settings(t *testing.T) unix.Termios {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(x.program.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *s
}

func (x *terminal) typed(t *testing.T, keys string) {
	t.Helper()
	if _, err := x.user.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

func (x *terminal) written() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.String()
}

// forget lets shows look at what comes from now on.
func (x *terminal) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.text.Reset()
}

// to makes the terminal another size, and tells the program so, as one of its own would.
func (x *terminal) to(t *testing.T, width, height int) {
	t.Helper()
	x.width, x.height = width, height
	x.resize(t, width, height)
	if err := unix.Kill(os.Getpid(), unix.SIGWINCH); err != nil {
		t.Fatal(err)
	}
}

// shows waits until something has been written since the last forget. What was there already is not written again, not even a letter that is
// in the same place by chance, so the program is made to draw everything by another size now and then.
func (x *terminal) shows(t *testing.T, text string) {
	t.Helper()
	looks := 0
	await(t, "the screen to show "+text, func() bool {
		if looks++; looks%40 == 0 {
			x.to(t, x.width, x.height^1)
		}
		return strings.Contains(ansi.Strip(x.written()), text)
	}, func() string { return ansi.Strip(x.written()) })
}

// running is a Run on a terminal.
type running struct {
	*terminal
	stop  context.CancelFunc
	ended chan error
}

func runOn(t *testing.T, x *terminal, o Options) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{x, stop, make(chan error, 1)}
	done := make(chan struct{})
	o.In, o.Out, o.location = x.program, x.program, time.UTC
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	o.Environ = append(o.Environ, "TERM=xterm-256color")
	go func() {
		defer close(done)
		r.ended <- Run(ctx, o)
	}()
	t.Cleanup(func() {
		stop()
		<-done // before the terminal is closed
	})
	return r
}

func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(60 * time.Second):
		t.Fatalf("it does not end\n%s", ansi.Strip(r.written()))
		return nil
	}
}

func TestOnATerminal(t *testing.T) {
	st := quiet()
	st.Channels = append(st.Channels, adapter.ChannelStatus{ID: "evil\x1b[2J\x1b]0;owned\a", State: adapter.StateStarted})
	s := serve(t, told(t, st))
	x := openTerminal(t, 80, 24)
	before := x.settings(t)
	r := runOn(t, x, Options{URL: s.URL})
	r.shows(t, "all 2 channels run")
	r.shows(t, `evil\x1b[2J\x1b]0;ow…`)
	if x.settings(t) == before {
		t.Error("the terminal is not in raw mode: keys would wait for a return")
	}

	r.typed(t, "p")
	r.shows(t, "channel orders is paused")
	r.typed(t, "xy")
	r.shows(t, "channel orders is stopped")
	r.typed(t, "f")
	r.shows(t, "has its result")
	s.mu.Lock()
	s.refuses = `{"error":"refused","problems":[{"file":"adapter.xml","line":3,"column":5,"message":"unknown element"},{}]}`
	s.mu.Unlock()
	r.typed(t, "Ry")
	r.shows(t, "adapter.xml:3:5: unknown element (and 1 more")
	if want, got := []string{"/api/channels/orders/pause", "/api/channels/orders/stop", "/api/flush", "/api/reload"}, s.asked(); !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
	r.typed(t, "\x1b[C\t") // right, tab
	r.shows(t, "PREDICTED")

	r.forget()
	x.to(t, 150, 30)
	r.shows(t, "PACED AT") // there is room for it now

	s.send("failure", []byte(`{"at":"2026-11-24T12:00:00Z","channel":"orders","workflow":"wf","message":"7","reason":"too large","remedy":"split it"}`))
	r.typed(t, "4")
	r.shows(t, "what to do: split it")

	r.typed(t, "q")
	if err := r.end(t); err != nil {
		t.Errorf("got %v", err)
	}
	x.isAsBefore(t, before)
	if strings.Contains(r.written(), "\x1b]0;owned") || strings.Contains(r.written(), "evil\x1b") {
		t.Error("an id has steered the terminal")
	}
}

// isAsBefore checks what a shell needs: settings, screen, cursor.
func (x *terminal) isAsBefore(t *testing.T, before unix.Termios) {
	t.Helper()
	if x.settings(t) != before {
		t.Error("the terminal's settings are not as they were")
	}
	await(t, "the terminal to be given back", func() bool {
		text := x.written()
		return strings.LastIndex(text, "\x1b[?1049l") > strings.LastIndex(text, "\x1b[?1049h") && strings.LastIndex(text, "\x1b[?25h") > strings.LastIndex(text, "\x1b[?25l")
	}, func() string { return strings.ReplaceAll(x.written(), "\x1b", "␛") })
}

func TestASignalGivesTheTerminalBack(t *testing.T) {
	s := serve(t, told(t, quiet()))
	x := openTerminal(t, 80, 24)
	before := x.settings(t)
	r := runOn(t, x, Options{URL: s.URL})
	r.shows(t, "channel orders runs")
	r.stop() // as the command does on a signal
	if err := r.end(t); err != nil {
		t.Errorf("got %v", err)
	}
	x.isAsBefore(t, before)
}

func TestAPanicGivesTheTerminalBack(t *testing.T) {
	state := always(string(told(t, quiet())))
	shown := make(chan struct{})
	x := openTerminal(t, 80, 24)
	before := x.settings(t)
	r := runOn(t, x, Options{URL: "127.0.0.1:1", transport: answers{"/api/status": state, "/api/events": func(*http.Request) (*http.Response, error) {
		<-shown
		panic("on purpose")
	}}})
	r.shows(t, "channel orders runs")
	close(shown)
	if err := r.end(t); err == nil || !strings.Contains(err.Error(), "on purpose") {
		t.Errorf("got %v", err)
	}
	x.isAsBefore(t, before)
}

func TestAServerThatGoesAndComesBack(t *testing.T) {
	s := serve(t, told(t, quiet()))
	address := s.Listener.Addr().String()
	x := openTerminal(t, 120, 24)
	r := runOn(t, x, Options{URL: s.URL})
	r.shows(t, "channel orders runs")
	s.stop()
	r.shows(t, "▲ no connection")
	r.typed(t, "f")
	r.shows(t, "flushing all producers failed: nothing listens at")
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Skipf("another program has taken the port: %v", err)
	}
	st := quiet()
	st.Channels[0].ID = "returned"
	again := &server{text: told(t, st), failures: []adapter.Failure{}}
	again.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: again.handler()}}
	again.Start()
	t.Cleanup(again.stop)
	r.shows(t, "connected again after")
	r.shows(t, "returned runs")
	r.typed(t, "\x03")
	if err := r.end(t); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNoColourWhereNoneIsWanted(t *testing.T) {
	trouble, failures := troubled()
	s := serve(t, told(t, trouble))
	s.failures = failures
	for _, c := range []struct {
		name    string
		environ []string
		colour  bool
	}{{"none", []string{"NO_COLOR=1"}, false}, {"as it is", nil, true}, {"empty means nothing", []string{"NO_COLOR="}, true}} {
		t.Run(c.name, func(t *testing.T) {
			x := openTerminal(t, 80, 24)
			r := runOn(t, x, Options{URL: s.URL, Environ: c.environ})
			r.shows(t, "billing failed")
			r.typed(t, "q")
			if err := r.end(t); err != nil {
				t.Error(err)
			}
			if got := strings.Contains(r.written(), "31m"); got != c.colour {
				t.Errorf("colours: %v, want %v", got, c.colour)
			}
		})
	}
}
