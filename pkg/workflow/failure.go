package workflow

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata that a failed message carries to the error handler, and the object that holds the error itself (Interlok's
// CoreConstants.OBJ_METADATA_EXCEPTION).
const (
	MetadataWorkflow = "workflowId"
	MetadataError    = "adp.error.message"
	ObjectError      = "java.lang.Exception"
)

// failed brings a failed message to the nearest error handler. It is called by whoever learned of the failure last, often a goroutine of
// the producer's engine that must not wait, so the handler runs on the workflow's own.
func (w *base) failed(s *shift, m *message.Message, err error, done func(error)) {
	log := component.Logger(s.work).With(zap.String("message", m.ID()))
	if s.gaveUp(err) {
		w.counts.givenBack.Add(1)
		done(givenBack(err))
		return
	}
	m.SetMetadata(MetadataWorkflow, w.name())
	m.SetMetadata(MetadataError, err.Error())
	m.SetObject(ObjectError, err)
	message.Annotate(m, err)
	handler := w.around.ErrorHandler
	if handler == nil {
		w.counts.failed.Add(1)
		log.Error("message failed; there is no message-error-handler, so it is left with its source", zap.Error(err))
		done(err)
		return
	}
	size := len(m.Payload())
	w.backlog.add(size)
	var delivered atomic.Bool
	f := component.Failed{Message: m, Err: err, Workflow: w.name(), Resubmit: w.resubmitTo(s, &delivered)}
	handled := func(handling error) {
		defer w.backlog.remove(size)
		switch {
		case handling == nil && delivered.Load():
			w.counts.delivered.Add(1)
			log.Info("message that had failed is delivered", zap.Error(err))
			done(nil)
		case handling == nil:
			w.counts.handled.Add(1)
			log.Warn("message failed; its error handler has taken it", zap.Error(err))
			done(nil)
		case s.gaveUp(handling):
			w.counts.givenBack.Add(1)
			done(givenBack(handling))
		default:
			w.counts.failed.Add(1)
			if !errors.Is(handling, err) { // else it says no more than that there is nothing to do
				handling = fmt.Errorf("%w (the error handler failed too: %w)", err, handling)
			}
			log.Error("message failed, and its error handler could not take it; it is left with its source", zap.Error(handling))
			done(handling)
		}
	}
	w.failures.add(func() { handler.HandleError(s.stopping, f, handled) })
}

// givenBack says that a message is left with its source because the workflow stops.
func givenBack(err error) error {
	if errors.Is(err, component.ErrStopped) {
		return err
	}
	return fmt.Errorf("%w: %w", component.ErrStopped, err)
}

// full tells the log that the consumer has to wait for the error handler.
func (w *base) full(messages int) {
	w.mu.Lock()
	s := w.shift
	w.mu.Unlock()
	if s != nil {
		component.Logger(s.work).Warn("no new message is taken, because so many failed ones wait for their error handler", zap.Int("waiting", messages))
	}
}

// resubmitTo sends a message through the workflow again, for error handlers that retry. done hears of a failure on a goroutine of the
// workflow's own, since what comes next may wait, and whoever learned of the failure must not.
func (w *base) resubmitTo(s *shift, delivered *atomic.Bool) func(context.Context, *message.Message, func(error)) {
	return func(_ context.Context, m *message.Message, done func(error)) {
		if w.enter(s) == nil {
			done(w.refusal())
			return
		}
		w.travel(s, m, func(err error) {
			switch {
			case err == nil:
				delivered.Store(true)
				done(nil)
			case s.gaveUp(err):
				err = givenBack(err)
				fallthrough
			default:
				w.failures.add(func() { done(err) })
			}
		})
	}
}
