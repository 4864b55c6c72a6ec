package workflow

import (
	"context"
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// Pooling is Interlok's PoolingWorkflow: up to pool-size messages are processed side by side. The order of messages is not kept.
type Pooling struct {
	base
	PoolSize     int                `xml:"pool-size" default:"10" min:"1" max:"10000" doc:"how many messages are processed at once"`
	MinIdle      int                `xml:"min-idle" effect:"none" doc:"accepted for compatibility: workers cost nothing while they are not needed"`
	MaxIdle      int                `xml:"max-idle" effect:"none" doc:"accepted for compatibility"`
	KeepAlive    component.Interval `xml:"thread-keep-alive" effect:"none" doc:"accepted for compatibility"`
	ShutdownWait component.Interval `xml:"shutdown-wait-time" default:"1m" min:"1ms" doc:"how long a stopping workflow waits for messages under way, at most"`
	Priority     int                `xml:"thread-priority" effect:"none" doc:"accepted for compatibility"`
	InitWait     component.Interval `xml:"init-wait-time" effect:"none" doc:"accepted for compatibility"`
}

// Attach implements Workflow.
func (w *Pooling) Attach(s Surroundings) { w.attach(s, w.PoolSize, true) }

// Stop implements component.Lifecycle.
func (w *Pooling) Stop(ctx context.Context) error {
	limit := w.ShutdownWait.Duration
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("shutdown-wait-time of %v is over", limit.Round(time.Millisecond)))
	defer cancel()
	return w.base.Stop(ctx)
}

func init() {
	component.Register[Pooling]("pooling-workflow", "com.adaptris.core.PoolingWorkflow", component.KindWorkflow,
		"processes several messages side by side")
}
