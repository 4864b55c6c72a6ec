package consumer

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

// router is what a connection is to the consumer.
type router struct {
	mu     sync.Mutex
	routes map[string]http.Handler
}

func (*router) ConnectionID() string { return "" }

func (r *router) Route(path string, h http.Handler) (func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.routes[path] != nil {
		return nil, errors.New("taken")
	}
	r.routes[path] = h
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.routes, path)
	}, nil
}

func (r *router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	h := r.routes[req.URL.Path]
	r.mu.Unlock()
	if h == nil {
		http.NotFound(w, req)
		return
	}
	h.ServeHTTP(w, req)
}

// httpConsumer starts a consumer of /in on a server of its own.
func httpConsumer(t *testing.T, fields string, handle component.Handler) (*HTTP, *httptest.Server) {
	t.Helper()
	h := decode[*HTTP](t, `<jetty-message-consumer><path>/in</path>`+fields+`</jetty-message-consumer>`)
	r := &router{routes: map[string]http.Handler{}}
	if err := h.Connect(r); err != nil {
		t.Fatal(err)
	}
	start(t, h, handle)
	s := httptest.NewServer(r)
	t.Cleanup(func() {
		stop(t, h)
		s.Close()
	})
	return h, s
}

func do(t *testing.T, s *httptest.Server, method, path, body string, headers ...string) (status int, answer string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

func TestRequestIsAnsweredWithTheOutcome(t *testing.T) {
	for _, c := range []struct {
		name    string
		outcome error
		status  int
		answer  string
	}{
		{"delivered", nil, 200, ""},
		{"failed", errors.New("no such stream"), 500, "failed: no such stream"},
		{"given back", fmt.Errorf("too late: %w", component.ErrStopped), 503, "send the request again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := taker{at: func(o offer) { go o.done(c.outcome) }}
			_, s := httpConsumer(t, "", k.handle)
			status, answer, header := do(t, s, "POST", "/in?a=1&b=2", "body")
			if status != c.status || !strings.Contains(answer, c.answer) || (c.status == 503) != (header.Get("Retry-After") != "") {
				t.Errorf("%d %q %v", status, answer, header)
			}
			offers := k.take()
			if len(offers) != 1 || string(offers[0].m.Payload()) != "body" {
				t.Fatalf("messages: %v", payloads(offers))
			}
			if c.status == 500 && !strings.Contains(answer, offers[0].m.ID()) {
				t.Errorf("the answer does not name the message: %q", answer)
			}
			got := map[string]string{}
			for _, key := range offers[0].m.MetadataKeys() {
				got[key] = offers[0].metadata(key)
			}
			want := map[string]string{"jettyURI": "/in", "jettyURL": s.URL + "/in", "jettyQueryString": "a=1&b=2", "httpmethod": "POST"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	for _, c := range []struct {
		fields string
		status map[string]int
	}{
		{"", map[string]int{"GET": 200, "POST": 200, "PUT": 200, "DELETE": 200, "PATCH": 200, "HEAD": 200}},
		{"<methods>post, PUT ,</methods>", map[string]int{"GET": 405, "POST": 200, "PUT": 200, "DELETE": 405}},
	} {
		k := taker{at: func(o offer) { o.done(nil) }}
		_, s := httpConsumer(t, c.fields, k.handle)
		for method, want := range c.status {
			status, _, header := do(t, s, method, "/in", "")
			if status != want || want == 405 && header.Get("Allow") != "POST, PUT" {
				t.Errorf("%q %s: %d %v", c.fields, method, status, header)
			}
			for _, o := range k.take() {
				if o.metadata("httpmethod") != method || want == 405 {
					t.Errorf("%s came as %s", method, o.metadata("httpmethod"))
				}
			}
		}
	}
}

func TestCharset(t *testing.T) {
	for _, c := range []struct {
		fields, contentType string
		status              int
		encoding            string
	}{
		{"", "", 200, ""},
		{"", "text/plain", 200, ""},
		{"", "text/plain; charset=ISO-8859-1", 200, "ISO-8859-1"},
		{"", `text/plain; charset="utf-8"`, 200, "utf-8"},
		{"", "text/plain; charset=klingon", 415, ""},
		{"", "not a type at all;;;", 200, ""},
		{"<check-charset>false</check-charset>", "text/plain; charset=klingon", 200, "klingon"},
	} {
		k := taker{at: func(o offer) { o.done(nil) }}
		_, s := httpConsumer(t, c.fields, k.handle)
		status, answer, _ := do(t, s, "POST", "/in", "b\xe9", "Content-Type: "+c.contentType)
		if status != c.status || c.status == 415 && !strings.Contains(answer, "klingon") {
			t.Errorf("%s: %d %s", c.contentType, status, answer)
		}
		for _, o := range k.take() {
			if o.m.Encoding() != c.encoding || string(o.m.Payload()) != "b\xe9" {
				t.Errorf("%s: encoding %q, payload %q", c.contentType, o.m.Encoding(), o.m.Payload())
			}
		}
	}
}

func TestHeadersAndParametersAsMetadata(t *testing.T) {
	k := taker{at: func(o offer) { o.done(nil) }}
	_, s := httpConsumer(t, `<header-handler class="jetty-http-headers-as-metadata"><header-prefix>h_</header-prefix></header-handler>
		<parameter-handler class="jetty-http-parameters-as-metadata"><parameter-prefix>p_</parameter-prefix></parameter-handler>`, k.handle)
	status, _, _ := do(t, s, "POST", "/in?a=1&a=2&b=x%20y", "c=3&b=form", "Content-Type: application/x-www-form-urlencoded", "X-Many: one", "X-Many: two")
	if status != 200 {
		t.Errorf("status %d", status)
	}
	o := k.take()[0]
	for key, want := range map[string]string{
		"h_X-Many": "two", "h_Content-Type": "application/x-www-form-urlencoded", "h_Host": strings.TrimPrefix(s.URL, "http://"),
		"p_a": "2", "p_b": "form", "p_c": "3",
	} {
		if got := o.metadata(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if string(o.m.Payload()) != "c=3&b=form" {
		t.Errorf("payload %q", o.m.Payload())
	}
	if status, answer, _ := do(t, s, "GET", "/in?a=%zz", ""); status != 400 || !strings.Contains(answer, "parameters can not be read") {
		t.Errorf("%d %s", status, answer)
	}

	_, s = httpConsumer(t, "", k.handle)
	do(t, s, "POST", "/in?a=1", "c=3", "Content-Type: application/x-www-form-urlencoded", "X-Many: one")
	o = k.take()[0]
	if diff := cmp.Diff([]string{"httpmethod", "jettyQueryString", "jettyURI", "jettyURL"}, o.m.MetadataKeys()); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}
}

func TestTwoConsumersOfOnePathAreFoundBeforeAnythingIsConsumed(t *testing.T) {
	r := &router{routes: map[string]http.Handler{}}
	var all []*HTTP
	for range 2 {
		h := decode[*HTTP](t, `<jetty-message-consumer><path>/in</path></jetty-message-consumer>`)
		if err := h.Connect(r); err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	if err := all[0].Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := all[1].Init(t.Context()); err == nil {
		t.Error("no error")
	}
	stop(t, all[1])
	stop(t, all[0])
	if len(r.routes) > 0 {
		t.Errorf("routes are left: %v", r.routes)
	}
}

func TestHTTPDecodesAllFields(t *testing.T) {
	h := decode[*HTTP](t, `<jetty-message-consumer><unique-id>u</unique-id><path>/a/*</path><methods>GET</methods>
		<header-handler class="com.adaptris.core.http.jetty.MetadataHeaderHandler"/><parameter-handler class="jetty-http-ignore-parameters"/>
		<timeout-action class="jetty-http-timeout-action"><max-wait-time><unit>SECONDS</unit><interval>3</interval></max-wait-time><status>NO_CONTENT_204</status></timeout-action>
		<warn-after><unit>SECONDS</unit><interval>2</interval></warn-after><check-charset>false</check-charset>
		<additional-debug>true</additional-debug><send-processing-interval/><encoder class="x"/><is-tracking-endpoint>true</is-tracking-endpoint><message-factory class="x"/>
	</jetty-message-consumer>`)
	got := fmt.Sprint(h.UniqueID, h.Path, h.methods, component.AliasOf(h.Headers), component.AliasOf(h.Parameters), h.Timeout.MaxWait.Duration, h.Timeout.status, h.WarnAfter.Duration, h.Charset)
	want := fmt.Sprint("u", "/a/*", []string{"GET"}, "jetty-http-headers-as-metadata", "jetty-http-ignore-parameters", 3*time.Second, 204, 2*time.Second, false)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for fields, want := range map[string]string{
		"":                "has no <path>",
		"<path>in</path>": `is "in"; it must begin with /`,
		"<path> </path>":  "is blank",
		"<path>/x</path><timeout-action><status>ACCEPTED</status></timeout-action>":      "write a status as Interlok does, such as ACCEPTED_202",
		"<path>/x</path><timeout-action><status>CONTINUE_100</status></timeout-action>":  "write a status as Interlok does",
		"<path>/x</path><timeout-action><status>ACCEPTED_20x2</status></timeout-action>": "write a status as Interlok does",
	} {
		if _, problems := decodeAny[*HTTP](t, "<jetty-message-consumer>"+fields+"</jetty-message-consumer>"); !strings.Contains(problems, want) {
			t.Errorf("%s: %s", fields, problems)
		}
	}
}

func TestConnectNamesTheConnectionsThatWouldDo(t *testing.T) {
	h := decode[*HTTP](t, `<jetty-message-consumer><path>/in</path></jetty-message-consumer>`)
	if err := h.Connect(noRouter{}); err == nil || !strings.Contains(err.Error(), "needs a jetty-http-connection or jetty-embedded-connection") {
		t.Errorf("error: %v", err)
	}
}

type noRouter struct{}

func (noRouter) ConnectionID() string { return "" }
