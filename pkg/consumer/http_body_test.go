package consumer

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"
)

// opaque hides the length of a body, so that it comes in chunks.
type opaque struct{ io.Reader }

func TestBodiesAreBounded(t *testing.T) {
	got := make(chan offer, 10)
	h, s := httpConsumer(t, "", (&taker{at: func(o offer) { got <- o }}).handle)
	h.bodies.each, h.bodies.all = 100_000, 250_000
	post := func(body io.Reader) (int, error) {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/in", body)
		if err != nil {
			return 0, err
		}
		response, err := s.Client().Do(r)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return response.StatusCode, err
	}
	large := bytes.Repeat([]byte("x"), 100_001)
	for name, body := range map[string]io.Reader{"known length": bytes.NewReader(large), "chunks": opaque{bytes.NewReader(large)}} {
		if status, err := post(body); status != 413 {
			t.Errorf("%s: %d %v", name, status, err)
		}
	}
	if h.bodies.held != 0 {
		t.Errorf("refused bodies hold %d bytes", h.bodies.held)
	}
	// The largest bodies that are allowed arrive whole, and count until their messages have an outcome.
	results := make(chan int)
	var offers []offer
	for range 2 {
		go func() {
			status, _ := post(opaque{bytes.NewReader(large[1:])})
			results <- status
		}()
		o := <-got
		if len(o.m.Payload()) != 100_000 {
			t.Errorf("%d bytes arrived", len(o.m.Payload()))
		}
		offers = append(offers, o)
	}
	if status, err := post(bytes.NewReader(large[1:])); status != 503 {
		t.Errorf("beyond the bound: %d %v", status, err)
	}
	offers[0].done(nil)
	<-results
	go func() {
		status, _ := post(bytes.NewReader(large[1:]))
		results <- status
	}()
	offers = append(offers, <-got)
	offers[1].done(nil)
	offers[2].done(nil)
	for range 2 {
		if status := <-results; status != 200 {
			t.Errorf("status %d", status)
		}
	}
	if h.bodies.held != 0 {
		t.Errorf("%d bytes are still held", h.bodies.held)
	}
}

func TestClientThatKeepsSilentIsRefused(t *testing.T) {
	h, s := httpConsumer(t, "", new(taker).handle)
	h.bodies.patience = 20 * time.Millisecond
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("%q %v", answer, err)
	}
	// Patience is for the body alone: a slow outcome is waited for.
	k := taker{at: func(o offer) {
		time.Sleep(60 * time.Millisecond)
		o.done(nil)
	}}
	h, s = httpConsumer(t, "", k.handle)
	h.bodies.patience = 20 * time.Millisecond
	for i := range 2 {
		var reused bool
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { reused = c.Reused }})
		r, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/in", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 200 || reused != (i == 1) {
			t.Errorf("status %d, the connection served before: %v", response.StatusCode, reused)
		}
	}
}
