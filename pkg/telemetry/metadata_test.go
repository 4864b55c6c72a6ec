package telemetry

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/adapterd/adapterd/pkg/message"
)

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestTakeHeaders(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers http.Header
		more    []string
		want    map[string]string
	}{
		{"none", http.Header{"Content-Type": {"x"}}, nil, nil},
		{"all of W3C", http.Header{"Traceparent": {parent}, "Tracestate": {"a=1", "b=2"}, "Baggage": {"k=v"}}, nil,
			map[string]string{"traceparent": parent, "tracestate": "a=1,b=2", "baggage": "k=v"}},
		{"no state without a parent", http.Header{"Tracestate": {"a=1"}}, nil, nil},
		{"a parent that is none takes the state with it", http.Header{"Traceparent": {parent + "x"}, "Tracestate": {"a=1"}, "Baggage": {"k=v"}}, nil, map[string]string{"baggage": "k=v"}},
		{"two parents", http.Header{"Traceparent": {parent, parent}}, nil, nil},
		{"a state that is too long", http.Header{"Traceparent": {parent}, "Tracestate": {"a=" + strings.Repeat("x", 511)}}, nil, map[string]string{"traceparent": parent}},
		{"baggage that is too long", http.Header{"Baggage": {"a=" + strings.Repeat("x", 8191)}}, nil, nil},
		{"those of another propagator", http.Header{"B3": {"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"}, "X-Other": {"x"}}, []string{"B3", "X-B3-Traceid"},
			map[string]string{"b3": "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message.New(nil)
			TakeHeaders(m, c.headers, c.more)
			var got map[string]string
			for _, k := range m.MetadataKeys() {
				if got == nil {
					got = make(map[string]string)
				}
				got[k], _ = m.Metadata(k)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFieldsAreThoseOfThePropagatorBesideThoseOfW3C(t *testing.T) {
	var none *Telemetry
	if f := none.Fields(); f != nil {
		t.Error(f)
	}
	all := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}, b3.New(b3.WithInjectEncoding(b3.B3SingleHeader)))
	if diff := cmp.Diff([]string{"B3"}, (&Telemetry{Propagator: all}).Fields()); diff != "" {
		t.Error(diff)
	}
}

// What is taken for a traceparent must be one to OpenTelemetry too.
func FuzzTraceParent(f *testing.F) {
	for _, s := range []string{
		parent, "", "00", parent + "-", parent + "-more", "01" + parent[2:] + "-more", "01" + parent[2:], "ff" + parent[2:], strings.ToUpper(parent),
		"00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", strings.ReplaceAll(parent, "-", "_"),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !isTraceParent(s) {
			return
		}
		ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": s})
		// It refuses flags of version 00 that are not defined yet, which another program may set and W3C lets pass.
		if !trace.SpanContextFromContext(ctx).IsValid() && s[53:55] < "04" {
			t.Errorf("%q is no traceparent to OpenTelemetry", s)
		}
	})
}

func TestIsTraceParent(t *testing.T) {
	for s, want := range map[string]bool{
		parent: true, parent + "-more": false, "cc" + parent[2:] + "-more": true, "cc" + parent[2:] + "more": false, "ff" + parent[2:]: false,
		strings.ToUpper(parent): false, parent[:54]: false, "": false, "00-00000000000000000000000000000000-b7ad6b7169203331-01": false,
	} {
		if got := isTraceParent(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
