package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Record is one record of a message, from when a producer hands it over to its outcome.
type Record struct {
	j           *Journey
	span        trace.Span // nil for one that only counts
	size, count int
}

// Sent is a record that is handed over.
type Sent struct {
	// System is the messaging system, Destination where in it the record goes.
	System, Destination string
	// PartitionKey is shown only where that is allowed.
	PartitionKey string
	// Bytes is the length of the data. Records is how many are handed over as one batch; 0 is one record that is none.
	Bytes, Records int
	// DestinationKey is the system's own attribute for the destination, empty for none.
	DestinationKey attribute.Key
}

// Outcome is how a record ended.
type Outcome struct {
	// Err is nil for a record that is stored. Code is a word for Err that does not depend on the record.
	Err  error
	Code string
	// Stored is how many of several records are stored all the same.
	Stored int
	// Attempts is how often it was tried.
	Attempts int
	// More are attributes of the system's own.
	More []attribute.KeyValue
}

// PartitionKeyOfRecord is the attribute of partition keys.
const PartitionKeyOfRecord = attribute.Key("aws.kinesis.partition_key")

// Record begins a record of the message. The first few have a span of their own, below the message's.
func (j *Journey) Record(s Sent) *Record {
	if j == nil {
		return nil
	}
	r := &Record{j: j, size: s.Bytes, count: max(s.Records, 1)}
	j.mu.Lock()
	j.records.begun++
	own := j.records.begun <= spansOfRecords
	j.mu.Unlock()
	if !own {
		return r
	}
	t := j.w.t
	destination := t.Text(s.Destination)
	all := []attribute.KeyValue{
		semconv.MessagingSystemKey.String(s.System), semconv.MessagingOperationName("send"), semconv.MessagingOperationTypeSend,
		semconv.MessagingDestinationName(destination), semconv.MessagingMessageBodySize(s.Bytes),
	}
	if s.DestinationKey != "" {
		all = append(all, s.DestinationKey.String(destination))
	}
	if s.Records > 0 {
		all = append(all, semconv.MessagingBatchMessageCount(s.Records))
	}
	if t.PartitionKeys && s.PartitionKey != "" {
		all = append(all, PartitionKeyOfRecord.String(t.Text(s.PartitionKey)))
	}
	_, r.span = j.w.tracer.Start(trace.ContextWithSpan(context.Background(), j.span), "send "+destination,
		trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(all...))
	return r
}

// Span is the record's own; nil if it has none. It is to be used before End only.
func (r *Record) Span() trace.Span {
	if r == nil {
		return nil
	}
	return r.span
}

// Failed notes a try that failed. The record may be tried again.
func (r *Record) Failed(code, words string) {
	if r != nil && r.span != nil {
		r.span.AddEvent("attempt failed", trace.WithAttributes(errorType(code), semconv.ExceptionMessage(r.j.w.t.Text(words))))
	}
}

// End ends the record. It is called once, before the message's source can learn of it.
func (r *Record) End(o Outcome) {
	if r == nil {
		return
	}
	r.j.count(r, o)
	if r.span == nil {
		return
	}
	r.span.SetAttributes(append([]attribute.KeyValue{AttemptsKey.Int(o.Attempts)}, o.More...)...)
	if o.Err != nil {
		r.span.SetAttributes(errorType(o.Code))
		r.span.SetStatus(codes.Error, r.j.w.t.Text(o.Err.Error()))
	}
	r.span.End()
}

// count adds a record to the sums of its message. Of those that fail the first few are events.
func (j *Journey) count(r *Record, o Outcome) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &j.records
	s.ended += int64(r.count)
	s.bytes += int64(r.size)
	s.attempts += int64(o.Attempts)
	if o.Err == nil {
		return
	}
	if s.code == "" {
		s.code = o.Code
	}
	s.failed += int64(r.count - o.Stored)
	if s.failed <= eventsOfFailures {
		j.span.AddEvent("record failed", trace.WithAttributes(errorType(o.Code), semconv.ExceptionMessage(j.w.t.Text(o.Err.Error()))))
	}
}
