package connection

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

const ownServer = `<jetty-http-connection><port>0</port><server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair>
	<key-value-pair><key>IdleTimeout</key><value>1500</value></key-value-pair></server-connector-properties>
	<http-configuration><key-value-pair><key>RequestHeaderSize</key><value>2048</value></key-value-pair></http-configuration></jetty-http-connection>`

func get(t *testing.T, url string, header string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	if header != "" {
		r.Header.Set("X-Test", header)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

func says(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
}

func TestHTTPSettings(t *testing.T) {
	h := mustDecode[*HTTP](t, ownServer)
	if want := (httpSettings{"127.0.0.1:0", 1500 * time.Millisecond, 2048}); h.settings != want {
		t.Errorf("settings: %+v", h.settings)
	}
	h = mustDecode[*HTTP](t, `<jetty-http-connection><unique-id>u</unique-id></jetty-http-connection>`)
	if want := (httpSettings{":8080", 30 * time.Second, 8192}); h.settings != want || h.ConnectionID() != "u" {
		t.Errorf("settings: %+v", h.settings)
	}
	e := mustDecode[*EmbeddedHTTP](t, `<jetty-embedded-connection/>`)
	if want := (httpSettings{":8080", 30 * time.Second, 8192}); e.settings != want {
		t.Errorf("settings: %+v", e.settings)
	}
	for xml, want := range map[string]string{
		`<jetty-http-connection><port>65536</port></jetty-http-connection>`:  "from 0 to 65535",
		`<jetty-http-connection><security-handler/></jetty-http-connection>`: "known to Interlok, not supported here",
		`<jetty-http-connection><server-connector-properties><key-value-pair><key>IdleTimeout</key><value>soon</value></key-value-pair></server-connector-properties></jetty-http-connection>`:  `has IdleTimeout="soon"; it takes a whole number`,
		`<jetty-http-connection><server-connector-properties><key-value-pair><key>AcceptQueueSize</key><value>1</value></key-value-pair></server-connector-properties></jetty-http-connection>`: "AcceptQueueSize, which is accepted, without effect",
		`<jetty-http-connection><http-configuration><key-value-pair><key>RequestHeaderSize</key><value>0</value></key-value-pair></http-configuration></jetty-http-connection>`:                 "at least 1",
		`<jetty-http-connection><http-configuration><key-value-pair><key>SendDateHeader</key><value>true</value></key-value-pair></http-configuration></jetty-http-connection>`:                 "SendDateHeader, which is accepted, without effect",
	} {
		if _, problems := decode[*HTTP](t, xml); !strings.Contains(problems, want) {
			t.Errorf("%s: %s", xml, problems)
		}
	}
}

func TestHTTPServesItsRoutes(t *testing.T) {
	h := mustDecode[*HTTP](t, ownServer)
	if h.Address() != "" {
		t.Error("listens before the start")
	}
	if err := errors.Join(h.Init(t.Context()), h.Stop(t.Context()), h.Start(t.Context()), h.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	url := "http://" + h.Address()
	if _, err := h.Route("no-slash", says("x")); err == nil || !strings.Contains(err.Error(), "write /no-slash") {
		t.Errorf("error: %v", err)
	}
	removeA, err := h.Route("/a", says("a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Route("/a", says("b")); err == nil {
		t.Error("a second consumer of a path")
	}
	if _, err := h.Route("/a/*", says("below a")); err != nil {
		t.Error(err)
	}
	if _, err := h.Route("/*", says("everything else")); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{"/a": "a", "/a/": "below a", "/a/b/c": "below a", "/ab": "everything else", "/": "everything else"} {
		if status, text := get(t, url+path, ""); status != 200 || text != want {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	removeA()
	if status, _ := get(t, url+"/a", ""); status != 503 {
		t.Errorf("a path whose consumer is gone: %d", status)
	}
	if _, err := h.Route("/a", says("again")); err != nil {
		t.Error(err)
	}
	if status, text := get(t, url+"/a", ""); status != 200 || text != "again" {
		t.Errorf("/a: %d %s", status, text)
	}
	if status, _ := get(t, url+"/a", strings.Repeat("x", 10_000)); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %d", status)
	}
	if err := errors.Join(h.Stop(t.Context()), h.Stop(t.Context())); err != nil {
		t.Error(err)
	}
	if status, _ := get(t, url+"/a", ""); status != 0 {
		t.Errorf("after the stop: %d", status)
	}
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text := get(t, "http://"+h.Address()+"/a", ""); status != 200 {
		t.Errorf("after the restart: %d %s", status, text)
	}
	if err := h.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestHTTPStopOutOfTimeCutsConnections(t *testing.T) {
	h := mustDecode[*HTTP](t, ownServer)
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	inside := make(chan struct{})
	if _, err := h.Route("/slow", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(inside)
		<-r.Context().Done()
	})); err != nil {
		t.Fatal(err)
	}
	answered := make(chan int)
	url := "http://" + h.Address()
	go func() {
		status, _ := get(t, url+"/slow", "")
		answered <- status
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := h.Stop(ctx); err == nil || !strings.Contains(err.Error(), "HTTP requests were still being answered") {
		t.Errorf("stop: %v", err)
	}
	if status := <-answered; status != 0 {
		t.Errorf("status %d", status)
	}
}

// Who stops without time tells waiting clients so, and these answers get through.
func TestHTTPStopWithoutTimeLetsAnswersThrough(t *testing.T) {
	h := mustDecode[*HTTP](t, ownServer)
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	inside, let := make(chan struct{}), make(chan struct{})
	if _, err := h.Route("/slow", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		<-let
		_, _ = io.WriteString(w, "in time")
	})); err != nil {
		t.Fatal(err)
	}
	address := h.Address()
	answered := make(chan string)
	go func() {
		_, text := get(t, "http://"+address+"/slow", "")
		answered <- text
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stopped := make(chan error)
	go func() { stopped <- h.Stop(ctx) }()
	for { // until it listens no more
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		c.Close()
	}
	close(let)
	if text := <-answered; text != "in time" {
		t.Errorf("answer: %s", text)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestEmbeddedServerEndsWithItsLastUser(t *testing.T) {
	var all []*EmbeddedHTTP
	for range 2 {
		h := mustDecode[*EmbeddedHTTP](t, `<jetty-embedded-connection/>`)
		h.settings.address = "127.0.0.1:0"
		all = append(all, h)
	}
	for _, h := range all {
		if err := errors.Join(h.Init(t.Context()), h.Stop(t.Context()), h.Start(t.Context()), h.Start(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	address := all[0].Address()
	if address == "" || all[1].Address() != address {
		t.Fatalf("%q and %q", address, all[1].Address())
	}
	remove, err := all[0].Route("/x", says("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all[1].Route("/x", says("y")); err == nil {
		t.Error("a second consumer of a path")
	}
	if err := errors.Join(all[0].Stop(t.Context()), all[0].Stop(t.Context())); err != nil {
		t.Error(err)
	}
	if status, text := get(t, "http://"+address+"/x", ""); status != 200 || text != "x" || all[0].Address() != "" {
		t.Errorf("%d %s", status, text)
	}
	remove()
	if err := all[1].Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if status, _ := get(t, "http://"+address+"/x", ""); status != 0 {
		t.Errorf("after the last stop: %d", status)
	}
}

func TestPortOfAnotherIsAnErrorBeforeTheStart(t *testing.T) {
	h := mustDecode[*HTTP](t, ownServer)
	if err := h.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := mustDecode[*EmbeddedHTTP](t, `<jetty-embedded-connection/>`)
	e.settings.address = h.Address()
	if err := e.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "give it another port") {
		t.Errorf("error: %v", err)
	}
	if err := errors.Join(e.Stop(t.Context()), h.Stop(t.Context()), e.Start(t.Context()), e.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}

var (
	_ component.Lifecycle = (*HTTP)(nil)
	_ component.Lifecycle = (*EmbeddedHTTP)(nil)
)
