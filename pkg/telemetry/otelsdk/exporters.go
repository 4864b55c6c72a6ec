package otelsdk

import (
	"context"
	"io"
	"sync"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
)

// spanExporter makes the exporter for spans; nil for a protocol that is not known.
func spanExporter(ctx context.Context, exporter, protocol string, console io.Writer) (trace.SpanExporter, error) {
	switch {
	case exporter == exportConsole:
		return stdouttrace.New(stdouttrace.WithWriter(console))
	case protocol == protocolGRPC:
		return otlptracegrpc.New(ctx)
	case protocol == "":
		return nil, nil
	}
	return otlptracehttp.New(ctx)
}

// metricExporter makes the exporter for metrics; nil for a protocol that is not known.
func metricExporter(ctx context.Context, exporter, protocol string, console io.Writer) (metric.Exporter, error) {
	switch {
	case exporter == exportConsole:
		return stdoutmetric.New(stdoutmetric.WithWriter(console))
	case protocol == protocolGRPC:
		return otlpmetricgrpc.New(ctx)
	case protocol == "":
		return nil, nil
	}
	return otlpmetrichttp.New(ctx)
}

// cut ends exports when there is no time left to wait for a collector.
type cut struct {
	context.Context
	now context.CancelFunc
}

func newCut() *cut {
	c := new(cut)
	c.Context, c.now = context.WithCancel(context.Background())
	return c
}

// from is a context that ends when ctx does, and when there is no time left.
func (c *cut) from(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	unhook := context.AfterFunc(c, cancel)
	return ctx, func() {
		unhook()
		cancel()
	}
}

// values is an exporter whose exports can be cut short, and who ends the watch of what has stopped once its last values were collected.
type values struct {
	metric.Exporter
	cut     *cut
	retired *retired
}

// Export implements metric.Exporter.
func (e *values) Export(ctx context.Context, all *metricdata.ResourceMetrics) error {
	ctx, end := e.cut.from(ctx)
	defer end()
	err := e.Exporter.Export(ctx, all)
	e.retired.collected()
	return err
}

// retired are observations of what has stopped. They end after the next collection. It is safe for concurrent use.
type retired struct {
	mu sync.Mutex // guards the fields below
	// begun counts collections that have begun.
	begun int
	all   []watch
}

type watch struct {
	after int // collections that had begun when it was retired: they may not have seen its last values
	end   func() error
}

// begin is called in each collection before anything is observed.
func (r *retired) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun++
}

func (r *retired) add(end func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, watch{r.begun, end})
}

// collected ends what was retired before the latest collection began. It is called when that is over, because to unregister waits for
// collections.
func (r *retired) collected() {
	r.mu.Lock()
	var over []watch
	left := r.all[:0]
	for _, w := range r.all {
		if w.after < r.begun {
			over = append(over, w)
		} else {
			left = append(left, w)
		}
	}
	clear(r.all[len(left):])
	r.all = left
	r.mu.Unlock()
	for _, w := range over {
		_ = w.end() // the SDK's never fails
	}
}
