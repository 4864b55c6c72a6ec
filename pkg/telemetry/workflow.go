package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/adapterd/adapterd/pkg/message"
)

// Attributes of spans and measurements of messages, beside those of the conventions for messaging.
const (
	ChannelKey  = attribute.Key("adapterd.channel")
	WorkflowKey = attribute.Key("adapterd.workflow")
	ConsumerKey = attribute.Key("adapterd.consumer")
	OutcomeKey  = attribute.Key("adapterd.outcome")
	// TriesKey is how often a message took its way.
	TriesKey = attribute.Key("adapterd.tries")
	// What all records of a message come to; there when there was one.
	RecordsKey       = attribute.Key("adapterd.records")
	RecordsFailedKey = attribute.Key("adapterd.records.failed")
	RecordBytesKey   = attribute.Key("adapterd.records.bytes")
	AttemptsKey      = attribute.Key("adapterd.attempts")
)

// The outcomes of a message.
const (
	Delivered = "delivered"
	Handled   = "handled"
	Failed    = "failed"
	GivenBack = "given_back"
)

// system is the messaging system of what a workflow does: what it consumes comes from wherever its consumer looks.
const system = "adapterd"

// durations are the bounds of the buckets of messaging.process.duration, in seconds: those that the conventions advise, and more, because a
// message may wait for minutes.
var durations = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 300}

// Workflow is what is told of the messages of one workflow. It is safe for concurrent use.
type Workflow struct {
	t      *Telemetry
	tracer trace.Tracer // nil for no spans
	name   string
	start  []trace.SpanStartOption
	// duration is nil for no measurements; outcome has the attributes of each.
	duration metric.Float64Histogram
	outcome  map[string]metric.RecordOption
}

// Workflow prepares for the messages of a workflow; nil when nothing is to be told of them.
func (t *Telemetry) Workflow(channel, id, consumer string) *Workflow {
	if t == nil || t.Traces == nil && t.Metrics == nil {
		return nil
	}
	where := []attribute.KeyValue{ChannelKey.String(t.Text(channel)), WorkflowKey.String(t.Text(id))}
	general := append(where[:2:2], semconv.MessagingSystemKey.String(system), semconv.MessagingOperationName("process"))
	w := &Workflow{t: t, name: "process " + t.Text(id)}
	if t.Traces != nil {
		w.tracer = t.Traces.Tracer(Scope, trace.WithSchemaURL(semconv.SchemaURL))
		all := append(general[:4:4], semconv.MessagingOperationTypeProcess, ConsumerKey.String(consumer))
		w.start = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(all...)}
	}
	if meter := t.Meter(); meter != nil {
		var err error
		w.duration, err = meter.Float64Histogram("messaging.process.duration", metric.WithUnit("s"),
			metric.WithDescription("Time from the consumer to the outcome of a message."), metric.WithExplicitBucketBoundaries(durations...))
		if err != nil {
			otel.Handle(err)
		}
		w.outcome = make(map[string]metric.RecordOption)
		for _, o := range []string{Delivered, Handled, Failed, GivenBack} {
			set := attribute.NewSet(append(general[:4:4], OutcomeKey.String(o))...)
			w.outcome[o] = metric.WithAttributeSet(set)
		}
	}
	return w
}

// Begin begins to follow a message that the consumer offers. The span that the message's metadata names is the parent of its span.
func (w *Workflow) Begin(m *message.Message) *Journey {
	j := &Journey{w: w, began: time.Now()}
	if w.tracer == nil {
		return j
	}
	ctx := context.Background()
	if p := w.t.Propagator; p != nil {
		ctx = p.Extract(ctx, carrier{m})
	}
	_, j.span = w.tracer.Start(ctx, w.name, w.start...)
	if !j.span.IsRecording() {
		j.span = nil
		return j
	}
	j.span.SetAttributes(semconv.MessagingMessageID(w.t.Text(m.ID())), semconv.MessagingMessageBodySize(m.Size()))
	return j
}
