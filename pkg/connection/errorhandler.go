package connection

import "github.com/adapterd/adapterd/pkg/component"

// ErrorHandler is what <connection-error-handler> takes. In Interlok it restarts or closes a channel whose connection broke. Connections
// here notice that themselves and recover, while messages wait or go back to their source, so none has anything to do.
type ErrorHandler interface{ connectionErrorHandler() }

// NullErrorHandler is Interlok's NullConnectionErrorHandler: it does nothing.
type NullErrorHandler struct{}

func (*NullErrorHandler) connectionErrorHandler() {}

// idleErrorHandler is a handler that would do something in Interlok.
type idleErrorHandler struct{}

func (*idleErrorHandler) connectionErrorHandler() {}

// Check implements component.Checker.
func (*idleErrorHandler) Check(r *component.Report) {
	r.Notef("", "without-effect", "is accepted, without effect: a connection recovers by itself, and its channel goes on")
}

// ChannelCloseErrorHandler is Interlok's handler of that name, which closes the channel.
type ChannelCloseErrorHandler struct{ idleErrorHandler }

// JMSErrorHandler is Interlok's JmsConnectionErrorHandler, which some documents give to any connection.
type JMSErrorHandler struct {
	idleErrorHandler
	SingleExecution bool `xml:"single-execution" effect:"none" doc:"accepted for compatibility"`
}

// ActiveJMSErrorHandler is Interlok's ActiveJmsConnectionErrorHandler, which some documents give to any connection.
type ActiveJMSErrorHandler struct {
	idleErrorHandler
	AdditionalLogging bool               `xml:"additional-logging" effect:"none" doc:"accepted for compatibility"`
	CheckInterval     component.Interval `xml:"check-interval" effect:"none" doc:"accepted for compatibility"`
}

func init() {
	component.Register[NullErrorHandler]("null-connection-error-handler", "com.adaptris.core.NullConnectionErrorHandler", component.KindPart,
		"does nothing when a connection fails")
	component.Register[ChannelCloseErrorHandler]("channel-close-error-handler", "com.adaptris.core.ChannelCloseErrorHandler", component.KindPart,
		"accepted for compatibility: a connection recovers by itself")
	component.Register[JMSErrorHandler]("jms-connection-error-handler", "com.adaptris.core.jms.JmsConnectionErrorHandler", component.KindPart,
		"accepted for compatibility: a connection recovers by itself")
	component.Register[ActiveJMSErrorHandler]("active-jms-connection-error-handler", "com.adaptris.core.jms.ActiveJmsConnectionErrorHandler", component.KindPart,
		"accepted for compatibility: a connection recovers by itself")
}
