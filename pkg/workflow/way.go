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

// handle is the consumer's handler. The consumer's context is not used: a message that has begun its way ends it, also when the consumer
// stops.
func (w *base) handle(_ context.Context, m *message.Message, done func(error)) {
	w.counts.consumed.Add(1)
	s := w.enter(nil)
	if s == nil {
		w.counts.givenBack.Add(1)
		done(w.refusal())
		return
	}
	told := s.journeys.begin(m, done)
	s.open.add()
	pulse := &w.counts.pulse
	passage := pulse.began(m.Size())
	settle := func(err error) {
		defer s.open.done()
		if err != nil && errors.Is(err, component.ErrStopped) {
			pulse.left(passage)
		} else {
			pulse.ended(passage, clock())
		}
		told(err)
	}
	if err := w.door(s.stopping); err != nil {
		s.ways.done()
		w.counts.givenBack.Add(1)
		settle(err)
		return
	}
	if !w.backlog.wait(s.stopping, w.full) {
		s.ways.done()
		w.counts.givenBack.Add(1)
		settle(w.refusal())
		return
	}
	w.travel(s, m, func(err error) {
		if err == nil {
			w.counts.delivered.Add(1)
			settle(nil)
			return
		}
		w.failed(s, m, err, settle)
	})
}

func (w *base) refusal() error {
	return fmt.Errorf("workflow %s takes no message now: %w", w.UniqueID, component.ErrStopped)
}

// enter returns the shift in which a message may take its way, and counts the way; nil while the workflow is stopped. A message that is
// sent again may do so in its own shift only.
func (w *base) enter(own *shift) *shift {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shift == nil || own != nil && own != w.shift {
		return nil
	}
	w.shift.ways.add()
	return w.shift
}

// travel waits for a slot and takes m on its way. outcome is called once: with what became of everything that m became, or with
// ErrStopped when the workflow stopped first. travel returns when the next message may come.
func (w *base) travel(s *shift, m *message.Message, outcome func(error)) {
	if !w.begin(s, m) {
		s.ways.done()
		outcome(w.refusal())
		return
	}
	select {
	case w.slots <- struct{}{}:
	case <-s.stopping.Done():
		s.ways.done()
		outcome(w.refusal())
		return
	}
	way := func() {
		defer s.ways.done()
		defer func() { <-w.slots }()
		if s.stopping.Err() != nil { // the slot came in the same moment: what has not begun is given back
			outcome(w.refusal())
			return
		}
		w.process(s, m, outcome)
	}
	if w.sideBySide {
		go way() // counted in ways, which Stop waits for
		return
	}
	way()
}

// process runs services and producer on a clone of m.
func (w *base) process(s *shift, m *message.Message, outcome func(error)) {
	// A component that panicked may have left the delivery held for ever, so its message ends at once, and only once.
	clone := m.Clone()
	end := once(w.intercepted(s, m, clone, s.journeys.tried(m, outcome)))
	d := message.NewDelivery(end)
	clone.SetDelivery(d)
	panicked, err := w.way(s, m, clone)
	if panicked {
		end(err)
	}
	d.Release(err)
}

// once lets only the first outcome through.
func once(outcome func(error)) func(error) {
	var over atomic.Bool
	return func(err error) {
		if over.CompareAndSwap(false, true) {
			outcome(err)
		}
	}
}

// way is one message's way. A panic of a component fails the message, not the program.
func (w *base) way(s *shift, original, clone *message.Message) (panicked bool, err error) {
	ctx := s.journeys.context(s.work, original)
	defer func() {
		if p := recover(); p != nil {
			component.Logger(ctx).Error("a component panicked; the message fails", zap.String("message", original.ID()), zap.Any("panic", p), zap.Stack("stack"))
			panicked, err = true, fmt.Errorf("a component panicked: %v", p)
		}
	}()
	if err := component.Apply(ctx, w.Services, clone); err != nil {
		return false, err
	}
	if clone.SkipsProducer() { // stop-processing-service: the message is done, and nothing is to be produced
		component.Logger(ctx).Debug("message skips the producer", zap.String("message", original.ID()))
	} else if err := component.Load(w.Producer, clone); err != nil {
		return false, fmt.Errorf("producer: %w", err)
	} else if err := w.Producer.Produce(ctx, clone); err != nil {
		if !s.gaveUp(err) {
			w.Exceptions.ProduceException(w.restart)
		}
		return false, fmt.Errorf("producer: %w", err)
	}
	if w.afterProduce != nil {
		return false, w.afterProduce(ctx, original, clone)
	}
	return false, nil
}
