package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// stream is a client that listens to events.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	close func()
}

// event is one of them.
type event struct{ name, data string }

func follow(t *testing.T, s *Server) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d, %s", got.StatusCode, got.Header.Get("Content-Type"))
	}
	close := sync.OnceFunc(func() {
		cancel()
		got.Body.Close()
	})
	t.Cleanup(close)
	return &stream{t, bufio.NewScanner(got.Body), close}
}

// next is the next event; false when there is no more.
func (s *stream) next() (event, bool) {
	var e event
	for s.lines.Scan() {
		line := s.lines.Text()
		switch {
		case strings.HasPrefix(line, "event: "):
			e.name = line[7:]
		case strings.HasPrefix(line, "data: "):
			e.data = line[6:]
		case line == "" && e.name != "":
			return e, true
		}
	}
	return e, false
}

// until is the first event with that name and text.
func (s *stream) until(name, part string) event {
	s.t.Helper()
	for {
		e, ok := s.next()
		if !ok {
			s.t.Fatalf("no event %s with %s: %v", name, part, s.lines.Err())
		}
		if e.name == name && strings.Contains(e.data, part) {
			return e
		}
	}
}

func TestEventsComeAtOnceEachSecondAndForFailures(t *testing.T) {
	f := busy()
	s := withAdapter(t, f, nil)
	d := newSchemas(t)
	l := follow(t, s)
	first, ok := l.next()
	if !ok || first.name != "status" {
		t.Fatalf("%+v", first)
	}
	d.check(t, "/components/schemas/Status", first.data)
	f.set(func() { f.st.State = adapter.StateStopping })
	second := l.until("status", `"state":"stopping","now"`)
	if strings.Contains(first.data+second.data, "of-the-customer") {
		t.Error("events have a secret")
	}
	f.fail(f.failures[0])
	failure := l.until("failure", "orders-stream")
	d.check(t, "/components/schemas/Failure", failure.data)
	if !strings.Contains(failure.data, "throttled with ***") {
		t.Error(failure.data)
	}
	for range 2 {
		l.until("status", "")
	}
}

func TestAllWhoListenGetAll(t *testing.T) {
	f := busy()
	s := withAdapter(t, f, nil)
	var all []*stream
	for range 5 {
		all = append(all, follow(t, s))
	}
	for _, l := range all {
		l.until("status", "")
	}
	const n = 20
	for i := range n {
		f.fail(adapter.Failure{Message: fmt.Sprint(i)})
	}
	for _, l := range all {
		for i := range n {
			var got adapter.Failure
			if err := json.Unmarshal([]byte(l.until("failure", "").data), &got); err != nil || got.Message != fmt.Sprint(i) {
				t.Fatalf("message %s, want %d: %v", got.Message, i, err)
			}
		}
	}
}

// A storm of failures keeps nobody waiting who brings messages to their end, whether somebody listens or not.
func TestFailuresDoNotWaitForListeners(t *testing.T) {
	f := busy()
	s := withAdapter(t, f, nil)
	for _, listens := range []bool{false, true} {
		if listens {
			follow(t, s) // and does not read
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 100_000 {
				f.fail(f.failures[0])
			}
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatal("failures wait")
		}
	}
}

func TestListenersAreBounded(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	var all []*stream
	for range mostListeners {
		l := follow(t, s)
		l.until("status", "")
		all = append(all, l)
	}
	got := ask(t, s, "GET", "/api/events", "")
	got.wants(t, 503, "too many clients listen")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	newSchemas(t).answered(t, theDescription(t), "/api/events", "get", got)
	ask(t, s, "HEAD", "/api/events", "").wants(t, 200, "")
	// One that goes makes room.
	all[0].close()
	for ask(t, s, "HEAD", "/livez", ""); ; {
		s.events.mu.Lock()
		n := len(s.events.listeners)
		s.events.mu.Unlock()
		if n < mostListeners {
			break
		}
	}
	follow(t, s).until("status", "")
}

func TestCloseEndsEventsWithALastState(t *testing.T) {
	f := busy()
	s := withAdapter(t, f, nil)
	l := follow(t, s)
	l.until("status", "started")
	f.set(func() { f.st.State = adapter.StateStopped })
	began := time.Now()
	s.Close(t.Context())
	if took := time.Since(began); took > closeTime {
		t.Errorf("took %v", took)
	}
	l.until("status", `"state":"stopped","now"`)
	if e, more := l.next(); more {
		t.Errorf("goes on with %+v", e)
	}
	s.Close(t.Context()) // twice is fine
}

// Clients come and go, failures come, and the server ends, all at once.
func TestCloseWhileClientsComeAndGo(t *testing.T) {
	for range 5 {
		f := busy()
		s := withAdapter(t, f, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var g sync.WaitGroup
		for i := range 8 {
			g.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for ctx.Err() == nil {
					path := []string{"/api/events", "/api/status", "/metrics", "/readyz"}[i%4]
					r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+path, nil)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := client.Do(r)
					if err != nil {
						continue // the server has ended, or the test
					}
					lines := bufio.NewScanner(got.Body)
					for n := 0; n < 3 && lines.Scan(); n++ {
					}
					got.Body.Close()
				}
			})
		}
		g.Go(func() {
			for ctx.Err() == nil {
				f.fail(f.failures[0])
			}
		})
		l := follow(t, s)
		l.until("failure", "")
		s.Close(t.Context())
		f.fail(f.failures[0]) // one that comes too late disturbs nobody
		cancel()
		g.Wait()
	}
}

// A client that does not take its events is let go, and the server's end does not wait for it.
func TestCloseDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	f := busy()
	f.st.NotReady = []string{strings.Repeat("x", 8<<20)} // more than any socket takes
	s := withAdapter(t, f, nil)
	follow(t, s)
	began := time.Now()
	s.Close(t.Context())
	if took := time.Since(began); took > closeTime+5*time.Second {
		t.Errorf("took %v", took)
	}
}

// Browsers make connections in advance; the end does not wait for what might come over them.
func TestCloseDoesNotWaitForASilentConnection(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask(t, s, "GET", "/livez", "").wants(t, 200, "alive") // the other one was taken before
	began := time.Now()
	s.Close(t.Context())
	if took := time.Since(began); took >= closeTime {
		t.Errorf("took %v", took)
	}
}
