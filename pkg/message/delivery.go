package message

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrStopped says that a message was given back because its workflow stops: it is to be left with its source, not reported as failed.
var ErrStopped = errors.New("stopped before the message was done")

// Delivery counts who still has to do with a consumed message: the workflow while services run, and every record of it that is on its
// way. When the last one lets go, the source learns the outcome, once. It is safe for concurrent use.
type Delivery struct {
	// open is atomic because records of one message are released by several request goroutines.
	open atomic.Int64
	done func(error)

	mu       sync.Mutex // guards all below
	first    error
	stopped  error // the first that is ErrStopped
	failures int
}

// NewDelivery makes a delivery that its maker holds once. done is called when the last holder lets go, by that holder's goroutine, so
// it must not block: with nil if nothing failed, else with the first error, which says how many more there were. One that is ErrStopped
// comes before all others: whoever forgives or handles a failure must not take for done what was never sent.
func NewDelivery(done func(error)) *Delivery {
	d := &Delivery{done: done}
	d.open.Store(1)
	return d
}

// Hold adds a holder. The caller must hold the delivery, directly or through the message that it processes. A nil delivery holds nothing.
func (d *Delivery) Hold() {
	if d != nil {
		d.open.Add(1)
	}
}

// Release lets go of one hold and reports how that part ended.
func (d *Delivery) Release(err error) {
	if d == nil {
		return
	}
	if err != nil {
		d.mu.Lock()
		d.failures++
		if d.first == nil {
			d.first = err
		}
		if d.stopped == nil && errors.Is(err, ErrStopped) {
			d.stopped = err
		}
		d.mu.Unlock()
	}
	switch left := d.open.Add(-1); {
	case left == 0:
		d.done(d.outcome())
	case left < 0:
		panic("message: a delivery was released more often than it was held")
	}
}

// Child makes a delivery inside d, held once by its maker: d stays open until the child is done. outcome decides what its failure
// means for d; nil passes it on.
func (d *Delivery) Child(outcome func(error) error) *Delivery {
	d.Hold()
	return NewDelivery(func(err error) {
		if err != nil && outcome != nil {
			err = outcome(err)
		}
		d.Release(err)
	})
}

func (d *Delivery) outcome() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	says := d.first
	if d.stopped != nil {
		says = d.stopped
	}
	if d.failures > 1 {
		return fmt.Errorf("%w (and %d more failures of the same message)", says, d.failures-1)
	}
	return says
}
