package history

import (
	"iter"
	"slices"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// lately is over how many seconds the mean latency is taken.
const lately = 10

// source is a workflow of a channel, or a stream of a connection.
type source struct {
	stream bool
	of, id string
}

// took is how long something took since the start, and the sum of that.
type took struct {
	kpl.Latency
	sum time.Duration
}

// timed are those whose latency is known: the workflows, or the streams if nothing tells how long messages take.
func timed(st *adapter.Status) iter.Seq2[source, took] {
	return func(yield func(source, took) bool) {
		any := false
		for i := range st.Channels {
			c := &st.Channels[i]
			for j := range c.Workflows {
				w := &c.Workflows[j]
				if w.Latency.Count == 0 {
					continue
				}
				any = true
				if !yield(source{of: c.ID, id: w.ID}, took{w.Latency, w.LatencySum}) {
					return
				}
			}
		}
		for i := range st.Connections {
			c := &st.Connections[i]
			if any || c.Producer == nil {
				continue
			}
			for j := range c.Producer.Streams {
				s := &c.Producer.Streams[j]
				if l := s.Latency; l.Count > 0 && !yield(source{true, c.ID, s.Stream}, took{l, l.Mean * time.Duration(l.Count)}) {
					return
				}
			}
		}
	}
}

// seen is what a latency was at a time.
type seen struct {
	time  Figure
	count int64
	sum   time.Duration
}

// means tells how long messages took in the last seconds. Latencies count since the start, so their quantiles hardly move after a while; the
// sums of two moments tell the mean between them.
type means struct {
	now, spare map[source][]seen // oldest first; what is no longer there is forgotten. Two, so that no sample makes one
}

func newMeans() means { return means{make(map[source][]seen), make(map[source][]seen)} }

func (m *means) clear() { clear(m.now) }

// mean is that of those that took longest, in nanoseconds; unknown if nothing has ended.
func (m *means) mean(st *adapter.Status, at Figure) Figure {
	most := unknown
	next := m.spare
	for key, l := range timed(st) {
		// Counts that fell have begun anew.
		past := slices.DeleteFunc(m.now[key], func(p seen) bool { return at-p.time > lately || p.count > l.Count })
		if len(past) > 0 && l.Count > past[0].count {
			mean := Figure(l.sum-past[0].sum) / Figure(l.Count-past[0].count)
			if !(mean <= most) {
				most = max(0, mean) // sums of streams are made of means, which are rounded
			}
		}
		next[key] = append(past, seen{at, l.Count, l.sum})
	}
	clear(m.now)
	m.now, m.spare = next, m.now
	return most
}
