package workflow

import "github.com/adapterd/adapterd/pkg/component"

// Scope is what a restart restarts.
type Scope int

// The scopes.
const (
	// RestartWorkflow restarts a workflow: its consumer, services and producer.
	RestartWorkflow Scope = iota
	// RestartChannel restarts a channel: its connections too, but no shared ones.
	RestartChannel
)

// ProduceExceptionHandler is what produce-exception-handler names: what is to be restarted when the producer of a workflow could not take
// a message. The message itself goes to its error handler. Failures that an asynchronous producer learns of later, of one record, restart
// nothing.
type ProduceExceptionHandler interface {
	// ProduceException is called by whoever brought the message to the producer. restart asks for a restart, and returns at once.
	ProduceException(restart func(Scope))
}

// NullProduceExceptionHandler does nothing more than the error handler does, as in Interlok, where it is the default.
type NullProduceExceptionHandler struct{}

// ProduceException implements ProduceExceptionHandler.
func (*NullProduceExceptionHandler) ProduceException(func(Scope)) {}

// RestartProduceExceptionHandler is Interlok's RestartProduceExceptionHandler: it restarts the workflow.
type RestartProduceExceptionHandler struct{}

// ProduceException implements ProduceExceptionHandler.
func (*RestartProduceExceptionHandler) ProduceException(restart func(Scope)) {
	restart(RestartWorkflow)
}

// ChannelRestartProduceExceptionHandler is Interlok's ChannelRestartProduceExceptionHandler: it restarts the channel of the workflow.
type ChannelRestartProduceExceptionHandler struct{}

// ProduceException implements ProduceExceptionHandler.
func (*ChannelRestartProduceExceptionHandler) ProduceException(restart func(Scope)) {
	restart(RestartChannel)
}

// restart asks the channel for a restart.
func (w *base) restart(scope Scope) {
	if w.around.Restart != nil {
		w.around.Restart(w.UniqueID, scope)
	}
}

func init() {
	component.Register[NullProduceExceptionHandler]("null-produce-exception-handler", "com.adaptris.core.NullProduceExceptionHandler",
		component.KindPart, "leaves a failed produce to the error handler")
	component.Register[RestartProduceExceptionHandler]("restart-produce-exception-handler", "com.adaptris.core.RestartProduceExceptionHandler",
		component.KindPart, "restarts the workflow when its producer fails")
	component.Register[ChannelRestartProduceExceptionHandler]("channel-restart-produce-exception-handler", "com.adaptris.core.ChannelRestartProduceExceptionHandler",
		component.KindPart, "restarts the channel when a producer of its workflows fails")
}
