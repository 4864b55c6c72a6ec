package explain

import (
	"context"
	"fmt"
	"slices"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// service is what happens in place of applying s: it is applied, if it has no effect outside, and what it did is told.
func (t *tracer) service(ctx context.Context, s component.Service, m *message.Message) error {
	if m.Stopped() {
		return nil
	}
	base := s.Base()
	step := t.open(ctx, m, t.step(KindService, s, base.UniqueID))
	if !base.Enabled {
		t.pass(m, step, StatusDisabled, "<enabled> is false")
		return nil
	}
	if why := effectOf(s); why != "" {
		t.pass(m, step, StatusNotRun, why)
		return nil
	}
	if t.writers[s] {
		t.pass(m, step, StatusNotRun, "it writes to a file (file-data-output-parameter)")
		return nil
	}
	if err := t.prepare(ctx, s); err != nil {
		err = fmt.Errorf("the service can not start: %w", err)
		t.close(m, step, err)
		return err
	}
	witness := &witness{Service: s}
	err := component.ApplyObserved(within(ctx, step), witness, m)
	t.close(m, step, witness.err)
	if err == nil && witness.err != nil {
		t.ignored(step, witness.err)
	}
	return err
}

// witness remembers a failure that continue-on-fail makes component.Apply forget.
type witness struct {
	component.Service
	err error
}

// Apply implements component.Service.
func (w *witness) Apply(ctx context.Context, m *message.Message) error {
	w.err = w.Service.Apply(ctx, m)
	return w.err
}

// tracedCondition tells what a condition decided.
type tracedCondition struct {
	t     *tracer
	inner component.Condition
}

// Evaluate implements component.Condition.
func (c *tracedCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	step := c.t.open(ctx, m, c.t.step(KindCondition, c.inner, ""))
	holds, err := c.inner.Evaluate(within(ctx, step), m)
	if err == nil {
		c.t.answer(step, holds)
	}
	c.t.close(m, step, err)
	return holds, err
}

// tracedSplitter tells the parts of a message.
type tracedSplitter struct {
	t     *tracer
	inner component.Splitter
}

// Split implements component.Splitter. A splitter is given no context, so the parts' steps find their place by the message.
func (s *tracedSplitter) Split(m *message.Message, yield func(*message.Message) error) error {
	parts := 0
	outer := s.t.running(m)
	return s.inner.Split(m, func(part *message.Message) error {
		parts++
		step := &Step{Kind: KindPart, Part: parts, PayloadBytes: len(part.Payload()), About: s.t.preview(part.Payload()), Status: StatusDone}
		s.t.adopt(part, step)
		err := yield(part)
		s.t.settle(outer, part, step, err)
		return err
	})
}

// running is the step that works on m now.
func (t *tracer) running(m *message.Message) *Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.busy[m]
}

// adopt makes step the one that everything that happens to part belongs to.
func (t *tracer) adopt(part *message.Message, step *Step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owner[part] = step
}

// settle ends a part. Of many that went well only the first are told. A part that nothing has happened to yet is one that a pool
// takes later.
func (t *tracer) settle(outer *Step, part *message.Message, step *Step, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if later := err == nil && (len(step.Steps) == 0 || t.busy[part] != nil); !later {
		t.finish(part, step, err)
		if step.Status == StatusDone && failedInside(step) {
			step.Status = StatusIgnored
		}
		delete(t.owner, part)
		delete(t.last, part)
	}
	if outer == nil || step.Part > mostParts && step.Status == StatusDone {
		t.leftOut++
		return
	}
	outer.Steps = append(outer.Steps, step)
}

func failedInside(s *Step) bool {
	return slices.ContainsFunc(s.Steps, func(inner *Step) bool { return inner.Status == StatusFailed })
}
