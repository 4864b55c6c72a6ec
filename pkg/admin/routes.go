package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// needs says what a route asks of a client beyond what all do.
type needs int

const (
	needsAll         needs = iota // token and certificate
	needsCertificate              // the page's files and the description of the API: they say nothing of this adapter, and a browser can not bear a token when it asks for them
	needsNothing                  // probes: what they answer says no more than that to those without a token
)

// route is one path with its methods. HEAD comes with GET, OPTIONS with all.
type route struct {
	path  string // as http.ServeMux has it; the same in openapi.json but for "{$}"
	needs needs
	get   http.HandlerFunc
	post  http.HandlerFunc
}

func (r *route) allow() string {
	allowed := []string{http.MethodOptions}
	if r.get != nil {
		allowed = append(allowed, http.MethodGet, http.MethodHead)
	}
	if r.post != nil {
		allowed = append(allowed, http.MethodPost)
	}
	slices.Sort(allowed)
	return strings.Join(allowed, ", ")
}

// table has every path that the server knows.
func (s *Server) table() []*route {
	read := func(path string, f func(*http.Request) (any, error)) *route {
		return &route{path: path, get: s.json(f)}
	}
	act := func(path string, f action) *route { return &route{path: path, post: s.action(f)} }
	open := func(path string, f http.HandlerFunc) *route {
		return &route{path: path, needs: needsCertificate, get: f}
	}
	probe := func(path string, f http.HandlerFunc) *route { return &route{path: path, needs: needsNothing, get: f} }
	return []*route{
		open("/{$}", s.index), open("/static/{path...}", s.static), open("/openapi.json", s.openapi),
		probe("/livez", s.live), probe("/readyz", s.ready),
		probe("/workflow-health-check", s.ready), probe("/workflow-health-check/alive", s.live), probe("/workflow-health-check/ready", s.ready),
		{path: "/metrics", get: s.metrics.ServeHTTP},
		read("/api/status", s.getStatus), read("/api/history", s.getHistory), {path: "/api/events", get: s.events.ServeHTTP},
		read("/api/channels", s.getChannels), read("/api/channels/{id}", s.getChannel), act("/api/channels/{id}/{action}", s.postChannel),
		read("/api/streams", s.getStreams), read("/api/failures", s.getFailures),
		act("/api/flush", s.postFlush), act("/api/reload", s.postReload), act("/reload", s.postReload),
		{path: "/api/log-level", get: s.json(s.getLogLevel), post: s.json(s.postLogLevel)},
		read("/api/failed", s.getFailedList), read("/api/failed/{dir}/{name}", s.getFailed), act("/api/failed/{dir}/{name}/{action}", s.postFailed),
	}
}

func (s *Server) routing() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range s.table() {
		mux.HandleFunc(r.path, func(w http.ResponseWriter, q *http.Request) { s.dispatch(w, q, r) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		s.fail(w, refuse(http.StatusNotFound, "there is nothing at "+short(q.URL.Path)+"; /openapi.json tells what there is"))
	})
	return mux
}

// probing says whether a path is one of the probes, which are counted by themselves.
func probing(path string) bool {
	return path == "/livez" || path == "/readyz" || strings.HasPrefix(path, "/workflow-health-check")
}

// ServeHTTP decides whether the request comes from where it may; dispatch, whether it may have what it asks for.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	switch {
	case !s.guard.called(r.Host):
		s.refused(r, "it calls the server "+short(r.Host))
		s.fail(w, refuse(http.StatusMisdirectedRequest, "this server is not called "+short(r.Host)+"; call it by the address that it listens on, or name that host when it is started"))
		return
	case s.guard.foreign(r):
		s.refused(r, "a page of another site sent it")
		s.fail(w, refuse(http.StatusForbidden, "a browser sends this from a page of another site, which may not ask anything here"))
		return
	}
	if wait := s.limits.wait(r.RemoteAddr, probing(r.URL.Path)); wait > 0 {
		s.refused(r, "there are too many")
		s.fail(w, &refusal{status: http.StatusTooManyRequests, text: "too many requests; wait as long as Retry-After says", retryAfter: wait})
		return
	}
	s.routes.ServeHTTP(w, r)
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, to *route) {
	handle := to.get
	switch {
	case to.needs != needsNothing && !s.guard.certified(r):
		s.refused(r, "it comes without a client certificate")
		s.fail(w, refuse(http.StatusForbidden, "this needs a client certificate by one of the CAs that the server was given"))
		return
	case to.needs == needsAll && !s.guard.bears(r):
		s.refused(r, "it bears no token, or a wrong one")
		w.Header().Set("WWW-Authenticate", `Bearer realm="adapterd"`)
		s.fail(w, refuse(http.StatusUnauthorized, "this needs the header Authorization: Bearer with the token that the server was started with"))
		return
	}
	w.Header().Set("Allow", to.allow())
	switch {
	case r.Method == http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPost && to.post != nil:
		handle = to.post
		if !intended(r) {
			s.refused(r, "it lacks the header "+intentHeader)
			s.fail(w, refuse(http.StatusForbidden, "a POST needs the header "+intentHeader+": "+intent+", which keeps pages of other sites from sending it"))
			return
		}
	case to.get == nil || r.Method != http.MethodGet && r.Method != http.MethodHead:
		s.fail(w, refuse(http.StatusMethodNotAllowed, short(r.Method)+" is not for "+short(r.URL.Path)+"; "+to.allow()+" are"))
		return
	}
	w.Header().Del("Allow")
	body, err := takeBody(w, r)
	if err != nil {
		s.fail(w, err)
		return
	}
	r.Body = body
	// The time that a request may take has been kept. It would go on to run, and end what takes longer to answer.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // every connection of net/http can
	handle(w, r)
}

// secure sets what every answer has.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "+
		"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// short is what a client sent, for a message.
func short(s string) string {
	if len(s) > 100 {
		s = s[:100] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}
