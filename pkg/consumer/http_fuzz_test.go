package consumer

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// Requests come from anywhere, and nothing of them may break the consumer.
func FuzzHTTPRequest(f *testing.F) {
	f.Add("POST", "/in?a=1&b=%20", "text/plain; charset=utf-8", []byte("body"))
	f.Add("GET", "/in?%zz", "application/x-www-form-urlencoded", []byte("a=%zz&$$k=v"))
	f.Add("PUT", "/in", `text/plain; charset="`, []byte{0, 255})
	h, _ := decodeAny[*HTTP](f, `<jetty-message-consumer><path>/in</path><header-handler class="jetty-http-headers-as-metadata"/><parameter-handler class="jetty-http-parameters-as-metadata"/></jetty-message-consumer>`)
	if err := h.Connect(&router{routes: map[string]http.Handler{}}); err != nil {
		f.Fatal(err)
	}
	k := taker{at: func(o offer) { o.done(nil) }}
	start(f, h, k.handle)
	f.Cleanup(func() { stop(f, h) })
	f.Fuzz(func(t *testing.T, method, target, contentType string, body []byte) {
		r, err := http.NewRequest(method, target, bytes.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		offers := k.take()
		if (w.Code == 200) != (len(offers) == 1) {
			t.Fatalf("%s, and %d messages", strconv.Itoa(w.Code), len(offers))
		}
		if len(offers) == 1 && !bytes.Equal(offers[0].m.Payload(), body) {
			t.Errorf("payload %q of body %q", offers[0].m.Payload(), body)
		}
	})
}
