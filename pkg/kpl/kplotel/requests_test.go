package kplotel

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/adapterd/adapterd/pkg/kpl"
)

func TestRequestsAreLinkedToTheRecordsThatWereInThem(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	tracer := provider.Tracer("test")
	r := NewRequests(tracer, func(s string) string { return strings.ReplaceAll(s, "secret", "***") })
	ended := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r.Ended(kpl.Request{Number: 2, Stream: "orders", ID: "request-2", Ended: ended, Duration: time.Second, KinesisRecords: 3, UserRecords: 30, Refused: 1})
	r.Ended(kpl.Request{Number: 1, Stream: "orders", Ended: ended, ErrorCode: "Timeout", ErrorMessage: "no answer, secret"})

	var records []trace.Span
	for i := range 2 {
		_, span := tracer.Start(t.Context(), fmt.Sprintf("record %d", i))
		r.Link(span, []kpl.Attempt{{ErrorCode: "Timeout", Request: 1}, {ErrorCode: "Expired"}, {Success: true, Request: 2}})
		span.End()
		records = append(records, span)
	}
	all := spans.Ended()
	if len(all) != 4 {
		t.Fatalf("%d spans, want two records and two requests", len(all))
	}
	failed, answered := all[0], all[1]
	if failed.Status().Code != codes.Error || failed.Status().Description != "no answer, ***" || answered.Status().Code != codes.Unset {
		t.Errorf("%v, %v", failed.Status(), answered.Status())
	}
	if got := fmt.Sprint(answered.Name(), answered.SpanKind(), answered.StartTime().UTC(), answered.EndTime().UTC()); got != fmt.Sprint("Kinesis/PutRecords", trace.SpanKindClient, ended.Add(-time.Second), ended) {
		t.Error(got)
	}
	if got, want := fmt.Sprint(answered.Attributes()), `[{"rpc.system.name":"aws-api"} {"rpc.method":"Kinesis/PutRecords"} {"aws.kinesis.stream_name":"orders"} {"kpl.kinesis_records":3} {"kpl.user_records":30} {"kpl.kinesis_records.refused":1} {"aws.request_id":"request-2"}]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// A request holds records of many traces: it is in none of them, and knows the first that led to it.
	if answered.Parent().IsValid() || len(answered.Links()) != 1 || answered.Links()[0].SpanContext.SpanID() != records[0].SpanContext().SpanID() {
		t.Errorf("parent %v, links %v", answered.Parent(), answered.Links())
	}
	for _, record := range all[2:] {
		links := record.Links()
		if len(links) != 2 || links[0].SpanContext.SpanID() != failed.SpanContext().SpanID() || links[1].SpanContext.SpanID() != answered.SpanContext().SpanID() {
			t.Errorf("links %v", links)
		}
	}
}

func TestRequestsThatNobodyRefersToHaveNoSpan(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	r := NewRequests(provider.Tracer("test"), nil)
	for i := range uint32(3 * remembered) {
		r.Ended(kpl.Request{Number: i + 1})
	}
	if len(r.latest) != remembered || cap(r.latest) > 2*remembered {
		t.Errorf("%d requests are remembered", len(r.latest))
	}
	_, record := provider.Tracer("test").Start(t.Context(), "record")
	r.Link(record, []kpl.Attempt{{Request: 1}, {}, {Request: 3*remembered + 1}}) // forgotten, none, unknown
	_, dropped := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())).Tracer("test").Start(t.Context(), "dropped")
	r.Link(dropped, []kpl.Attempt{{Request: 3 * remembered}})
	if len(spans.Ended()) != 0 {
		t.Errorf("%d spans", len(spans.Ended()))
	}
	r.Link(record, []kpl.Attempt{{Request: 3 * remembered}})
	if len(spans.Ended()) != 1 {
		t.Errorf("%d spans", len(spans.Ended()))
	}
}
