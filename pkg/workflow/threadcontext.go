package workflow

import "github.com/adapterd/adapterd/pkg/component"

// ThreadContext is Interlok's ThreadContextWorkflow: messages of a consumer that brings several at a time, as one of HTTP requests does, are
// processed side by side, up to pool-size; the consumer waits for each. Interlok ties services to threads; here any goroutine will do.
type ThreadContext struct {
	base
	PoolSize   int                `xml:"pool-size" default:"10" min:"1" max:"10000" doc:"how many messages are processed at once"`
	AddName    bool               `xml:"add-current-thread-name" effect:"none" doc:"accepted for compatibility: there are no threads with names"`
	Additional bool               `xml:"additional-debug" effect:"none" doc:"accepted for compatibility"`
	MinIdle    int                `xml:"min-idle" effect:"none" doc:"accepted for compatibility: services are not made anew for each thread"`
	MaxIdle    int                `xml:"max-idle" effect:"none" doc:"accepted for compatibility"`
	InitWait   component.Interval `xml:"init-wait-time" effect:"none" doc:"accepted for compatibility"`
}

// Attach implements Workflow.
func (w *ThreadContext) Attach(s Surroundings) { w.attach(s, w.PoolSize, false) }

// LargeMessage is Interlok's LargeMessageWorkflow: a standard workflow, which Interlok has beside it for messages that stay in files.
type LargeMessage struct{ Standard }

// Check implements component.Checker.
func (*LargeMessage) Check(r *component.Report) {
	r.Notef("", "large-messages", "runs as a standard-workflow; messages are kept in memory, whole")
}

func init() {
	component.Register[ThreadContext]("thread-context-workflow", "com.adaptris.core.ThreadContextWorkflow", component.KindWorkflow,
		"processes messages that its consumer brings at the same time side by side")
	component.Register[LargeMessage]("large-message-workflow", "com.adaptris.core.lms.LargeMessageWorkflow", component.KindWorkflow,
		"a standard workflow")
}
