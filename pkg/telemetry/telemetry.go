// Package telemetry is what workflows, consumers and connections tell OpenTelemetry: a span for each message from its consumer to its
// outcome, one for each of its first records, and how long messages take. It needs OpenTelemetry's API only; pkg/telemetry/otelsdk sends
// what it tells to a collector.
//
// A context carries it to who needs it, as it does the logger. Without it, or in one that is nil, nothing is made and nothing is counted.
package telemetry

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Scope is the name of the instrumentation.
const Scope = "github.com/adapterd/adapterd"

// Telemetry is where spans and measurements go. Its fields do not change once it is in use; it is safe for concurrent use.
type Telemetry struct {
	// Traces makes the spans of messages and records; nil for none. Requests makes those of requests that a recorded span refers to, and
	// samples every root; nil with Traces.
	Traces, Requests trace.TracerProvider
	// Metrics makes the instruments; nil for none.
	Metrics metric.MeterProvider
	// Propagator finds the span that a message belongs to in its metadata; nil for none.
	Propagator propagation.TextMapPropagator
	// PartitionKeys says that spans may show partition keys.
	PartitionKeys bool
	// Mask takes secrets out of a text that is shown; nil shows it as it is.
	Mask func(string) string
	// Retire calls unregister when what was observed has been collected once more, so that the last values of a component that stopped are
	// not lost; nil calls it at once.
	Retire func(unregister func() error)
}

type key struct{}

// With returns a context that carries t.
func With(ctx context.Context, t *Telemetry) context.Context {
	return context.WithValue(ctx, key{}, t)
}

// Of is what the context carries, nil for nothing.
func Of(ctx context.Context) *Telemetry {
	t, _ := ctx.Value(key{}).(*Telemetry)
	return t
}

// Meter makes instruments of a part of the program, told apart from others by options; nil when metrics go nowhere.
func (t *Telemetry) Meter(options ...metric.MeterOption) metric.Meter {
	if t == nil || t.Metrics == nil {
		return nil
	}
	return t.Metrics.Meter(Scope, options...)
}

// Unregister ends a registration with a meter after its last collection.
func (t *Telemetry) Unregister(unregister func() error) error {
	if t.Retire == nil {
		return unregister()
	}
	t.Retire(unregister)
	return nil
}

// Text is what may be shown of a text and OTLP can carry: without secrets, valid, and not endless.
func (t *Telemetry) Text(s string) string {
	if t.Mask != nil {
		s = t.Mask(s)
	}
	if len(s) > textMost {
		s = s[:textMost] + "…"
	}
	return strings.ToValidUTF8(s, "?")
}

// textMost is the most bytes that are shown of an error's words.
const textMost = 2048
