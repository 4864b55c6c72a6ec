package consumer

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

// The trace that a request belongs to is in its message's metadata, whatever becomes of its other headers.
func TestTraceContextOfARequestIsMetadata(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	k := taker{at: func(o offer) { o.done(nil) }}
	_, s := httpConsumer(t, "", k.handle)
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    map[string]string
	}{
		{"none", nil, map[string]string{"traceparent": "", "tracestate": "", "baggage": ""}},
		{"all", map[string]string{"traceparent": parent, "TraceState": "a=1", "BAGGAGE": "k=v"}, map[string]string{"traceparent": parent, "tracestate": "a=1", "baggage": "k=v"}},
		{"broken", map[string]string{"traceparent": "00-xyz", "tracestate": "a=1"}, map[string]string{"traceparent": "", "tracestate": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(context.Background(), "POST", s.URL+"/in", strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			for name, v := range c.headers {
				r.Header.Set(name, v)
			}
			answer, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			offers := k.take()
			if answer.StatusCode != 200 || len(offers) != 1 {
				t.Fatalf("%s, %d messages", answer.Status, len(offers))
			}
			for key, want := range c.want {
				if got, _ := offers[0].m.Metadata(key); got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
		})
	}
}
