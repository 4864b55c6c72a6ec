// Package history keeps what the status page plots: a sample of each state of an adapter, for ten minutes, whether or not somebody looks.
package history

import (
	"sync"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// Column has a figure of each sample.
type Column []Figure

// MarshalJSON implements json.Marshaler, for all figures at once.
func (c Column) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 2+12*len(c))
	out = append(out, '[')
	for i, f := range c {
		if i > 0 {
			out = append(out, ',')
		}
		out = f.append(out)
	}
	return append(out, ']'), nil
}

// History is all samples, oldest first, in columns of the same length: each is what Sample says of its field.
type History struct {
	// Since is when the program began to keep samples. It tells one run of the program from another.
	Since       time.Time `json:"since"`
	Times       Column    `json:"times"`
	Records     Column    `json:"records"`
	Messages    Column    `json:"messages"`
	Lately      Column    `json:"lately"`
	P50         Column    `json:"p50"`
	P99         Column    `json:"p99"`
	Failed      Column    `json:"failed"`
	Throttled   Column    `json:"throttled"`
	InWorkflows Column    `json:"inWorkflows"`
	InProducers Column    `json:"inProducers"`
}

// Recorder makes samples of states and keeps the last ones. It is safe for concurrent use.
type Recorder struct {
	since time.Time

	mu      sync.Mutex // guards the fields below
	ring    ring
	started time.Time // when the adapter was started whose totals last has
	last    totals    // their time is unknown if there are none
	means   means
}

// New makes one without samples, which began at that time.
func New(since time.Time) *Recorder {
	return &Recorder{since: since, last: totals{time: unknown, failed: unknown, throttled: unknown}, means: newMeans()}
}

// Add takes a state that is later than the one before, and returns its sample; false if no time has passed. A state that is earlier comes
// after the clock was set back: nothing before it is kept then, for times have to rise.
func (r *Recorder) Add(st *adapter.Status) (Sample, bool) {
	s, now := read(st)
	r.mu.Lock()
	defer r.mu.Unlock()
	newest := r.ring.newest()
	switch {
	case s.Time == newest:
		return s, false
	case s.Time < newest:
		r.ring.clear()
		r.forget()
	case !st.StartedAt.Equal(r.started):
		r.forget() // another start counts anew
	}
	s.Failed = perSecond(r.last.failed, now.failed, now.time-r.last.time)
	s.Throttled = perSecond(r.last.throttled, now.throttled, now.time-r.last.time)
	s.Lately = r.means.mean(st, s.Time)
	r.last, r.started = now, st.StartedAt
	r.ring.push(s.row())
	return s, true
}

// forget leaves out what rates and means would be made of.
func (r *Recorder) forget() {
	r.last = totals{time: unknown, failed: unknown, throttled: unknown}
	r.means.clear()
}

// History is what there is now.
func (r *Recorder) History() History {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.ring.column
	return History{
		Since: r.since, Times: c(0), Records: c(1), Messages: c(2), Lately: c(3), P50: c(4), P99: c(5), Failed: c(6), Throttled: c(7), InWorkflows: c(8), InProducers: c(9),
	}
}
