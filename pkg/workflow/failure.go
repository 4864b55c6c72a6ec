package workflow

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// failure is a failed message on its way to its error handler, and perhaps through the workflow again.
type failure struct {
	w *base
	s *shift
	// m is the message as it was consumed, with the metadata of the last failure; unmarked is the same without.
	m, unmarked *message.Message
	// delivered says that the message got through when it was sent again.
	delivered atomic.Bool
	done      func(error)

	// mu guards last: failures come from many goroutines, though one after the other.
	mu   sync.Mutex
	last error
}

// failed brings a failed message to the nearest error handler. It is called by whoever learned of the failure last, often a goroutine of
// the producer's engine that must not wait, so the handler runs on the workflow's own. A message that fails when the workflow has run out
// of time to stop is given back: nobody would wait for its handler.
func (w *base) failed(s *shift, m *message.Message, err error, done func(error)) {
	if s.gaveUp(err) || s.work.Err() != nil {
		w.counts.givenBack.Add(1)
		done(givenBack(err))
		return
	}
	f := &failure{w: w, s: s, m: m, unmarked: m.Clone(), done: done}
	f.mark(err)
	handler := w.around.ErrorHandler
	if handler == nil {
		w.counts.failed.Add(1)
		w.tell(m, err, false)
		component.Logger(s.work).Error("message failed; there is no message-error-handler, so it is left with its source",
			append(component.ErrorFields(err), zap.String("message", m.ID()))...)
		done(err)
		return
	}
	size := m.Size()
	w.backlog.add(size)
	handled := func(handling error) {
		defer w.backlog.remove(size)
		f.handled(handling)
	}
	w.failures.add(func() {
		if s.work.Err() != nil { // it waited for its turn until there was no time left
			handled(givenBack(err))
			return
		}
		handler.HandleError(s.journeys.context(s.stopping, m), component.Failed{Message: m, Consumed: f.unmarked, Err: err, Workflow: w.name(), Resubmit: f.resubmit}, handled)
	})
}

// tell tells who looks at the adapter.
func (w *base) tell(m *message.Message, err error, handled bool) {
	if w.around.Failed != nil {
		w.around.Failed(Failure{Workflow: w.UniqueID, Message: m.ID(), Err: err, Handled: handled})
	}
}

// mark lets the message tell of its last failure, and of no earlier one.
func (f *failure) mark(err error) {
	f.mu.Lock()
	f.last = err
	f.mu.Unlock()
	for _, key := range f.m.MetadataKeys() {
		if before, ok := f.unmarked.Metadata(key); !ok {
			f.m.RemoveMetadata(key)
		} else if now, _ := f.m.Metadata(key); now != before {
			f.m.SetMetadata(key, before)
		}
	}
	f.m.SetMetadata(MetadataWorkflow, f.w.name())
	f.m.SetMetadata(MetadataError, err.Error())
	f.m.SetObject(ObjectError, err)
	message.Annotate(f.m, err)
}

// handled takes the error handler's word on the message.
func (f *failure) handled(handling error) {
	f.mu.Lock()
	err := f.last
	f.mu.Unlock()
	w, log := f.w, component.Logger(f.s.work).With(zap.String("message", f.m.ID()))
	switch {
	case handling == nil && f.delivered.Load():
		w.counts.delivered.Add(1)
		log.Info("message that had failed is delivered", component.ErrorFields(err)...)
		f.done(nil)
	case handling == nil:
		w.counts.handled.Add(1)
		w.tell(f.m, err, true)
		log.Warn("message failed; its error handler has taken it", component.ErrorFields(err)...)
		f.done(nil)
	case f.s.gaveUp(handling):
		w.counts.givenBack.Add(1)
		f.done(givenBack(handling))
	default:
		w.counts.failed.Add(1)
		if !errors.Is(handling, err) { // else it says no more than that there is nothing to do
			handling = fmt.Errorf("%w (the error handler failed too: %w)", err, handling)
		}
		w.tell(f.m, handling, false)
		log.Error("message failed, and its error handler could not take it; it is left with its source", component.ErrorFields(handling)...)
		f.done(handling)
	}
}

// resubmit sends a message through the workflow again, for error handlers that retry. done hears of a failure on a goroutine of the
// workflow's own, since what comes next may wait, and whoever learned of the failure must not.
func (f *failure) resubmit(_ context.Context, m *message.Message, done func(error)) {
	w, s := f.w, f.s
	if w.enter(s) == nil {
		done(w.refusal())
		return
	}
	w.travel(s, m, func(err error) {
		switch {
		case err == nil:
			f.delivered.Store(true)
			done(nil)
			return
		case s.gaveUp(err), s.work.Err() != nil:
			err = givenBack(err)
		case m == f.m:
			f.mark(err)
		}
		w.failures.add(func() { done(err) })
	})
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
