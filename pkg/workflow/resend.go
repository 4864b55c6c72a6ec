package workflow

import (
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/consumer"
	"github.com/adapterd/adapterd/pkg/message"
)

// Resender is a workflow that takes a message again which had failed before, from somebody other than its consumer. All workflows are.
type Resender interface {
	// Resend takes m on its way through services and producer. Its outcome is told to done, exactly once, and to no error handler: whoever
	// resends keeps what fails again. It is in no count. Resend returns when the next message may come. A workflow that is stopped refuses
	// with component.ErrStopped, one that is paused with component.ErrPaused, and one that stops waits for the outcome.
	Resend(m *message.Message, done func(error))
	// Detach takes the consumer and the error handler away, so that nothing but Resend brings messages. It is called at most once, between Attach and Init.
	Detach()
}

// Resend implements Resender.
func (w *base) Resend(m *message.Message, done func(error)) {
	if w.Paused() {
		done(fmt.Errorf("workflow %s: %w", w.UniqueID, component.ErrPaused))
		return
	}
	s := w.enter(nil)
	if s == nil {
		done(w.refusal())
		return
	}
	s.open.add()
	told := s.journeys.begin(m, done)
	w.travel(s, m, func(err error) {
		defer s.open.done()
		told(err)
	})
}

// Detach implements Resender.
func (w *base) Detach() { w.Consumer, w.ErrorHandler = new(consumer.Null), nil }
