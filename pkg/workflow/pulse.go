package workflow

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// Gauges are what a workflow is doing at a moment.
type Gauges struct {
	// BufferedBytes are the payloads, as they were consumed, of messages without an outcome.
	BufferedBytes int64
	// MessagesPerSecond got their outcome, in the mean over the last ten whole seconds.
	MessagesPerSecond float64
	// Latency is from the consumer to the outcome, since the start of the process. P50 and P99 are exact to a quarter of their value.
	Latency kpl.Latency
	// LatencySum is the sum of those that Latency counts. It never falls, as the mean times the count would: the mean is rounded.
	LatencySum time.Duration
}

// pulseSeconds is over how many whole seconds the rate of messages is taken.
const pulseSeconds = 10

// pulse counts what Gauges tells. It takes no lock: every message of every workflow passes it twice. What happens in the same moment on
// many processors may be counted into the second beside its own.
type pulse struct {
	in      atomic.Int64 // bytes
	_       [cacheLine]byte
	out     atomic.Int64 // bytes
	sum     atomic.Int64 // of latencies, in ns
	most    atomic.Int64
	latency [pulseBuckets]atomic.Int64
	seconds [pulseSeconds + 2]struct{ at, n atomic.Int64 }
}

// cacheLine keeps what consumers write and what outcomes write apart: they are on different processors mostly, and either would wait for the
// other with each message.
const cacheLine = 64

// clock is the time since the program began: it is never set, and to read it costs half of what the time of day does.
func clock() time.Duration { return time.Since(clockBegan) }

var clockBegan = time.Now()

// passage is a message from its consumer to its outcome.
type passage struct {
	size  int
	began time.Duration
}

// began counts a message in.
func (p *pulse) began(size int) passage {
	p.in.Add(int64(size))
	return passage{size, clock()}
}

// left counts a message out that was given back: how long that took says nothing of the workflow.
func (p *pulse) left(m passage) { p.out.Add(int64(m.size)) }

// ended counts it out with its outcome.
func (p *pulse) ended(m passage, now time.Duration) {
	p.out.Add(int64(m.size))
	took := now - m.began
	p.latency[pulseBucket(took)].Add(1)
	p.sum.Add(int64(took))
	for most := p.most.Load(); int64(took) > most && !p.most.CompareAndSwap(most, int64(took)); most = p.most.Load() {
	}
	second := int64(now / time.Second)
	slot := &p.seconds[uint64(second)%uint64(len(p.seconds))] //nolint:gosec // only where the clock is made up is it before the program's begin
	if at := slot.at.Load(); at != second && slot.at.CompareAndSwap(at, second) {
		slot.n.Store(0)
	}
	slot.n.Add(1)
}

func (p *pulse) gauges(now time.Duration) Gauges {
	out := p.out.Load() // before what came in, so that the difference is never negative
	g := Gauges{BufferedBytes: p.in.Load() - out}
	second, n := int64(now/time.Second), int64(0)
	for i := range p.seconds {
		if at := p.seconds[i].at.Load(); at < second && at >= second-pulseSeconds {
			n += p.seconds[i].n.Load()
		}
	}
	g.MessagesPerSecond = float64(n) / pulseSeconds
	var counts [pulseBuckets]int64
	l := &g.Latency
	for i := range counts {
		counts[i] = p.latency[i].Load()
		l.Count += counts[i]
	}
	if l.Count == 0 {
		return g
	}
	l.Max = time.Duration(p.most.Load())
	g.LatencySum = time.Duration(p.sum.Load())
	l.Mean = g.LatencySum / time.Duration(l.Count)
	quantile := func(share float64) time.Duration {
		rank := int64(share * float64(l.Count))
		for i, n := range counts[:pulseBuckets-1] { // the last has no end
			if rank -= n; rank < 0 {
				return min(pulseBucketEnd(i), l.Max)
			}
		}
		return l.Max
	}
	l.P50, l.P99 = quantile(0.5), quantile(0.99)
	return g
}

// pulseBuckets are four for every power of two from 1,024 ns to 18 minutes, one below and one above.
const pulseBuckets = 30*4 + 2

func pulseBucket(d time.Duration) int {
	if d < 1<<10 {
		return 0
	}
	power := bits.Len64(uint64(d)) - 1
	return min(1+(power-10)*4+int(uint64(d)>>(power-2)&3), pulseBuckets-1)
}

// pulseBucketEnd is the largest duration of a bucket.
func pulseBucketEnd(i int) time.Duration {
	if i == 0 {
		return 1<<10 - 1
	}
	power, quarter := 10+(i-1)/4, (i-1)%4
	return time.Duration(uint64(5+quarter)<<(power-2) - 1)
}
