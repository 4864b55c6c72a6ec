package kplotel

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// Attributes of the spans of requests, beside StreamKey, CodeKey, aws.request_id and those of the conventions for RPC.
const (
	KinesisRecordsKey = attribute.Key("kpl.kinesis_records")
	UserRecordsKey    = attribute.Key("kpl.user_records")
	RefusedKey        = attribute.Key("kpl.kinesis_records.refused")
)

// remembered is how many of the latest requests can be linked to. A record that is tried for longer than that has no link to its first.
const remembered = 4096

// Requests links the spans of records to spans of the PutRecords requests that they were in. One request holds records of many traces, so its
// span is the root of a trace of its own, and is made only when a span that is recorded refers to it: give it a tracer whose sampler takes
// every root. It is for one producer, and safe for concurrent use.
type Requests struct {
	tracer trace.Tracer
	mask   func(string) string

	mu sync.Mutex // guards latest
	// latest has request n at n modulo its length, once there have been so many.
	latest []known
}

type known struct {
	kpl.Request
	span trace.SpanContext // not valid until somebody refers to it
}

// NewRequests makes spans with tracer. mask, if not nil, is given the messages of errors and returns what may be shown of them.
func NewRequests(tracer trace.Tracer, mask func(string) string) *Requests {
	if mask == nil {
		mask = func(s string) string { return s }
	}
	return &Requests{tracer: tracer, mask: mask}
}

// Ended is for kpl.Config.OnRequest.
func (r *Requests) Ended(q kpl.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Numbers come nearly in order: requests end side by side.
	for at := int(q.Number % remembered); len(r.latest) <= at; {
		r.latest = append(r.latest, known{})
	}
	r.latest[q.Number%remembered] = known{Request: q}
}

// Link links the span of a user record to those of the requests that it was in. A span that is not recorded makes none.
func (r *Requests) Link(record trace.Span, attempts []kpl.Attempt) {
	if !record.IsRecording() {
		return
	}
	for i := range attempts {
		if at := r.span(attempts[i].Request, record.SpanContext()); at.IsValid() {
			record.AddLink(trace.Link{SpanContext: at, Attributes: []attribute.KeyValue{attribute.Int("kpl.attempt", i+1)}})
		}
	}
}

// span finds the span of a request, or makes it, linked to the record that refers to it first.
func (r *Requests) span(number uint32, record trace.SpanContext) trace.SpanContext {
	if number == 0 {
		return trace.SpanContext{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at := int(number % remembered)
	if len(r.latest) <= at || r.latest[at].Number != number {
		return trace.SpanContext{}
	}
	k := &r.latest[at]
	if k.span.IsValid() {
		return k.span
	}
	_, s := r.tracer.Start(context.Background(), "Kinesis/PutRecords", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(k.Ended.Add(-k.Duration)), trace.WithLinks(trace.Link{SpanContext: record}), trace.WithAttributes(k.attributes()...))
	if k.ErrorCode != "" {
		s.SetAttributes(CodeKey.String(text(k.ErrorCode)))
		s.SetStatus(codes.Error, text(r.mask(k.ErrorMessage)))
	}
	s.End(trace.WithTimestamp(k.Ended))
	k.span = s.SpanContext()
	return k.span
}

func (k *known) attributes() []attribute.KeyValue {
	all := []attribute.KeyValue{
		attribute.String("rpc.system.name", "aws-api"), semconv.RPCMethod("Kinesis/PutRecords"), StreamKey.String(text(k.Stream)),
		KinesisRecordsKey.Int(k.KinesisRecords), UserRecordsKey.Int(k.UserRecords), RefusedKey.Int(k.Refused),
	}
	if k.ID != "" {
		all = append(all, semconv.AWSRequestID(text(k.ID)))
	}
	return all
}
