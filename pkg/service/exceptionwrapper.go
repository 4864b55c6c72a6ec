package service

import (
	"context"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// objectError is the object of a message that holds the error it failed with, here and when an error handler gets it (Interlok:
// CoreConstants.OBJ_METADATA_EXCEPTION).
const objectError = "java.lang.Exception"

// errorOf is the error that m failed with; nil when it has none, or it was cleared.
func errorOf(m *message.Message) error {
	value, _ := m.Object(objectError)
	err, _ := value.(error)
	return err
}

// ExceptionWrapper runs a service, and another one on the message if that fails, which then counts as handled. Interlok:
// ExceptionHandlingServiceWrapper.
//
// It handles what fails while the service runs. A record that an asynchronous producer in it took, and that is refused later, fails the
// message. A message that is given back, because the workflow stops, is not handled.
type ExceptionWrapper struct {
	component.ServiceBase
	Service                     component.Service `xml:"service" default:"null-service" doc:"the service that may fail"`
	ExceptionHandlingService    component.Service `xml:"exception-handling-service" default:"null-service" doc:"what runs on the message when it does"`
	ExceptionMessageMetadataKey string            `xml:"exception-message-metadata-key,required" default:"adp.exception.wrapper.message" doc:"key of the metadata that holds the reason then"`
}

// Apply runs the service, and the other one if it fails.
func (w *ExceptionWrapper) Apply(ctx context.Context, m *message.Message) error {
	err := component.Apply(ctx, w.Service, m)
	if err == nil || givenBack(ctx, err) {
		return err
	}
	component.Logger(ctx).Warn("service failed; its exception-handling-service runs", zap.String("service", w.UniqueID), zap.String("message", m.ID()), zap.Error(err))
	m.SetObject(objectError, err)
	m.SetMetadata(w.ExceptionMessageMetadataKey, err.Error())
	return component.Apply(ctx, w.ExceptionHandlingService, m)
}

// Init implements component.Lifecycle.
func (w *ExceptionWrapper) Init(ctx context.Context) error { return initAll(ctx, w.contained()) }

// Start implements component.Lifecycle.
func (w *ExceptionWrapper) Start(ctx context.Context) error { return startAll(ctx, w.contained()) }

// Stop implements component.Lifecycle.
func (w *ExceptionWrapper) Stop(ctx context.Context) error { return stopAll(ctx, w.contained()) }

// contained are in the order of starting.
func (w *ExceptionWrapper) contained() []component.Service {
	return []component.Service{w.ExceptionHandlingService, w.Service}
}

func init() {
	component.Register[ExceptionWrapper]("exception-handling-service-wrapper", "com.adaptris.core.services.exception.ExceptionHandlingServiceWrapper",
		component.KindService, "runs a service, and another one when it fails")
}
