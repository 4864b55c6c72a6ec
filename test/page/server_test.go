package page

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin/history"
	"github.com/adapterd/adapterd/pkg/admin/page"
)

// policy is at least as strict as that of any server that hands the page out.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// post is one that the page has sent.
type post struct {
	Path, Intent, Body string
}

// api answers as pkg/admin does, with what a test gives it. It is safe for concurrent use.
type api struct {
	*httptest.Server
	t *testing.T

	mu        sync.Mutex        // guards the fields below
	history   *history.Recorder // of all states
	token     string
	state     adapter.Status // that each new listener gets at once
	failures  any
	failed    any
	details   map[string]any
	answers   map[string]answer
	posts     []post
	level     string
	listeners map[chan event]bool
	down      bool
	tokens    []string // that requests have borne
}

type event struct {
	name string
	body any
}

// answer is for a POST to a path; without one it is 200.
type answer struct {
	status int
	body   any
	// until, if there is one, holds the answer back until it is closed.
	until chan struct{}
}

// newAPI is one with an adapter that had these states, of which the last one is its state now.
func newAPI(t *testing.T, states ...adapter.Status) *api {
	t.Helper()
	a := &api{t: t, history: history.New(base), state: states[len(states)-1], failures: []any{}, failed: []any{}, level: "info", answers: make(map[string]answer), listeners: make(map[chan event]bool)}
	for i := range states {
		a.history.Add(&states[i])
	}
	a.Server = httptest.NewServer(a)
	t.Cleanup(func() {
		a.drop()
		a.Close()
	})
	return a
}

// drop ends all connections, and lets none in again until it is called with false.
func (a *api) drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = true
	for l := range a.listeners {
		close(l)
	}
	clear(a.listeners)
}

func (a *api) raise() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = false
}

// publish hands an event to all who listen. A state is what new listeners get, too, and has a sample.
func (a *api) publish(name string, body any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	events := []event{{name, body}}
	if st, ok := body.(adapter.Status); ok {
		a.state = st
		if s, taken := a.history.Add(&st); taken {
			events = append(events, event{"sample", s})
		}
	}
	for l := range a.listeners {
		for _, e := range events {
			l <- e
		}
	}
}

// restart has another run of the program take over, which begins at that time and knows nothing of what was before.
func (a *api) restart(since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.history = history.New(since)
}

func (a *api) sent() []post {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]post(nil), a.posts...)
}

// waitSent waits for a number of posts.
func (a *api) waitSent(n int) []post {
	a.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if posts := a.sent(); len(posts) >= n || time.Now().After(deadline) {
			if len(posts) != n {
				a.t.Fatalf("the page has sent %d requests, not %d: %+v", len(posts), n, posts)
			}
			return posts
		}
	}
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	a.mu.Lock()
	down, token := a.down, a.token
	a.tokens = append(a.tokens, r.Header.Get("Authorization"))
	a.mu.Unlock()
	if down {
		panic(http.ErrAbortHandler)
	}
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		a.file(w, r)
		return
	}
	if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
		reply(w, http.StatusUnauthorized, map[string]string{"error": "this needs a token"})
		return
	}
	if r.Method == http.MethodPost {
		a.post(w, r)
		return
	}
	a.mu.Lock()
	bodies := map[string]any{"/api/failures": a.failures, "/api/failed": a.failed, "/api/history": a.history.History(), "/api/log-level": map[string]string{"level": a.level}}
	body, known := bodies[r.URL.Path]
	if !known {
		body, known = a.details[r.URL.EscapedPath()]
	}
	a.mu.Unlock()
	switch {
	case r.URL.Path == "/api/events":
		a.events(w, r)
	case known:
		reply(w, http.StatusOK, body)
	default:
		reply(w, http.StatusNotFound, map[string]string{"error": "there is nothing at " + r.URL.Path})
	}
}

var types = map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

func (a *api) file(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	text, err := fs.ReadFile(page.Files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", types[path.Ext(name)])
	_, _ = w.Write(text)
}

func (a *api) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a.mu.Lock()
	a.posts = append(a.posts, post{r.URL.EscapedPath(), r.Header.Get("X-Adapterd"), string(body)})
	with, known := a.answers[r.URL.Path]
	a.mu.Unlock()
	if !known {
		with = answer{status: http.StatusOK, body: map[string]any{}}
		if r.URL.Path == "/api/log-level" {
			with.body = json.RawMessage(body)
		}
	}
	if with.until != nil {
		select {
		case <-with.until:
		case <-r.Context().Done():
		}
	}
	reply(w, with.status, with.body)
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (a *api) events(w http.ResponseWriter, r *http.Request) {
	l := make(chan event, 64)
	a.mu.Lock()
	state := a.state
	a.listeners[l] = true
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.listeners, l)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	send := func(e event) error {
		text, err := json.Marshal(e.body)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.name, text); err != nil {
			return err
		}
		return out.Flush()
	}
	if send(event{"status", state}) != nil {
		return
	}
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	for {
		var err error
		select {
		case e, open := <-l:
			if !open {
				panic(http.ErrAbortHandler) // as when a program dies
			}
			err = send(e)
		case <-beat.C:
			_, err = io.WriteString(w, ": still here\n\n")
			_ = out.Flush()
		case <-r.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}
