package telemetry

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/adapterd/adapterd/pkg/message"
)

const (
	// spansOfRecords is how many records of a message have a span of their own. A message that is split into millions of parts has a few as
	// an example, and the sums of all.
	spansOfRecords = 8
	// eventsOfFailures is how many failed records are events of the message's span.
	eventsOfFailures = 16
)

// Journey is a message on its way from its consumer to its outcome. It is safe for concurrent use.
type Journey struct {
	w     *Workflow
	began time.Time
	span  trace.Span // nil when there is none, or nobody records it

	mu sync.Mutex // guards the fields below
	// last is why the message failed when it took its way for the last time; reason is the last that is not nil.
	last, reason error
	tries        int
	records      sums
}

// sums are what the records of a message come to.
type sums struct {
	begun, ended, failed, attempts, bytes int64
	// code is why a record failed, the first that did.
	code string
}

type journeyKey struct{}

// Context carries the journey, and its span for whatever else makes spans; without a span it is ctx.
func (j *Journey) Context(ctx context.Context) context.Context {
	if j.span == nil {
		return ctx
	}
	return context.WithValue(trace.ContextWithSpan(ctx, j.span), journeyKey{}, j)
}

// JourneyOf is the journey of the message that is processed in a context; nil if it is not recorded. A nil journey takes everything and does
// nothing.
func JourneyOf(ctx context.Context) *Journey {
	j, _ := ctx.Value(journeyKey{}).(*Journey)
	return j
}

// Carry is to with the journey of from, if that has one.
func Carry(to, from context.Context) context.Context {
	if j := JourneyOf(from); j != nil {
		return j.Context(to)
	}
	return to
}

// Tried notes how the message came through when it took its way once. One that failed may take it again.
func (j *Journey) Tried(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tries++
	j.last = err
	if err == nil {
		return
	}
	j.reason = err
	if j.span != nil && !errors.Is(err, message.ErrStopped) {
		j.span.AddEvent("failed", trace.WithAttributes(semconv.ExceptionMessage(j.w.t.Text(err.Error()))))
	}
}

// End ends the journey with what the source is told: nil for a message that was delivered, or that an error handler took if it had failed.
// It is called once.
func (j *Journey) End(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	outcome := Delivered
	switch {
	case err == nil && j.last != nil:
		outcome = Handled
	case errors.Is(err, message.ErrStopped):
		outcome = GivenBack
	case err != nil:
		outcome, j.reason = Failed, err
	}
	if j.w.duration != nil {
		j.w.duration.Record(context.Background(), time.Since(j.began).Seconds(), j.w.outcome[outcome])
	}
	if j.span == nil {
		return
	}
	all := []attribute.KeyValue{OutcomeKey.String(outcome), TriesKey.Int(j.tries)}
	if r := j.records; r.begun > 0 {
		all = append(all, RecordsKey.Int64(r.ended), RecordsFailedKey.Int64(r.failed), RecordBytesKey.Int64(r.bytes), AttemptsKey.Int64(r.attempts))
	}
	if (outcome == Handled || outcome == Failed) && j.reason != nil {
		all = append(all, errorType(j.records.code))
		j.span.SetStatus(codes.Error, j.w.t.Text(j.reason.Error()))
	}
	j.span.SetAttributes(all...)
	j.span.End()
}

// errorType is the code of a failure; the conventions have a word for none.
func errorType(code string) attribute.KeyValue {
	if code == "" {
		return semconv.ErrorTypeOther
	}
	return semconv.ErrorTypeKey.String(code)
}
