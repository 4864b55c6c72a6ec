package kpl

import (
	"math/bits"
	"time"
)

// histogram counts durations in buckets that are an eighth to a quarter of their value wide, from 1 µs to 18 minutes.
type histogram struct {
	buckets [30*4 + 2]int64
	count   int64
	sum     time.Duration
	most    time.Duration
}

// bucketOf is the bucket of a duration: four for every power of two from 1024 ns on.
func bucketOf(d time.Duration) int {
	if d < 1<<10 {
		return 0
	}
	power := bits.Len64(uint64(d)) - 1
	return min(1+(power-10)*4+int(uint64(d)>>(power-2)&3), len(histogram{}.buckets)-1)
}

// bucketEnd is the largest duration of a bucket.
func bucketEnd(i int) time.Duration {
	if i == 0 {
		return 1 << 10
	}
	power, part := 10+(i-1)/4, (i-1)%4
	return time.Duration(uint64(5+part)<<(power-2) - 1)
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(d)]++
	h.count++
	h.sum += d
	h.most = max(h.most, d)
}

// quantile is a duration that this share of all did not exceed, by up to a quarter too large.
func (h *histogram) quantile(share float64) time.Duration {
	rank := int64(share * float64(h.count))
	for i, n := range h.buckets {
		if rank -= n; rank < 0 {
			return min(bucketEnd(i), h.most)
		}
	}
	return h.most
}

func (h *histogram) summary() Latency {
	l := Latency{Count: h.count, Max: h.most}
	if h.count > 0 {
		l.Mean = h.sum / time.Duration(h.count)
		l.P50, l.P99 = h.quantile(0.5), h.quantile(0.99)
	}
	return l
}

// Latency sums durations up. In JSON they are nanoseconds.
type Latency struct {
	Count int64         `json:"count"`
	Mean  time.Duration `json:"mean_ns"`
	// P50 and P99 are exact to a quarter of their value.
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// rateSeconds is over how many whole seconds rates are taken.
const rateSeconds = 10

// rate counts what happened in each of the last seconds.
type rate struct {
	counts [rateSeconds + 1]struct{ second, n, bytes int64 }
}

func (r *rate) add(now instant, n int, bytes int64) {
	second := int64(now) / int64(time.Second)
	c := &r.counts[second%int64(len(r.counts))]
	if c.second != second {
		c.second, c.n, c.bytes = second, 0, 0
	}
	c.n += int64(n)
	c.bytes += bytes
}

// perSecond is the mean of the last whole seconds; of the time since the producer began if that is less.
func (r *rate) perSecond(now instant) (n, bytes float64) {
	second := int64(now) / int64(time.Second)
	for _, c := range r.counts {
		if c.second < second && c.second >= second-rateSeconds {
			n += float64(c.n)
			bytes += float64(c.bytes)
		}
	}
	over := float64(min(second, rateSeconds))
	if over == 0 {
		return 0, 0
	}
	return n / over, bytes / over
}
