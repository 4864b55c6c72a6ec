package kpl

import "sync"

// connections bounds the requests in flight, of all streams together, and lets streams that wait for one take turns.
type connections struct {
	max int

	mu    sync.Mutex // guards all below and every stream's waiting
	used  int
	turns []*stream
}

// acquire takes a connection, or puts the stream among those that wait.
func (c *connections) acquire(s *stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used < c.max {
		c.used++
		return true
	}
	if !s.waiting {
		s.waiting = true
		c.turns = append(c.turns, s)
	}
	return false
}

// pass is called with a connection in hand: it returns the stream whose turn it is, or gives the connection back and returns nil.
func (c *connections) pass() *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.turns) == 0 {
		c.used--
		return nil
	}
	s := c.turns[0]
	c.turns[0] = nil
	c.turns = c.turns[1:]
	s.waiting = false
	return s
}

// inFlight is the number of connections in use.
func (c *connections) inFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}
