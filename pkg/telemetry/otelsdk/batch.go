package otelsdk

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.uber.org/zap"
)

// number is a variable whose value the SDK takes as it is: at a size below zero it panics, and at a delay of zero it never rests.
type number struct {
	variable           string
	least, most, usual int
}

// The numbers of a batch of spans; times are in milliseconds.
var (
	queueSize     = number{"OTEL_BSP_MAX_QUEUE_SIZE", 1, 1 << 20, trace.DefaultMaxQueueSize}
	batchSize     = number{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, 1 << 20, trace.DefaultMaxExportBatchSize}
	scheduleDelay = number{"OTEL_BSP_SCHEDULE_DELAY", 1, int(time.Hour / time.Millisecond), trace.DefaultScheduleDelay}
	exportTimeout = number{"OTEL_BSP_EXPORT_TIMEOUT", 0, int(time.Hour / time.Millisecond), trace.DefaultExportTimeout} // 0 is no limit
)

// read is the variable's value, or the usual one if it has none that can be used, which is an error in the log.
func (n number) read(log *zap.Logger) int {
	text := value(n.variable)
	if text == "" {
		return n.usual
	}
	v, err := strconv.Atoi(text)
	if err != nil || v < n.least || v > n.most {
		log.Error("a variable of OpenTelemetry has a value that can not be used, so its default counts",
			zap.String("variable", n.variable), zap.String("value", shortened(text)), zap.Int("least", n.least), zap.Int("most", n.most), zap.Int("default", n.usual))
		return n.usual
	}
	return v
}

// batches collects spans and sends them. It never waits: a span that does not fit into its queue is dropped.
type batches struct {
	trace.SpanProcessor
	*spanCount
}

// newBatches sends by an exporter.
func newBatches(exporter trace.SpanExporter, cut *cut, troubles *troubles, log *zap.Logger) *batches {
	queue := queueSize.read(log)
	batch := min(batchSize.read(log), queue)
	count := &spanCount{troubles: troubles, room: int64(queue + batch)}
	return &batches{spanCount: count, SpanProcessor: trace.NewBatchSpanProcessor(&spans{exporter, cut, count},
		trace.WithMaxQueueSize(queue), trace.WithMaxExportBatchSize(batch),
		trace.WithBatchTimeout(time.Duration(scheduleDelay.read(log))*time.Millisecond), trace.WithExportTimeout(time.Duration(exportTimeout.read(log))*time.Millisecond))}
}

// OnEnd implements trace.SpanProcessor. A span is counted when it is in the queue, or dropped.
func (b *batches) OnEnd(s trace.ReadOnlySpan) {
	b.SpanProcessor.OnEnd(s)
	if s.SpanContext().IsSampled() {
		b.ended.Add(1)
	}
}

// spanCount knows how many spans did not arrive, which the SDK does not tell.
type spanCount struct {
	troubles *troubles
	// room is how many spans can wait.
	room int64
	// ended counts spans that are to be sent, sent those that were. Both are atomic because spans end everywhere.
	ended, sent atomic.Int64
	// taken counts the spans that left the queue, dropped those that are known to be. One export at a time uses them.
	taken, dropped int64
}

// exported takes notice of an export that is over.
func (c *spanCount) exported(n int, err error) {
	if err == nil {
		c.sent.Add(int64(n))
	}
	c.taken += int64(n)
	// What is neither taken nor waiting was dropped. What waits is not known but at its most.
	if dropped := c.ended.Load() - c.taken - c.room; dropped > c.dropped {
		c.dropped = dropped
		c.troubles.Handle(fmt.Errorf("%d spans or more were dropped so far, because their queue was full: sample fewer messages, or raise %s", dropped, queueSize.variable))
	}
}

// lost is how many spans were not sent, once nothing will be sent any more.
func (c *spanCount) lost() int64 { return max(0, c.ended.Load()-c.sent.Load()) }

// spans is an exporter whose exports can be cut short, and are counted.
type spans struct {
	trace.SpanExporter
	cut   *cut
	count *spanCount
}

// ExportSpans implements trace.SpanExporter.
func (e *spans) ExportSpans(ctx context.Context, all []trace.ReadOnlySpan) error {
	ctx, end := e.cut.from(ctx)
	defer end()
	err := e.SpanExporter.ExportSpans(ctx, all)
	e.count.exported(len(all), err)
	return err
}
