package workflow

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// NullErrorHandler is Interlok's NullProcessingExceptionHandler: a failed message is logged, and that is all that becomes of it.
type NullErrorHandler struct {
	handling
}

// HandleError implements component.ErrorHandler.
func (*NullErrorHandler) HandleError(ctx context.Context, f component.Failed, done func(error)) {
	component.Logger(ctx).Error("message failed and is dropped, as null-processing-exception-handler asks for", append(component.ErrorFields(f.Err), zap.String("message", f.Message.ID()))...)
	done(nil)
}

// StandardErrorHandler is Interlok's StandardProcessingExceptionHandler: a service gets the failed message.
type StandardErrorHandler struct {
	handling
	Service component.Service `xml:"processing-exception-service" doc:"what happens to a failed message; usually a standalone-producer with an fs-producer"`
}

// Check implements component.Checker.
func (h *StandardErrorHandler) Check(r *component.Report) {
	if h.Service == nil {
		r.Warnf("", "no-exception-service", "has no <processing-exception-service>, so a failed message is logged and left with its source; add one, such as a standalone-producer with an fs-producer")
	}
}

// HandleError implements component.ErrorHandler.
func (h *StandardErrorHandler) HandleError(ctx context.Context, f component.Failed, done func(error)) {
	runService(ctx, h.Service, f, done)
}

// Init implements component.Lifecycle.
func (h *StandardErrorHandler) Init(ctx context.Context) error { return component.Init(ctx, h.Service) }

// Start implements component.Lifecycle.
func (h *StandardErrorHandler) Start(ctx context.Context) error {
	return component.Start(ctx, h.Service)
}

// Stop implements component.Lifecycle.
func (h *StandardErrorHandler) Stop(ctx context.Context) error { return component.Stop(ctx, h.Service) }

// runService applies s to a failed message. done hears when everything that s began with the message has its outcome. ctx may have ended,
// because the workflow stops: the message is brought to safety all the same, as long as there is time.
func runService(ctx context.Context, s component.Service, f component.Failed, done func(error)) {
	if s == nil {
		done(fmt.Errorf("%w (and the error handler has no processing-exception-service)", f.Err))
		return
	}
	done = once(done)
	d := message.NewDelivery(done)
	m := f.Message.Clone()
	m.SetDelivery(d)
	var err error
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("processing-exception-service panicked: %v", p)
			done(err) // the delivery may be held for ever
		}
		d.Release(err)
	}()
	err = component.Apply(component.WithFailed(workOf(ctx), f), s, m)
}

func init() {
	component.Register[NullErrorHandler]("null-processing-exception-handler", "com.adaptris.core.NullProcessingExceptionHandler", component.KindErrorHandler,
		"logs a failed message and drops it")
	component.Register[StandardErrorHandler]("standard-processing-exception-handler", "com.adaptris.core.StandardProcessingExceptionHandler", component.KindErrorHandler,
		"gives a failed message to a service")
	component.Register[RetryErrorHandler]("retry-message-error-handler", "com.adaptris.core.RetryMessageErrorHandler", component.KindErrorHandler,
		"sends a failed message again before it gives it to a service")
}
