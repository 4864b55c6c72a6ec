// Package otelsdk sends what pkg/telemetry tells to where the OTEL_ variables of the environment say: spans and metrics by OTLP over HTTP or
// gRPC, or to a console. docs/opentelemetry.md lists the variables.
package otelsdk

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/contrib/propagators/autoprop"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	api "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/telemetry"
)

// Options are what the environment does not say.
type Options struct {
	// Service is the name of the service unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES name it. Version is its version.
	Service, Version string
	// Log gets what goes wrong; nil: nothing.
	Log *zap.Logger
	// Console is where the console exporters write, one at a time; nil: nowhere.
	Console io.Writer
	// PartitionKeys and Mask are as in telemetry.Telemetry.
	PartitionKeys bool
	Mask          func(string) string
}

// SDK is what sends. It is safe for concurrent use.
type SDK struct {
	*telemetry.Telemetry
	traces, requests *trace.TracerProvider // nil for none
	send             *batches              // of traces and requests; nil with them
	metrics          *metric.MeterProvider // nil for none
	troubles         *troubles
	cut              *cut
	stop             sync.Once
}

// Start begins to send what the environment asks for; nil if it asks for nothing. What it asks for and cannot have is an error in the log, and
// the rest goes on: telemetry is no reason not to run. Nothing waits for a collector. One SDK can be started at a time, because
// OpenTelemetry has one place per process for errors.
func Start(ctx context.Context, o Options) *SDK {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.Console == nil {
		o.Console = io.Discard
	}
	o.Console = zapcore.Lock(zapcore.AddSync(o.Console)) // spans and metrics have an exporter each
	if disabled() {
		return nil
	}
	spansTo, valuesTo := traces.exporter(o.Log), metrics.exporter(o.Log)
	unsupported(o.Log)
	if spansTo == exportNone && valuesTo == exportNone {
		return nil
	}
	s := &SDK{troubles: &troubles{log: o.Log, now: time.Now}, cut: newCut()}
	otel.SetErrorHandler(s.troubles)
	otel.SetLogger(logr.New(sink{o.Log}))
	s.Telemetry = &telemetry.Telemetry{PartitionKeys: o.PartitionKeys, Mask: o.Mask, Propagator: autoprop.NewTextMapPropagator()}
	about := describe(ctx, o)
	s.sendSpans(ctx, spansTo, about, o)
	s.troubles.running()
	s.sendValues(ctx, valuesTo, about, o)
	if s.traces == nil && s.metrics == nil {
		s.Shutdown(ctx)
		return nil
	}
	o.Log.Info("telemetry goes to OpenTelemetry", zap.Bool("traces", s.traces != nil), zap.Bool("metrics", s.metrics != nil))
	return s
}

// describe is the resource: what the environment says of it comes before what is known here. Nothing of the command line is in it, which may
// hold secrets.
func describe(ctx context.Context, o Options) *resource.Resource {
	r, err := resource.New(ctx, resource.WithSchemaURL(semconv.SchemaURL), resource.WithTelemetrySDK(), resource.WithHost(), resource.WithProcessPID(),
		resource.WithProcessRuntimeName(), resource.WithProcessRuntimeVersion(),
		resource.WithAttributes(semconv.ServiceName(o.Service), semconv.ServiceVersion(o.Version)), resource.WithFromEnv())
	if err != nil { // what could be found out is there all the same
		o.Log.Warn("not everything about this process is known to OpenTelemetry", zap.String("error", shortened(err.Error())))
	}
	return r
}

func (s *SDK) sendSpans(ctx context.Context, to string, about *resource.Resource, o Options) {
	if to == exportNone {
		return
	}
	exporter, err := spanExporter(ctx, to, traces.protocol(o.Log), o.Console)
	if err != nil {
		o.Log.Error("no spans are sent to OpenTelemetry", zap.String("error", shortened(err.Error())))
	}
	if err != nil || exporter == nil {
		return
	}
	// Requests are sampled with the records that refer to them, not for themselves.
	s.traces = trace.NewTracerProvider(trace.WithResource(about))
	s.requests = trace.NewTracerProvider(trace.WithResource(about), trace.WithSampler(trace.AlwaysSample()))
	s.troubles.running()
	s.send = newBatches(exporter, s.cut, s.troubles, o.Log)
	s.traces.RegisterSpanProcessor(s.send)
	s.requests.RegisterSpanProcessor(s.send)
	s.Traces, s.Requests = s.traces, s.requests
}

func (s *SDK) sendValues(ctx context.Context, to string, about *resource.Resource, o Options) {
	if to == exportNone {
		return
	}
	exporter, err := metricExporter(ctx, to, metrics.protocol(o.Log), o.Console)
	if err != nil {
		o.Log.Error("no metrics are sent to OpenTelemetry", zap.String("error", shortened(err.Error())))
	}
	if err != nil || exporter == nil {
		return
	}
	old := new(retired)
	s.metrics = metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(&values{exporter, s.cut, old})), metric.WithResource(about))
	s.Metrics, s.Retire = s.metrics, old.add
	if err := countCollections(s.metrics.Meter(telemetry.Scope), old); err != nil {
		o.Log.Error("the metrics of what stops are sent for ever", zap.String("error", shortened(err.Error())))
	}
}

// countCollections has the retired hear of each collection. Callbacks are called in the order of their registration, so this one is the first.
func countCollections(meter api.Meter, old *retired) error {
	began := time.Now()
	up, err := meter.Float64ObservableGauge("adapterd.uptime", api.WithUnit("s"), api.WithDescription("Time since the program was started."))
	if err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, to api.Observer) error {
		old.begin()
		to.ObserveFloat64(up, time.Since(began).Seconds(), api.WithAttributeSet(*attribute.EmptySet()))
		return nil
	}, up)
	return err
}

// Shutdown sends what there is and ends. What could not be sent when ctx ends is dropped. It is safe to call twice, and on nil.
func (s *SDK) Shutdown(ctx context.Context) {
	if s == nil {
		return
	}
	s.stop.Do(func() {
		unhook := context.AfterFunc(ctx, s.cut.now)
		defer unhook()
		// What follows ends soon after the cut, and leaves no goroutine behind.
		ctx := context.WithoutCancel(ctx)
		var wait sync.WaitGroup
		var errs [3]error
		if s.traces != nil {
			wait.Go(func() {
				errs[0] = s.traces.Shutdown(ctx)
				errs[1] = s.requests.Shutdown(ctx) // whose processor has ended
			})
		}
		if s.metrics != nil {
			wait.Go(func() { errs[2] = s.metrics.Shutdown(ctx) })
		}
		wait.Wait()
		lost := int64(0)
		if s.send != nil {
			lost = s.send.lost()
		}
		s.troubles.over(errors.Join(errs[:]...), lost)
		s.cut.now()
	})
}
