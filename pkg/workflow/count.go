package workflow

import "sync"

// count is a number of things under way whose end can be waited for. The zero value is ready; it is safe for concurrent use.
type count struct {
	// mu guards the fields below.
	mu sync.Mutex
	n  int
	// zero is closed when n falls to 0; nil while nobody waits.
	zero chan struct{}
}

func (c *count) add() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
}

func (c *count) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.zero != nil {
		close(c.zero)
		c.zero = nil
	}
}

func (c *count) value() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// none returns a channel that is closed as soon as nothing is under way, for once.
func (c *count) none() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.zero != nil {
		return c.zero
	}
	zero := make(chan struct{})
	if c.n == 0 {
		close(zero)
	} else {
		c.zero = zero
	}
	return zero
}
