package workflow

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/adapterd/adapterd/pkg/component"
)

// pause holds messages back at the door of a workflow. The zero value is open; it is safe for concurrent use.
type pause struct {
	// over points to what is closed when the pause ends; nil while there is none. It is atomic because every message asks.
	over atomic.Pointer[chan struct{}]
}

func (p *pause) begin() {
	over := make(chan struct{})
	p.over.CompareAndSwap(nil, &over)
}

func (p *pause) end() {
	if over := p.over.Swap(nil); over != nil {
		close(*over)
	}
}

// now is closed when the present pause ends; nil while there is none.
func (p *pause) now() <-chan struct{} {
	if over := p.over.Load(); over != nil {
		return *over
	}
	return nil
}

// Pause implements Workflow. The door holds what the consumer had taken before it heard of the pause.
func (w *base) Pause() {
	w.paused.begin()
	if c, ok := w.Consumer.(component.Pauser); ok {
		c.Pause()
	}
}

// Resume implements Workflow.
func (w *base) Resume() {
	w.paused.end()
	if c, ok := w.Consumer.(component.Pauser); ok {
		c.Resume()
	}
}

// Paused implements Workflow.
func (w *base) Paused() bool { return w.paused.now() != nil }

// door waits while the workflow is paused: a consumer that had a message in hand keeps it, and asks for no other. Where each message
// comes by itself, as over HTTP, none can wait for long, and all are refused. The error is nil when the message may come in.
func (w *base) door(stopping context.Context) error {
	for over := w.paused.now(); over != nil; over = w.paused.now() {
		if w.refusesPaused {
			return fmt.Errorf("workflow %s: %w", w.UniqueID, component.ErrPaused)
		}
		select {
		case <-over:
		case <-stopping.Done():
			return w.refusal()
		}
	}
	return nil
}

// Gauges implements Workflow.
func (w *base) Gauges() Gauges {
	if w.counts == nil {
		return Gauges{}
	}
	return w.counts.pulse.gauges(clock())
}
