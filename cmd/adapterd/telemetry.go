package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/telemetry"
	"github.com/adapterd/adapterd/pkg/telemetry/otelsdk"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// telemetryEnd bounds how long the end of a run waits for a collector to take what is left.
const telemetryEnd = 5 * time.Second

// startTelemetry begins to send spans and metrics to where the OTEL_ variables say, if they say so. The context carries it; end sends what is
// left, when everything else has ended.
func (f *runFlags) startTelemetry(ctx context.Context, log *zap.Logger, errOut *masking) (told context.Context, end func()) {
	errOut.hide(otelsdk.Secrets())
	sdk := otelsdk.Start(ctx, otelsdk.Options{
		Service: "adapterd", Version: versionText(), Log: log, Console: errOut, PartitionKeys: f.tracePartitionKeys, Mask: errOut.masked,
	})
	if sdk == nil {
		return ctx, func() {}
	}
	return telemetry.With(ctx, sdk.Telemetry), func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), telemetryEnd)
		defer cancel()
		sdk.Shutdown(ctx)
	}
}

// countMessages shows what becomes of the messages of an adapter. There is one adapter in a run.
func countMessages(ctx context.Context, log *zap.Logger, a *adapter.Adapter) {
	meter := telemetry.Of(ctx).Meter()
	if meter == nil {
		return
	}
	if err := observeMessages(meter, a); err != nil {
		log.Warn("the counts of messages do not go to OpenTelemetry", zap.Error(err))
	}
}

func observeMessages(meter metric.Meter, a *adapter.Adapter) error {
	ended, err := meter.Int64ObservableCounter("adapterd.messages", metric.WithUnit("{message}"), metric.WithDescription("Messages by outcome."))
	if err != nil {
		return err
	}
	consumed, err := meter.Int64ObservableCounter("adapterd.messages.consumed", metric.WithUnit("{message}"), metric.WithDescription("Messages that came from consumers."))
	if err != nil {
		return err
	}
	inFlight, err := meter.Int64ObservableUpDownCounter("adapterd.messages.in_flight", metric.WithUnit("{message}"),
		metric.WithDescription("Messages without an outcome."))
	if err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		for _, c := range a.Channels() {
			for _, w := range c.All() {
				n := w.Counts()
				where := []attribute.KeyValue{telemetry.ChannelKey.String(c.UniqueID), telemetry.WorkflowKey.String(w.ID())}
				at := metric.WithAttributes(where...)
				to.ObserveInt64(consumed, n.Consumed, at)
				to.ObserveInt64(inFlight, n.InFlight, at)
				for outcome, value := range outcomes(n) {
					to.ObserveInt64(ended, value, metric.WithAttributes(append(where[:2:2], telemetry.OutcomeKey.String(outcome))...))
				}
			}
		}
		return nil
	}, ended, consumed, inFlight)
	return err
}

func outcomes(n workflow.Counts) map[string]int64 {
	return map[string]int64{telemetry.Delivered: n.Delivered, telemetry.Handled: n.Handled, telemetry.Failed: n.Failed, telemetry.GivenBack: n.GivenBack}
}
