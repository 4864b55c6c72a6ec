package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
)

func TestActionsReachTheAdapter(t *testing.T) {
	for _, c := range []struct{ path, did, want string }{
		{"/api/channels/orders/start", "start orders", `{"id":"orders"`},
		{"/api/channels/orders/stop", "stop orders", `{"id":"orders"`},
		{"/api/channels/orders/restart", "restart orders", `{"id":"orders"`},
		{"/api/channels/orders/pause", "pause orders", `{"id":"orders"`},
		{"/api/channels/orders/resume", "resume orders", `{"id":"orders"`},
		{"/api/channels/a%2Fb%20%C3%BC/stop", "stop a/b ü", `{"id":"a/b ü"`},
		{"/api/flush", "flush", `{"flushed":true}`},
		{"/api/reload", "reload", `"at":"2026`},
		{"/reload", "reload", `"at":"2026`},
	} {
		t.Run(c.did, func(t *testing.T) {
			f := busy()
			s := withAdapter(t, f, nil)
			ask(t, s, "POST", c.path, "").wants(t, 200, c.want)
			if !slices.Equal(f.did, []string{c.did}) {
				t.Errorf("did %q", f.did)
			}
			for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
				ask(t, s, method, c.path, "").wants(t, 405, "")
			}
			if len(f.did) != 1 {
				t.Errorf("did %q", f.did)
			}
		})
	}
}

func TestActionsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, path, body string
		fails            error
		want             int
		says             string
	}{
		{"no channel", "/api/channels/nope/stop", "", nil, 404, "there is no channel nope"},
		{"no action", "/api/channels/orders/delete", "", nil, 404, "there are start, stop, restart, pause and resume"},
		{"against the state", "/api/channels/orders/pause", "", errors.New("channel orders is stopped; start it"), 409, "channel orders is stopped; start it"},
		{"with a secret", "/api/channels/orders/start", "", errors.New("login as " + secret + " failed"), 409, "login as *** failed"},
		{"flush fails", "/api/flush", "", errors.New("no network"), 409, "no network"},
		{"a body", "/api/flush", "[1]", nil, 400, "this takes no body"},
		{"a very long name", "/api/channels/" + strings.Repeat("x", 5000) + "/stop", "", nil, 404, strings.Repeat("x", 100) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := busy()
			f.fails = c.fails
			ask(t, withAdapter(t, f, nil), "POST", c.path, c.body).wants(t, c.want, c.says)
		})
	}
}

func TestReloadTellsPositions(t *testing.T) {
	f := busy()
	f.fails = adapter.ErrRefused
	f.reloaded.Problems = document.Problems{problem(31, "<straem> is unknown; did you mean <stream>?"), {Severity: document.SeverityWarning, Code: "w", Message: "with " + secret}}
	s := withAdapter(t, f, nil)
	got := ask(t, s, "POST", "/api/reload", "")
	got.wants(t, 422, "everything goes on as it was")
	body := read[ReloadRefused](t, got)
	want := []Problem{{"error", "unknown-element", "adapter.xml", 31, 5, "<straem> is unknown; did you mean <stream>?"}, {"warning", "w", "", 0, 0, "with ***"}}
	if !slices.Equal(body.Problems, want) {
		t.Errorf("%+v", body.Problems)
	}

	f.set(func() {
		f.fails, f.reloaded.Problems = errors.New("port 80 is in use, so what was there runs again"), nil
	})
	got = ask(t, s, "POST", "/api/reload", "")
	got.wants(t, 409, `"problems":[]`)

	f.set(func() {
		f.fails = nil // LastReload is of another one, which somebody else asked for
		f.reloaded = adapter.Reloaded{Replaced: []string{"a"}, Started: []string{"b"}, Stopped: []string{"c"}, Kept: []string{"d"}}
	})
	got = ask(t, s, "POST", "/api/reload", "")
	got.wants(t, 200, `"started":["a","b"],"stopped":["a","c"],"replaced":["a"],"kept":["d"],"shared":[]}`)
	if read[adapter.ReloadStatus](t, got).At.IsZero() {
		t.Error("it was at no time")
	}
}

// What the program's context carries, such as its log, is there in actions.
func TestActionsGetWhatTheContextCarries(t *testing.T) {
	type key struct{}
	ctx, end := context.WithCancel(context.WithValue(t.Context(), key{}, "it"))
	f := busy()
	f.during = func(ctx context.Context) error {
		if ctx.Value(key{}) != "it" || ctx.Err() != nil {
			t.Errorf("%v, %v", ctx.Value(key{}), ctx.Err())
		}
		return nil
	}
	s, err := Listen(ctx, Options{Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	s.Attach(f)
	end()
	ask(t, s, "POST", "/api/flush", "").wants(t, 200, "true")
}

// An operator who goes away does not have a channel's messages given back.
func TestAnActionGoesOnWithoutItsClient(t *testing.T) {
	f := busy()
	begun, let, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	f.during = func(ctx context.Context) error {
		close(begun)
		select {
		case <-let:
		case <-ctx.Done():
		}
		ended <- ctx.Err()
		return nil
	}
	s := withAdapter(t, f, nil)
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", s.URL()+"/api/channels/orders/stop", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(intentHeader, intent)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if got, err := http.DefaultClient.Do(r); err == nil {
			got.Body.Close()
			t.Error("answered")
		}
	}()
	<-begun
	leave()
	<-gone
	close(let)
	if err := <-ended; err != nil {
		t.Errorf("cut short: %v", err)
	}
}

func TestActionsHaveALimit(t *testing.T) {
	f := busy()
	f.during = func(ctx context.Context) error {
		<-ctx.Done()
		return fmt.Errorf("4 messages were given back: %w", ctx.Err())
	}
	s := withAdapter(t, f, func(o *Options) { o.ActionLimit = 10 * time.Millisecond })
	ask(t, s, "POST", "/api/channels/orders/stop", "").wants(t, 504, "took longer than 10ms, and was cut short: 4 messages were given back")
}

// What runs when the program begins to stop goes on until the stop has no time left. Nothing new begins.
func TestStopping(t *testing.T) {
	f := busy()
	begun := f.hangs()
	s := withAdapter(t, f, nil)
	var g sync.WaitGroup
	g.Go(func() {
		ask(t, s, "POST", "/api/channels/orders/restart", "").wants(t, 503, "the program is stopping, which cut the action short")
	})
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	s.Stopping(ctx)
	ask(t, s, "POST", "/api/flush", "").wants(t, 503, "takes no action any more")
	ask(t, s, "GET", "/readyz", "").wants(t, 503, "the program is stopping")
	ask(t, s, "GET", "/livez", "").wants(t, 200, "alive")
	ask(t, s, "GET", "/api/status", "").wants(t, 200, "orders")
	if s.acting.Err() != nil {
		t.Error("cut short before the stop has no time left")
	}
	cancel()
	g.Wait()
}

// A reload ends as soon as the program begins to stop. That is no conflict.
func TestStoppingEndsAReload(t *testing.T) {
	f := busy()
	begun, let := make(chan struct{}), make(chan struct{})
	f.during = func(context.Context) error {
		close(begun)
		<-let
		return context.Canceled
	}
	s := withAdapter(t, f, nil)
	var g sync.WaitGroup
	g.Go(func() {
		ask(t, s, "POST", "/api/reload", "").wants(t, 503, "the program is stopping, which cut the action short")
	})
	<-begun
	s.Stopping(t.Context())
	close(let)
	g.Wait()
}

func TestCloseCutsActionsShort(t *testing.T) {
	f := busy()
	begun := f.hangs()
	s := withAdapter(t, f, nil)
	var g sync.WaitGroup
	g.Go(func() { ask(t, s, "POST", "/api/flush", "").wants(t, 503, "cut the action short") })
	<-begun
	s.Close(t.Context())
	g.Wait()
}

func TestActionsAtATimeAreBounded(t *testing.T) {
	f := busy()
	begun, let := make(chan struct{}), make(chan struct{})
	f.during = func(context.Context) error {
		begun <- struct{}{}
		<-let
		return nil
	}
	s := withAdapter(t, f, nil)
	var g sync.WaitGroup
	for range mostActions {
		g.Go(func() { ask(t, s, "POST", "/api/flush", "").wants(t, 200, "true") })
	}
	for range mostActions {
		<-begun
	}
	ask(t, s, "POST", "/api/flush", "").wants(t, 503, "too many actions are under way")
	close(let)
	g.Wait()
}

// Before the adapter is there the server is alive, says why it is not ready, and takes no action.
func TestBeforeTheAdapterIsThere(t *testing.T) {
	s := listen(t, nil)
	ask(t, s, "GET", "/livez", "").wants(t, 200, `{"status":"alive","state":"starting","reasons":[]}`)
	ask(t, s, "GET", "/readyz", "").wants(t, 503, `{"status":"not ready","state":"starting","reasons":["the document is being read"]}`)
	st := read[adapter.Status](t, ask(t, s, "GET", "/api/status", ""))
	if st.Version != "v1.2.3" || st.Document != "adapter.xml" || st.State != adapter.StateStarting || st.Now.IsZero() {
		t.Errorf("%+v", st)
	}
	for _, path := range []string{"/api/flush", "/api/reload", "/api/channels/orders/stop"} {
		if got := ask(t, s, "POST", path, ""); got.StatusCode != 503 || got.Header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	ask(t, s, "GET", "/api/channels/orders", "").wants(t, 404, "")
	ask(t, s, "GET", "/metrics", "").wants(t, 200, `adapterd_state{state="starting"} 1`)
	f := busy()
	s.Attach(f)
	s.Attach(busy()) // only the first counts
	ask(t, s, "GET", "/readyz", "").wants(t, 200, `{"status":"ready","state":"started","reasons":[]}`)
	f.set(func() { f.st.Ready, f.st.NotReady = false, []string{"channel orders: stopped"} })
	for _, path := range []string{"/readyz", "/workflow-health-check", "/workflow-health-check/ready"} {
		ask(t, s, "GET", path, "").wants(t, 503, "channel orders: stopped")
	}
	ask(t, s, "GET", "/workflow-health-check/alive", "").wants(t, 200, "alive")
	f.set(func() { f.st.NotReady = nil })
	ask(t, s, "GET", "/readyz", "").wants(t, 503, "the adapter is started")
}

func TestActionsAndRefusalsAreLogged(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	f := busy()
	s := withAdapter(t, f, func(o *Options) { o.Token, o.Log = token, zap.New(core) })
	auth := "Authorization: Bearer " + token
	ask(t, s, "POST", "/api/channels/orders/stop", "", auth).wants(t, 200, "")
	ask(t, s, "POST", "/api/channels/none/stop", "", auth).wants(t, 404, "")
	ask(t, s, "POST", "/api/log-level", `{"level":"error"}`, auth).wants(t, 200, `{"level":"error"}`)
	for range 50 {
		ask(t, s, "GET", "/api/status", "", "Authorization: Bearer guess-number-one").wants(t, 401, "")
	}
	var said []string
	for _, e := range logs.All() {
		said = append(said, fmt.Sprint(e.Message, e.ContextMap()))
	}
	text := strings.Join(said, "\n")
	for _, want := range []string{"an operator's action is done", "/api/channels/orders/stop", "an operator's action is refused", "an operator changes the log level", "bears no token, or a wrong one"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "refuses a request"); n > 4 {
		t.Errorf("%d refusals are logged", n)
	}
	if strings.Contains(text, token) || strings.Contains(text, "guess-number-one") {
		t.Errorf("a token is logged\n%s", text)
	}
}
