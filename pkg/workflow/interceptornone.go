package workflow

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// withoutUse takes an element that needs nothing here, whatever its class.
type withoutUse struct{}

// passive is an interceptor that documents may have, but that needs to do nothing here.
type passive struct {
	UniqueID string `xml:"unique-id" doc:"name in logs"`
}

// Begin implements Interceptor.
func (*passive) Begin(context.Context, *message.Message) error { return nil }

// End implements Interceptor.
func (*passive) End(*message.Message, *message.Message, error) {}

func withoutEffect(r *component.Report, why string) {
	r.Notef("", "without-effect", "is accepted, without effect: %s", why)
}

// InFlight is Interlok's InFlightWorkflowInterceptor, which counts the messages under way. They are always counted here.
type InFlight struct{ passive }

// Check implements component.Checker.
func (*InFlight) Check(r *component.Report) {
	withoutEffect(r, "messages under way are always counted")
}

// LoggingContext is Interlok's LoggingContextWorkflowInterceptor, which puts values into the context of Java's logging.
type LoggingContext struct {
	passive
	UseDefaultKeys bool        `xml:"use-default-keys" effect:"none" doc:"accepted for compatibility: log lines name channel, workflow and message"`
	AddAsObjects   bool        `xml:"add-default-keys-as-object-metadata" effect:"none" doc:"accepted for compatibility"`
	Values         *withoutUse `xml:"values-to-set" effect:"none" doc:"accepted for compatibility"`
}

// Check implements component.Checker.
func (*LoggingContext) Check(r *component.Report) {
	withoutEffect(r, "log lines name channel, workflow and message, and nothing else")
}

// JettyPooling is Interlok's JettyPoolingWorkflowInterceptor, which keeps an HTTP request open until a pooling-workflow is done with it.
type JettyPooling struct{ passive }

// Check implements component.Checker.
func (*JettyPooling) Check(r *component.Report) {
	withoutEffect(r, "an HTTP request is always answered with the outcome of its message")
}

// JMXSubmit is Interlok's SubmitMessageInterceptor of the runtime package, which keeps messages for JMX clients.
type JMXSubmit struct {
	passive
	Cache *withoutUse `xml:"message-cache" effect:"none" doc:"accepted for compatibility"`
}

// Check implements component.Checker.
func (*JMXSubmit) Check(r *component.Report) { withoutEffect(r, "there is no JMX") }

func init() {
	component.Register[InFlight]("in-flight-workflow-interceptor", "com.adaptris.core.interceptor.InFlightWorkflowInterceptor", component.KindPart,
		"accepted for compatibility: messages under way are always counted")
	component.Register[LoggingContext]("logging-context-workflow-interceptor", "com.adaptris.core.interceptor.LoggingContextWorkflowInterceptor", component.KindPart,
		"accepted for compatibility: log lines name channel, workflow and message")
	component.Register[JettyPooling]("jetty-pooling-workflow-interceptor", "com.adaptris.core.http.jetty.JettyPoolingWorkflowInterceptor", component.KindPart,
		"accepted for compatibility: an HTTP request is answered with the outcome of its message")
	component.Register[JMXSubmit]("jmx-submit-message-interceptor", "com.adaptris.core.runtime.JmxSubmitMessageInterceptor", component.KindPart,
		"accepted for compatibility: there is no JMX")
}
