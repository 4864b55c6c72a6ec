package kpl

import (
	"context"
	"sync"
)

// gate bounds what is outstanding and counts it by generation, so that a flush can wait for exactly the records accepted before it.
//
// A record passes it thrice: enter at Put; leave when its end is known, which makes room for the next; end when its callback has
// returned, which is what a flush waits for. Room is made before the callback so that a callback may Put.
type gate struct {
	maxRecords, maxBytes int64
	// full is called, without the mutex, by whoever has to wait.
	full func()

	mu      sync.Mutex // guards all below
	records int64      // entered, not left
	bytes   int64      // their data and keys
	ending  int64      // left, not ended
	waiters []*waiter
	closed  bool
	// generations are the counts of records not ended since each flush, oldest first; the last one takes new records.
	generations []*generation
	first       uint32 // number of generations[0]; they count from 1
}

type waiter struct {
	bytes int64
	ready chan struct{}
	// generation is set before ready is closed; granted is false when the gate was closed.
	generation uint32
	granted    bool
}

type generation struct {
	records int64
	// done is closed when this and every older generation is empty; nil until somebody waits.
	done chan struct{}
}

func newGate(maxRecords, maxBytes int64, full func()) *gate {
	return &gate{maxRecords: maxRecords, maxBytes: maxBytes, full: full, generations: []*generation{{}}, first: 1}
}

// enter waits until a record of that many bytes may be outstanding too, first come first served, and returns its generation.
func (g *gate) enter(ctx context.Context, bytes int64) (uint32, error) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return 0, ErrClosed
	}
	if len(g.waiters) == 0 && g.fits(bytes) {
		n := g.admit(bytes)
		g.mu.Unlock()
		return n, nil
	}
	w := &waiter{bytes: bytes, ready: make(chan struct{})}
	g.waiters = append(g.waiters, w)
	g.mu.Unlock()
	g.full()
	select {
	case <-w.ready:
	case <-ctx.Done():
		if g.abandon(w) {
			return 0, context.Cause(ctx)
		}
		// Admitted in the same moment: the record is outstanding now and must take its way.
	}
	if !w.granted {
		return 0, ErrClosed
	}
	return w.generation, nil
}

// fits says whether another record may come in. When nothing else is on its way one always may: also one that is larger than the bound
// by itself, and while all callbacks wait to Put.
func (g *gate) fits(bytes int64) bool {
	return g.records == 0 || g.records < g.maxRecords && g.bytes+bytes <= g.maxBytes && g.ending <= g.maxRecords
}

func (g *gate) admit(bytes int64) uint32 {
	g.records++
	g.bytes += bytes
	last := len(g.generations) - 1
	g.generations[last].records++
	return g.first + uint32(last)
}

func (g *gate) abandon(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.waiters {
		if other == w {
			g.waiters = append(g.waiters[:i], g.waiters[i+1:]...)
			g.wake()
			return true
		}
	}
	<-w.ready
	return false
}

// leave makes room after the end of records is known and before their callbacks.
func (g *gate) leave(records, bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.records -= records
	g.bytes -= bytes
	g.ending += records
	g.wake()
}

// end counts records of one generation out after their callbacks have returned.
func (g *gate) end(number uint32, records int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ending -= records
	g.generations[number-g.first].records -= records
	for len(g.generations) > 1 && g.generations[0].records == 0 {
		if done := g.generations[0].done; done != nil {
			close(done)
		}
		g.generations = g.generations[1:]
		g.first++
	}
	g.wake()
}

func (g *gate) wake() {
	for len(g.waiters) > 0 && g.fits(g.waiters[0].bytes) {
		w := g.waiters[0]
		g.waiters = g.waiters[1:]
		w.generation, w.granted = g.admit(w.bytes), true
		close(w.ready)
	}
}

// mark ends the present generation and returns its number and a channel that is closed when it and all before it have ended.
func (g *gate) mark() (uint32, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	index := len(g.generations) - 1
	last := g.generations[index]
	if index == 0 && last.records == 0 {
		done := make(chan struct{})
		close(done)
		// Nothing is outstanding: the generation goes on, so its number must not count as flushed.
		return g.first - 1, done
	}
	if last.records == 0 && g.generations[index-1].done != nil {
		// Nothing came since the flush before.
		return g.first + uint32(index) - 1, g.generations[index-1].done
	}
	if last.done == nil {
		last.done = make(chan struct{})
	}
	g.generations = append(g.generations, &generation{})
	return g.first + uint32(index), last.done
}

// close refuses new records; those waiting to enter are refused too.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for _, w := range g.waiters {
		close(w.ready)
	}
	g.waiters = nil
}

// blocked says whether somebody waits to enter.
func (g *gate) blocked() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiters) > 0
}

// outstanding is the number of records without a returned callback, the bytes of those without a result, and how many wait to enter.
func (g *gate) outstanding() (records, bytes int64, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.records + g.ending, g.bytes, len(g.waiters)
}
