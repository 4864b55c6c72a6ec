package kpl

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// gate bounds what is outstanding and counts it by generation, so that a flush can wait for exactly the records accepted before it.
//
// A record passes it thrice: enter at Put; leave when its end is known, which makes room for the next; end when its callback has
// returned, which is what a flush waits for. Room is made before the callback so that a callback may Put.
type gate struct {
	maxRecords, maxBytes int64
	// full is called, without the mutex, by whoever has to wait.
	full func()
	// shared says whether more than one stream is in use.
	shared func() bool

	mu      sync.Mutex // guards all below
	records int64      // entered, not left
	bytes   int64      // their data and keys
	ending  int64      // left, not ended
	// endingBytes are their data and keys, which stay in memory until all callbacks of the same Kinesis record have returned.
	endingBytes int64
	waiters     []*waiter
	closed      bool
	// generations are the counts of records not ended since each flush, oldest first; the last one takes new records.
	generations []*generation
	first       uint32 // number of generations[0]; they count from 1
}

// outstanding is what one stream has outstanding.
type outstanding struct {
	users atomic.Int64 // user records without a result
	bytes atomic.Int64 // their data and keys
}

type waiter struct {
	bytes int64
	on    *outstanding
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

func newGate(maxRecords, maxBytes int64, full func(), shared func() bool) *gate {
	return &gate{maxRecords: maxRecords, maxBytes: maxBytes, full: full, shared: shared, generations: []*generation{{}}, first: 1}
}

// enter waits until a record of that many bytes may be outstanding too, first come first served, and returns its generation. The record
// counts as its stream's from then on.
func (g *gate) enter(ctx context.Context, bytes int64, on *outstanding) (uint32, error) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return 0, ErrClosed
	}
	if len(g.waiters) == 0 && g.fits(bytes) && g.fair(bytes, on) {
		n := g.admit(bytes, on)
		g.mu.Unlock()
		return n, nil
	}
	w := &waiter{bytes: bytes, on: on, ready: make(chan struct{})}
	g.waiters = append(g.waiters, w)
	g.wake() // it may be that those before wait for their stream's share only
	g.mu.Unlock()
	select {
	case <-w.ready:
	default:
		g.full()
	}
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
	return g.records == 0 ||
		g.records < g.maxRecords && g.bytes+bytes <= g.maxBytes && g.ending <= g.maxRecords && g.endingBytes <= g.maxBytes
}

// fair says whether a stream may have another record outstanding. With others in use it leaves them a quarter of the room: it may be
// that nothing of it ends for long.
func (g *gate) fair(bytes int64, on *outstanding) bool {
	users := on.users.Load()
	return users == 0 || !g.shared() || users < g.maxRecords-g.maxRecords/4 && on.bytes.Load()+bytes <= g.maxBytes-g.maxBytes/4
}

func (g *gate) admit(bytes int64, on *outstanding) uint32 {
	on.users.Add(1)
	on.bytes.Add(bytes)
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
	g.endingBytes += bytes
	g.wake()
}

// end counts records of one generation out after their callbacks have returned.
func (g *gate) end(number uint32, records, bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ending -= records
	g.endingBytes -= bytes
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

// wake lets in who may enter. Those whose stream has its share stay, and keep their order.
func (g *gate) wake() {
	var passed []*outstanding
	for i := 0; i < len(g.waiters) && g.fits(g.waiters[i].bytes); {
		w := g.waiters[i]
		if slices.Contains(passed, w.on) {
			i++
			continue
		}
		if !g.fair(w.bytes, w.on) {
			passed = append(passed, w.on)
			i++
			continue
		}
		if i == 0 {
			g.waiters[0] = nil
			g.waiters = g.waiters[1:]
		} else {
			g.waiters = slices.Delete(g.waiters, i, i+1)
		}
		w.generation, w.granted = g.admit(w.bytes, w.on), true
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

// blocked says whether somebody waits to enter: for room, or for the shares of some streams only.
func (g *gate) blocked() (room bool, shares []*outstanding) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiters) > 0 && !g.fits(g.waiters[0].bytes) {
		return true, nil
	}
	for _, w := range g.waiters {
		if !slices.Contains(shares, w.on) {
			shares = append(shares, w.on)
		}
	}
	return false, shares
}

// outstanding is the number of records without a returned callback, the bytes of those without a result, and how many wait to enter.
func (g *gate) outstanding() (records, bytes int64, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.records + g.ending, g.bytes, len(g.waiters)
}
