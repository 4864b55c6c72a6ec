package kpl

import (
	"sync"
	"sync/atomic"
	"time"
)

// gatherMost bounds how long a record that somebody waits for stays for company while another request is under way. A service in the same
// building answers in about that time, so that each request takes along what came during the one before; to one that is farther away
// requests go side by side, one each two milliseconds.
const gatherMost = 2 * time.Millisecond

// gathering makes records of PutSync travel together. The first one leaves at once; those that come while a request of the stream is under
// way leave when it has its answer, or after gatherMost. Without it as many callers as there are connections would make as many requests of
// one record each, and a request costs a hundred times what a record does.
type gathering struct {
	// most is gatherMost, or less when the collector's wait is.
	most time.Duration
	// underWay counts the stream's requests.
	underWay atomic.Int64

	mu    sync.Mutex // guards lanes; taken after a lane's
	lanes []*lane    // whose open aggregate holds such records
}

// join notes a lane for the next time that a request has its answer, or says false because none is under way.
func (g *gathering) join(l *lane) bool {
	if g.underWay.Load() == 0 {
		return false
	}
	if !l.gathers {
		l.gathers = true
		g.mu.Lock()
		g.lanes = append(g.lanes, l)
		g.mu.Unlock()
	}
	return g.underWay.Load() > 0 // if not, who counted it down may have come before the lane
}

// began is called with each request, requestEnded when it has its answer or failed.
func (g *gathering) began() { g.underWay.Add(1) }

func (s *stream) requestEnded() {
	if s.gathering.underWay.Add(-1) == 0 {
		s.gathered()
	}
}

// gathered sends what has gathered, of all lanes in one request.
func (s *stream) gathered() {
	g := &s.gathering
	g.mu.Lock()
	lanes := g.lanes
	g.lanes = nil
	g.mu.Unlock()
	if len(lanes) == 0 {
		return
	}
	now := s.p.now()
	s.collector.cork()
	for _, l := range lanes {
		l.gathered(now)
	}
	s.collector.uncork(now, false)
}

// gathered completes the open aggregate if somebody waits for it.
func (l *lane) gathered(now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gathers = false
	if l.open == nil || !l.open.awaited {
		return
	}
	l.complete()
	l.drain(now)
	l.arm(now)
}
