package kpl

import "sync"

// crew counts goroutines so that their owner can wait for all of them. Unlike a sync.WaitGroup it may be added to by others while
// somebody waits.
type crew struct {
	mu   sync.Mutex // guards all below
	n    int
	gone chan struct{} // closed when n falls to 0; nil until somebody waits
}

// start runs f in a goroutine of the crew.
func (c *crew) start(f func()) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	go func() {
		defer c.leave()
		f()
	}()
}

func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.gone != nil {
		close(c.gone)
		c.gone = nil
	}
}

// done returns a channel that is closed as soon as no goroutine runs.
func (c *crew) done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == 0 {
		gone := make(chan struct{})
		close(gone)
		return gone
	}
	if c.gone == nil {
		c.gone = make(chan struct{})
	}
	return c.gone
}
