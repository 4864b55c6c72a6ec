package consumer

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// outstanding counts messages without outcome and remembers since when there has been nothing to do. It is safe for concurrent use.
type outstanding struct {
	// mu guards the fields below.
	mu    sync.Mutex
	count int
	none  chan struct{} // closed when count falls to 0; nil while nobody waits
	// idle is since when there has been nothing to do; zero while there is something.
	idle time.Time
	// resting says that nothing is looked for any more: there is nothing to do as soon as nothing is outstanding.
	resting bool
}

func (o *outstanding) add() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	o.idle = time.Time{}
}

func (o *outstanding) settled() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count--; o.count > 0 {
		return
	}
	if o.resting {
		o.idle = time.Now()
	}
	if o.none != nil {
		close(o.none)
		o.none = nil
	}
}

// busy notes that there was work to do, empty that there was none.
func (o *outstanding) busy() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.idle, o.resting = time.Time{}, false
}

func (o *outstanding) empty() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.idle.IsZero() && o.count == 0 {
		o.idle = time.Now()
	}
}

// rest notes that work is not looked for: it comes by itself, or never again.
func (o *outstanding) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.resting = true
	if o.idle.IsZero() && o.count == 0 {
		o.idle = time.Now()
	}
}

// IdleSince implements component.Idler.
func (o *outstanding) IdleSince() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.idle
}

// wait returns when nothing is outstanding, or ctx ends.
func (o *outstanding) wait(ctx context.Context) error {
	o.mu.Lock()
	if o.count == 0 {
		o.mu.Unlock()
		return nil
	}
	if o.none == nil {
		o.none = make(chan struct{})
	}
	none, count := o.none, o.count
	o.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%d messages have no outcome yet: %w", count, context.Cause(ctx))
	}
}
