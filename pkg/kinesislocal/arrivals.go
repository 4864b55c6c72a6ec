package kinesislocal

import "sync"

// arrivals tells any number of waiters that something has come. The zero value
// is ready.
type arrivals struct {
	mu   sync.Mutex
	next chan struct{} // closed at the next signal; nil while nobody waits
}

// wait returns a channel that is closed at the next signal. Take it before you
// look, so that nothing slips in between.
func (a *arrivals) wait() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next == nil {
		a.next = make(chan struct{})
	}
	return a.next
}

func (a *arrivals) signal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next != nil {
		close(a.next)
		a.next = nil
	}
}
