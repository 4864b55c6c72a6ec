package adapter_test

import (
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/document"
)

// surroundings are the variables that stand for what only the test knows.
type surroundings struct {
	set         []string
	environment document.Environment
	ports       map[string]string
	upstream    *upstream
}

func (w *wholeDocument) surroundings(t *testing.T) *surroundings {
	t.Helper()
	e := &surroundings{environment: document.HostEnvironment(), ports: make(map[string]string)}
	maps.Copy(e.environment.Variables, w.Env)
	e.environment.SystemProperties["jetty.http.host"] = "127.0.0.1"
	for _, name := range w.Ports {
		e.ports[name] = unusedPort(t)
		e.set = append(e.set, name+"="+e.ports[name])
		e.environment.SystemProperties[name] = e.ports[name]
	}
	if w.Upstream != nil {
		e.upstream = newUpstream(t, w.Upstream)
		e.set = append(e.set, "upstream.url="+e.upstream.URL)
		e.environment.Variables["UPSTREAM_URL"] = e.upstream.URL
	}
	return e
}

// unusedPort is one that was free a moment ago.
func unusedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (e *surroundings) send(t *testing.T, r httpRequest) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.Method, "http://127.0.0.1:"+e.ports[r.Port]+r.Path, strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range r.Headers {
		request.Header.Set(k, v)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != r.Status || r.Answer != nil && string(body) != *r.Answer {
		t.Errorf("%s %s is answered %d %q, want %d", r.Method, r.Path, answer.StatusCode, body, r.Status)
	}
	for k, v := range r.Answers {
		if answer.Header.Get(k) != v {
			t.Errorf("%s %s is answered with %s %q, want %q", r.Method, r.Path, k, answer.Header.Get(k), v)
		}
	}
}

// upstream is an HTTP server that the document sends to. The last of its replies for a path is given over and over.
type upstream struct {
	*httptest.Server
	replies map[string][]httpReply

	// mu guards sent.
	mu   sync.Mutex
	sent map[string][]arrival
}

func newUpstream(t *testing.T, replies map[string][]httpReply) *upstream {
	u := &upstream{replies: replies, sent: make(map[string][]arrival)}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	u.mu.Lock()
	replies := u.replies[r.URL.Path]
	n := len(u.sent[r.URL.Path])
	u.sent[r.URL.Path] = append(u.sent[r.URL.Path], arrival{r.URL.Path, r.Method + " " + r.Header.Get("Content-Type"), string(body)})
	u.mu.Unlock()
	if len(replies) == 0 {
		http.NotFound(w, r)
		return
	}
	reply := replies[min(n, len(replies)-1)]
	w.WriteHeader(reply.Status)
	_, _ = io.WriteString(w, reply.Body) // whoever asked may be gone
}
