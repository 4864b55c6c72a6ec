package otlptest

import (
	"encoding/hex"
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Span is a span as it was sent, with its attributes by name.
type Span struct {
	*tracepb.Span
	Attributes map[string]any
	// Resource has the attributes of who sent it.
	Resource map[string]any
}

// ID, Trace and Parent are the ids in hexadecimal; Parent is empty for a root.
func (s Span) ID() string     { return hex.EncodeToString(s.SpanId) }
func (s Span) Trace() string  { return hex.EncodeToString(s.TraceId) }
func (s Span) Parent() string { return hex.EncodeToString(s.ParentSpanId) }

// Linked says that the span has a link to another.
func (s Span) Linked(to Span) bool {
	return slices.ContainsFunc(s.Links, func(l *tracepb.Span_Link) bool {
		return hex.EncodeToString(l.SpanId) == to.ID() && hex.EncodeToString(l.TraceId) == to.Trace()
	})
}

// Spans are all that were sent with that name, in their order; an empty name means all.
func (c *Collector) Spans(name string) []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Span
	for _, r := range c.spans {
		for _, scope := range r.ScopeSpans {
			for _, s := range scope.Spans {
				if name == "" || s.Name == name {
					out = append(out, Span{Span: s, Attributes: byName(s.Attributes), Resource: byName(r.Resource.GetAttributes())})
				}
			}
		}
	}
	return out
}

// Point is one value of a metric as it was sent.
type Point struct {
	// Value is a number's, Count and Sum those of a histogram.
	Value, Sum float64
	Count      uint64
	Attributes map[string]any
	// Scope has the attributes of the meter.
	Scope map[string]any
}

// Points are the values of a metric in the last request that had any.
func (c *Collector) Points(name string) []Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range slices.Backward(c.metrics) {
		var out []Point
		for _, scope := range r.ScopeMetrics {
			for _, m := range scope.Metrics {
				if m.Name == name {
					out = append(out, points(m, byName(scope.Scope.GetAttributes()))...)
				}
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

func points(m *metricspb.Metric, scope map[string]any) (out []Point) {
	for _, p := range slices.Concat(m.GetSum().GetDataPoints(), m.GetGauge().GetDataPoints()) {
		value := p.GetAsDouble()
		if i, whole := p.Value.(*metricspb.NumberDataPoint_AsInt); whole {
			value = float64(i.AsInt)
		}
		out = append(out, Point{Value: value, Attributes: byName(p.Attributes), Scope: scope})
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		out = append(out, Point{Sum: p.GetSum(), Count: p.Count, Attributes: byName(p.Attributes), Scope: scope})
	}
	return out
}

func byName(all []*commonpb.KeyValue) map[string]any {
	out := make(map[string]any)
	for _, a := range all {
		switch v := a.Value.GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			out[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out[a.Key] = v.IntValue
		case *commonpb.AnyValue_BoolValue:
			out[a.Key] = v.BoolValue
		case *commonpb.AnyValue_DoubleValue:
			out[a.Key] = v.DoubleValue
		default:
			out[a.Key] = a.Value.String()
		}
	}
	return out
}
