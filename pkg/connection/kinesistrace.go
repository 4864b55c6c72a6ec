package connection

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/kplotel"
	"github.com/adapterd/adapterd/pkg/telemetry"
)

// connectionKey tells the metrics of connections apart.
const connectionKey = attribute.Key("adapterd.connection")

// kinesisSystem is the messaging system, which the conventions have no word for yet; it is written as they write that of SNS.
const kinesisSystem = "aws.kinesis"

// sequenceKey is the sequence number that the service gave a record.
const sequenceKey = attribute.Key("aws.kinesis.sequence_number")

// engineTelemetry is what an engine tells of itself: its requests, for the spans of records, and its metrics.
type engineTelemetry struct {
	*telemetry.Telemetry
	requests *kplotel.Requests // nil without spans
	forget   func() error      // nil without metrics
}

// traceRequests has the engine that will be made from config tell of its requests; nil if nothing is to be told.
func traceRequests(ctx context.Context, config *kpl.Config) *engineTelemetry {
	t := telemetry.Of(ctx)
	if t == nil {
		return nil
	}
	e := &engineTelemetry{Telemetry: t}
	if t.Requests != nil {
		e.requests = kplotel.NewRequests(t.Requests.Tracer(telemetry.Scope), t.Mask)
		config.OnRequest = e.requests.Ended
	}
	return e
}

// watch shows the metrics of the engine.
func (e *engineTelemetry) watch(ctx context.Context, engine *kpl.Producer, id string) {
	if e == nil {
		return
	}
	meter := e.Meter(metric.WithInstrumentationAttributes(connectionKey.String(e.Text(id))))
	if meter == nil {
		return
	}
	forget, err := kplotel.Register(engine, meter)
	if err != nil {
		component.Logger(ctx).Warn("the metrics of the Kinesis connection do not go to OpenTelemetry", zap.String("connection", id), zap.Error(err))
		return
	}
	e.forget = forget
}

// close ends the watch once the last values have been collected. The engine is closed.
func (e *engineTelemetry) close(ctx context.Context) {
	if e == nil || e.forget == nil {
		return
	}
	if err := e.Unregister(e.forget); err != nil {
		component.Logger(ctx).Warn("the metrics of a stopped Kinesis connection still go to OpenTelemetry", zap.Error(err))
	}
	e.forget = nil
}

// record begins the record of the message that is processed; nil if nobody follows it.
func (e *engineTelemetry) record(ctx context.Context, r *kpl.Record) *telemetry.Record {
	if e == nil || e.requests == nil {
		return nil
	}
	return telemetry.JourneyOf(ctx).Record(telemetry.Sent{
		System: kinesisSystem, Destination: r.Stream, DestinationKey: kplotel.StreamKey, PartitionKey: r.PartitionKey, Bytes: len(r.Data),
	})
}

// end ends a record with its result.
func (e *engineTelemetry) end(record *telemetry.Record, r kpl.Result) {
	out := telemetry.Outcome{Err: r.Err, Attempts: kpl.Tries(r.Attempts)}
	shard := r.ShardID
	if cause, ok := errors.AsType[*kpl.RecordError](r.Err); ok {
		out.Code, shard = cause.Code, cause.ShardID
	}
	if span := record.Span(); span != nil {
		e.requests.Link(span, r.Attempts)
		for _, a := range r.Attempts {
			if !a.Success {
				record.Failed(a.ErrorCode, a.ErrorMessage)
			}
		}
		if shard != "" {
			out.More = append(out.More, kplotel.ShardKey.String(shard), semconv.MessagingDestinationPartitionID(shard))
		}
		if r.SequenceNumber != "" {
			out.More = append(out.More, sequenceKey.String(r.SequenceNumber))
		}
	}
	record.End(out)
}

// put is Put of the engine, followed.
func (e *engineTelemetry) put(ctx context.Context, engine *kpl.Producer, r kpl.Record, done func(kpl.Result)) error {
	record := e.record(ctx, &r)
	if record == nil {
		return engine.Put(ctx, r, done)
	}
	err := engine.Put(ctx, r, func(r kpl.Result) {
		e.end(record, r)
		if done != nil {
			done(r)
		}
	})
	if err != nil { // the engine did not take it
		record.End(telemetry.Outcome{Err: err})
	}
	return err
}

// putSync is PutSync of the engine, followed.
func (e *engineTelemetry) putSync(ctx context.Context, engine *kpl.Producer, r kpl.Record) (kpl.Result, error) {
	record := e.record(ctx, &r)
	result, err := engine.PutSync(ctx, r)
	switch {
	case record == nil:
	case err != nil && len(result.Attempts) == 0:
		record.End(telemetry.Outcome{Err: err})
	default:
		e.end(record, result)
	}
	return result, err
}
