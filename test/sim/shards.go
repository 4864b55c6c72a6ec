package sim

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// shard is a shard of the model, open or closed.
type shard struct {
	id         string
	start, end *big.Int
	low, high  kpl.HashKey // the same
	opened     time.Time
	closed     time.Time // zero while it is open

	// records and bytes are what the shard takes now: a second's worth at most.
	records, bytes float64
	filled         time.Time
}

// What a shard takes in a second.
const (
	shardRecords = 1000
	shardBytes   = 1 << 20
)

func (s *shard) holds(h kpl.HashKey) bool { return h.Compare(s.low) >= 0 && h.Compare(s.high) <= 0 }

// admits takes a record of that many bytes from the shard's allowance; share is how much of it is left by others.
func (s *shard) admits(bytes int, share float64, now time.Time) bool {
	passed := now.Sub(s.filled).Seconds()
	s.filled = now
	s.records = min(shardRecords*share, s.records+passed*shardRecords*share)
	s.bytes = min(shardBytes*share, s.bytes+passed*shardBytes*share)
	// A record that is larger than what others leave passes when all of that is there.
	if s.records < 1 || s.bytes < min(float64(bytes), shardBytes*share) {
		return false
	}
	s.records--
	s.bytes -= float64(bytes)
	return true
}

// stream is a stream of the model. The model's mutex guards it.
type stream struct {
	plan    *streamPlan
	appears time.Time
	shards  []*shard // all that ever were, by age
	auto    bool
	turn    int // of the next record when the service distributes
	// changes are the times of reshardings, oldest first.
	changes []time.Time
}

func hashKey(n *big.Int) kpl.HashKey {
	h, err := kpl.ParseHashKey(n.String())
	if err != nil {
		panic(err)
	}
	return h
}

// add opens a shard for a range of hash keys, both ends included.
func (s *stream) add(start, end *big.Int, now time.Time) {
	s.shards = append(s.shards, &shard{
		id: fmt.Sprintf("shardId-%012d", len(s.shards)), start: start, end: end, low: hashKey(start), high: hashKey(end),
		opened: now, filled: now, records: shardRecords, bytes: shardBytes,
	})
}

// even opens n shards of equal ranges.
func (s *stream) even(n int, now time.Time) {
	step := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(int64(n)))
	last := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	for i := range int64(n) {
		start := new(big.Int).Mul(step, big.NewInt(i))
		end := new(big.Int).Sub(new(big.Int).Add(start, step), big.NewInt(1))
		if i == int64(n)-1 {
			end = last
		}
		s.add(start, end, now)
	}
}

// open are the shards that took records at a time, by range.
func (s *stream) open(at time.Time) (open []*shard) {
	for _, h := range s.shards {
		if !h.opened.After(at) && (h.closed.IsZero() || h.closed.After(at)) {
			open = append(open, h)
		}
	}
	slices.SortFunc(open, func(a, b *shard) int { return a.low.Compare(b.low) })
	return open
}

// of is the shard that takes a hash key now.
func (s *stream) of(h kpl.HashKey, now time.Time) *shard {
	if s.auto {
		open := s.open(now)
		s.turn++
		return open[s.turn%len(open)]
	}
	for i := len(s.shards) - 1; i >= 0; i-- {
		if c := s.shards[i]; c.closed.IsZero() && c.holds(h) {
			return c
		}
	}
	panic("a hash key without an open shard")
}

// maxOpen bounds what splits can make of a stream.
const maxOpen = 16

// apply changes the stream.
func (s *stream) apply(e event, now time.Time) {
	open := s.open(now)
	i := e.N % len(open)
	switch e.What {
	case autoOn, autoOff:
		s.auto = e.What == autoOn
		return
	case split:
		h := open[i]
		if len(open) >= maxOpen || h.start.Cmp(h.end) == 0 {
			return
		}
		middle := new(big.Int).Rsh(new(big.Int).Add(h.start, h.end), 1)
		h.closed = now
		s.add(h.start, middle, now)
		s.add(new(big.Int).Add(middle, big.NewInt(1)), h.end, now)
	case merge:
		if i+1 >= len(open) {
			return
		}
		a, b := open[i], open[i+1]
		a.closed, b.closed = now, now
		s.add(a.start, b.end, now)
	case count:
		for _, h := range open {
			h.closed = now
		}
		s.even(1+e.N, now)
	}
	s.changes = append(s.changes, now)
}
