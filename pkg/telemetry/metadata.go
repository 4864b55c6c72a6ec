package telemetry

import (
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"

	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata of the trace that a message belongs to, as W3C Trace Context and Baggage write it. Any consumer or service may set it; the span of
// a message has the parent that its metadata names when it comes from its consumer.
const (
	MetadataTraceParent = "traceparent"
	MetadataTraceState  = "tracestate"
	MetadataBaggage     = "baggage"
)

// The most bytes that are taken of tracestate and baggage: 512 is what everybody has to pass on of the one, 8192 the limit of the other.
const (
	traceStateMost = 512
	baggageMost    = 8192
)

// carrier reads fields from a message's metadata.
type carrier struct{ m *message.Message }

// Get implements propagation.TextMapCarrier. Metadata has the names in lower case.
func (c carrier) Get(field string) string {
	v, _ := c.m.Metadata(strings.ToLower(field))
	return v
}

// Set implements propagation.TextMapCarrier.
func (c carrier) Set(field, value string) { c.m.SetMetadata(strings.ToLower(field), value) }

// Keys implements propagation.TextMapCarrier.
func (c carrier) Keys() []string { return c.m.MetadataKeys() }

// Fields are the HTTP headers that a consumer takes beside those of W3C, in canonical form: those of the configured propagator.
func (t *Telemetry) Fields() []string {
	if t == nil || t.Propagator == nil {
		return nil
	}
	var fields []string
	for _, f := range t.Propagator.Fields() {
		switch f = http.CanonicalHeaderKey(f); f {
		case headerTraceParent, headerTraceState, headerBaggage:
		default:
			fields = append(fields, f)
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// The headers of W3C, in canonical form.
const (
	headerTraceParent = "Traceparent"
	headerTraceState  = "Tracestate"
	headerBaggage     = "Baggage"
)

// TakeHeaders puts the trace context of a request into a message's metadata, under the names of the headers in lower case: traceparent,
// tracestate and baggage, and more, those that Fields names. A traceparent that is none is left out, and then tracestate is too, as W3C wants
// it; so is what is longer than it may be.
func TakeHeaders(m *message.Message, h http.Header, more []string) {
	if parent := h[headerTraceParent]; len(parent) == 1 && isTraceParent(parent[0]) {
		m.SetMetadata(MetadataTraceParent, parent[0])
		if state := strings.Join(h[headerTraceState], ","); state != "" && len(state) <= traceStateMost {
			m.SetMetadata(MetadataTraceState, state)
		}
	}
	if baggage := strings.Join(h[headerBaggage], ","); baggage != "" && len(baggage) <= baggageMost {
		m.SetMetadata(MetadataBaggage, baggage)
	}
	for _, name := range more {
		if v := h[name]; len(v) > 0 && len(v[0]) <= traceStateMost {
			m.SetMetadata(strings.ToLower(name), v[0])
		}
	}
}

var _ propagation.TextMapCarrier = carrier{}

// isTraceParent says whether a text is a traceparent of version 00, or one of a later version that begins like it: version, 16 bytes of trace
// id and 8 of span id that are not all zero, and flags, in lower-case hexadecimal.
func isTraceParent(s string) bool {
	const length = len("00-00000000000000000000000000000000-0000000000000000-00")
	if len(s) < length || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return false
	}
	version, traceID, spanID, flags := s[:2], s[3:35], s[36:52], s[53:length]
	switch {
	case !isHex(version) || !isHex(traceID) || !isHex(spanID) || !isHex(flags), version == "ff":
		return false
	case strings.Trim(traceID, "0") == "" || strings.Trim(spanID, "0") == "":
		return false
	case version == "00":
		return len(s) == length
	}
	return len(s) == length || s[length] == '-' && len(s) <= traceStateMost
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
