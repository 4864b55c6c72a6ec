package kinesislocal

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newServer returns a server without a port.
func newServer(t testing.TB, opts Options) *Server {
	t.Helper()
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fakeClock is an Options.Now that stands still until it is told to go.
type fakeClock struct{ now time.Time }

func newFakeClock() *fakeClock {
	return &fakeClock{time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)}
}

func (c *fakeClock) Now() time.Time          { return c.now }
func (c *fakeClock) advance(d time.Duration) { c.now = c.now.Add(d) }

type answered struct {
	status  int
	header  http.Header
	raw     []byte
	members map[string]any
}

func (a answered) code() string {
	code, _ := a.members["__type"].(string)
	return code
}

func (a answered) message() string {
	message, _ := a.members["message"].(string)
	return message
}

// failer is a testing.TB or a rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// ask sends a JSON request to Kinesis.
func ask(t failer, s *Server, operation, body string) answered {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader([]byte(body)))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", kinesisTarget+"."+operation)
	return serve(t, s, r)
}

func serve(t failer, s *Server, r *http.Request) answered {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	a := answered{status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	if w.Body.Len() > 0 && w.Body.Bytes()[0] == '{' {
		if err := json.Unmarshal(a.raw, &a.members); err != nil {
			t.Fatalf("%s: %v", a.raw, err)
		}
	}
	return a
}

// mustAsk is ask for what must succeed.
func mustAsk(t failer, s *Server, operation, body string) map[string]any {
	t.Helper()
	a := ask(t, s, operation, body)
	if a.status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", operation, body, a.status, a.raw)
	}
	return a.members
}
