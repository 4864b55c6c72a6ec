package top

import (
	"bytes"
	"context"
	"io"
	"log"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin"
)

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// source is an adapter whose state a test sets.
type source struct {
	mu   sync.Mutex // guards the fields below
	st   adapter.Status
	did  []string
	tell func(adapter.Failure)
}

func (s *source) Status() adapter.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.st
}

func (*source) Failures() []adapter.Failure { return []adapter.Failure{{At: noon, Message: "old"}} }

func (s *source) OnFailure(tell func(adapter.Failure)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell = tell
}

func (s *source) do(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, what)
	return nil
}

func (s *source) StartChannel(_ context.Context, id string) error   { return s.do("start " + id) }
func (s *source) StopChannel(_ context.Context, id string) error    { return s.do("stop " + id) }
func (s *source) RestartChannel(_ context.Context, id string) error { return s.do("restart " + id) }
func (s *source) PauseChannel(_ context.Context, id string) error   { return s.do("pause " + id) }
func (s *source) ResumeChannel(_ context.Context, id string) error  { return s.do("resume " + id) }
func (s *source) Flush(context.Context) error                       { return s.do("flush") }
func (s *source) Reload(context.Context) (adapter.Reloaded, error) {
	return adapter.Reloaded{}, s.do("reload")
}

func TestAgainstTheAdminServer(t *testing.T) {
	const token = "0123456789abcdef"
	s := &source{st: quiet()}
	s.st.Channels[0].ID = "a/b ü"
	server, err := admin.Listen(t.Context(), admin.Options{Address: "127.0.0.1:0", Token: token, Version: "v1.2.3", Document: "adapter.xml"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(context.Background())
	server.Attach(s)
	o := Options{URL: server.URL(), TokenFile: file(t, "token", token+"\n"), location: time.UTC}

	var out bytes.Buffer
	if err := Once(t.Context(), withOut(o, &out)); err != nil || !strings.Contains(out.String(), "channel a/b ü runs") {
		t.Errorf("once: %v\n%s", err, out.String())
	}
	out.Reset()
	if err := JSON(t.Context(), withOut(o, &out)); err != nil || !strings.Contains(out.String(), `"version": "v1.2.3"`) {
		t.Errorf("JSON: %v\n%s", err, out.String())
	}

	c, err := newClient(&o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	ctx, cancel := context.WithCancel(t.Context())
	messages := make(chan tea.Msg, 64)
	var running sync.WaitGroup
	running.Go(func() { (&feed{c, time.Second, func(m tea.Msg) { messages <- m }}).run(ctx) })
	defer running.Wait()
	defer cancel()
	next := func() tea.Msg {
		select {
		case m := <-messages:
			return m
		case <-time.After(60 * time.Second):
			t.Fatal("the feed tells nothing")
			return nil
		}
	}
	if all, ok := next().(failuresMsg); !ok || len(all) != 1 || all[0].Message != "old" {
		t.Errorf("failures: %+v", all)
	}
	if st, ok := next().(stateMsg); !ok || st.polled || st.snap.Channels[0].ID != "a/b ü" || len(st.snap.Connections[0].Producer.Streams[0].Shards) != 2 {
		t.Errorf("state: %+v", st)
	}
	s.mu.Lock()
	tell := s.tell
	s.mu.Unlock()
	tell(adapter.Failure{At: noon, Message: "new"})
	for {
		if f, ok := next().(failureMsg); ok {
			if f.Message != "new" {
				t.Errorf("failure: %+v", f)
			}
			break
		}
	}

	snap, err := c.status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := newModel(snap, o.URL, time.UTC, false, noon)
	m.do = func(a action) {
		if err := c.act(ctx, a.path); err != nil {
			t.Errorf("%s: %v", a.path, err)
		}
	}
	for k := range strings.FieldsSeq("p r x y f R y") {
		m.press(k)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if want := []string{"pause a/b ü", "resume a/b ü", "stop a/b ü", "flush", "reload"}; !slices.Equal(s.did, want) {
		t.Errorf("did %q, want %q", s.did, want)
	}
}
