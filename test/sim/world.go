package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// world is everything that is drawn from a seed.
type world struct {
	Seed uint64
	// Exact means that each fault which leaves open whether a request was stored has stored it: then the ledger of duplicates must be exact.
	Exact bool

	// How the producers are configured.
	Producers                                     int
	Aggregate, Strict, FailIfThrottled            bool
	AggregateBytes                                int
	AggregateCount                                int64
	CollectCount, Connections                     int
	Buffered, TTL, Timeout                        time.Duration
	RatePercent                                   int64
	OutstandingRecords, OutstandingBytes          int64
	AutoByDefault                                 bool
	Records, Putters, Keys                        int // of each producer
	Bytes, LargePerThousand                       int
	Explicit                                      explicitKeys
	SyncPercent, ContextPercent, FlushPerThousand int
	Burst                                         int
	Pause                                         time.Duration
	JumpPerThousand                               int
	SlowCallbacks                                 bool
	Ending                                        ending
	EndsAt, EndsWithin                            time.Duration

	Streams []streamPlan
	Faults  faults
}

// explicitKeys says which records have an explicit hash key.
type explicitKeys string

const (
	explicitNone   explicitKeys = "none"
	explicitKey    explicitKeys = "per key"
	explicitRecord explicitKeys = "per record"
)

// ending says how the producers are closed.
type ending string

const (
	endsCalm   ending = "calm"   // when all is put, with time for everything
	endsShort  ending = "short"  // when all is put, with little time
	endsAbrupt ending = "abrupt" // while records are put, with little time
)

// streamPlan is a stream and what happens to it.
type streamPlan struct {
	Name    string
	Shards  int
	Appears time.Duration // it cannot be found before
	Auto    bool          // distributes its records itself from the start
	Events  []event
}

// event is a change of a stream.
type event struct {
	At   time.Duration
	What change
	N    int // which shard, or how many
}

type change string

const (
	split   change = "split"
	merge   change = "merge"
	count   change = "count"
	autoOn  change = "auto on"
	autoOff change = "auto off"
)

// faults are chances per thousand requests, or records, unless they say otherwise.
type faults struct {
	Until        time.Duration // there are none later
	Record       int           // a record fails with InternalFailure
	Failed       int           // HTTP 5xx, nothing stored
	FailedStored int           // HTTP 5xx, stored
	Throttled    int           // the whole request is throttled
	Lost         int           // stored, but the connection breaks
	Refused      int           // the connection is refused
	Slow         int           // no answer within RequestTimeout
	Late         int           // no answer, and stored when the producer has given up waiting
	Unreadable   int           // stored, but the answer is short, empty or has blanks
	Poison       int           // of user records: the service refuses every request that has one
	LoadPercent  int           // what others use of each shard
	Latency      time.Duration
	ListFailed   int
	ListDown     time.Duration // from when no listing succeeds for listDownFor; 0: never
	ListStale    int
	ListLatency  time.Duration
	PageSize     int
	Describe     describing
}

// describing says how DescribeStreamSummary answers.
type describing string

const (
	describeTells  describing = "tells"
	describeSlow   describing = "slow"
	describeDenied describing = "denied"
	describeFails  describing = "fails at first"
)

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// draw makes the world of a seed.
func draw(seed uint64) *world {
	const ms = time.Millisecond
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	w := &world{
		Seed: seed, Exact: r.IntN(3) == 0, Producers: one(r, 1, 1, 1, 1, 2, 3),
		Aggregate: r.IntN(4) > 0, Strict: r.IntN(3) == 0, FailIfThrottled: r.IntN(8) == 0,
		AggregateBytes: one(r, 300, 2000, 51200, 51200), AggregateCount: one[int64](r, 1, 7, 100, 4294967295),
		CollectCount: one(r, 1, 10, 500, 500), Connections: one(r, 1, 1, 2, 4, 24),
		Buffered: one(r, 0, 10*ms, 100*ms, 100*ms, 1000*ms, 20*time.Second), TTL: one(r, 100*ms, 1000*ms, 5*time.Second, 30*time.Second, 30*time.Second, time.Hour),
		Timeout: one(r, 500*ms, 2*time.Second, 6*time.Second), RatePercent: one[int64](r, 10, 100, 150, 150),
		OutstandingRecords: one[int64](r, 1, 20, 200, 200000, 200000), OutstandingBytes: one[int64](r, 2000, 100_000, 64<<20, 64<<20),
		Records: 50 + r.IntN(500), Putters: 1 + r.IntN(4), Keys: one(r, 1, 5, 20, 100),
		Bytes: one(r, 0, 30, 200, 200, 2000), LargePerThousand: one(r, 0, 0, 0, 20),
		Explicit:    one(r, explicitNone, explicitNone, explicitKey, explicitRecord),
		SyncPercent: one(r, 0, 0, 5, 30), ContextPercent: one(r, 0, 0, 10), FlushPerThousand: one(r, 0, 0, 10),
		Burst: one(r, 1, 10, 50, 200), Pause: one(r, 0, 5*ms, 50*ms, 300*ms), JumpPerThousand: one(r, 0, 0, 3),
		SlowCallbacks: r.IntN(10) == 0, Ending: one(r, endsCalm, endsCalm, endsCalm, endsShort, endsAbrupt),
		EndsAt: time.Duration(r.IntN(3000)) * ms, EndsWithin: time.Duration(r.IntN(500)) * ms,
	}
	for i := range one(r, 1, 1, 1, 2, 3) {
		w.Streams = append(w.Streams, drawStream(r, i))
	}
	w.AutoByDefault = w.Streams[0].Auto && r.IntN(2) == 0
	w.Faults = drawFaults(r, w)
	if w.Strict && r.IntN(2) == 0 {
		w.reshardUnderWay(r)
	}
	return w
}

// reshardUnderWay makes requests and listings slow and keys few, so that reshards find records of the same key under way.
func (w *world) reshardUnderWay(r *rand.Rand) {
	const ms = time.Millisecond
	w.Keys, w.Connections, w.TTL, w.Pause, w.Burst = one(r, 2, 5), one(r, 4, 24), 30*time.Second, 50*ms, one(r, 1, 10)
	w.Faults.Latency, w.Faults.ListLatency, w.Faults.PageSize = 400*ms, one(r, 20*ms, 400*ms), one(r, 2, 1000)
	for i := range w.Streams {
		s := &w.Streams[i]
		for range 6 {
			s.Events = append(s.Events, event{At: time.Duration(r.IntN(10_000)) * ms, What: one(r, split, merge, count), N: r.IntN(6)})
		}
		s.sort()
	}
}

func drawStream(r *rand.Rand, i int) streamPlan {
	s := streamPlan{Name: fmt.Sprintf("stream-%d", i), Shards: one(r, 1, 2, 3, 8), Auto: r.IntN(12) == 0}
	if r.IntN(8) == 0 {
		s.Appears = time.Duration(r.IntN(2000)) * time.Millisecond
	}
	for range one(r, 0, 0, 1, 3, 6) {
		at := time.Duration(r.IntN(4000)) * time.Millisecond
		e := event{At: at, What: one(r, split, split, merge, count), N: r.IntN(6)}
		s.Events = append(s.Events, e)
		if r.IntN(4) == 0 { // another one at the same moment
			s.Events = append(s.Events, event{At: at, What: one(r, split, merge), N: r.IntN(6)})
		}
	}
	if r.IntN(12) == 0 {
		on, off := autoOn, autoOff
		if s.Auto {
			on, off = off, on
		}
		at := time.Duration(r.IntN(3000)) * time.Millisecond
		s.Events = append(s.Events, event{At: at, What: on}, event{At: at + time.Duration(r.IntN(5000))*time.Millisecond, What: off})
	}
	s.sort()
	return s
}

func (s *streamPlan) sort() {
	slices.SortStableFunc(s.Events, func(a, b event) int { return int(a.At - b.At) })
}

func drawFaults(r *rand.Rand, w *world) faults {
	const ms = time.Millisecond
	f := faults{
		LoadPercent: one(r, 0, 0, 0, 90, 97), Latency: one(r, 0, 5*ms, 40*ms, 400*ms), ListLatency: one(r, 0, 20*ms, 400*ms),
		PageSize: one(r, 1, 2, 1000), Describe: one(r, describeTells, describeTells, describeTells, describeSlow, describeDenied, describeFails),
	}
	if r.IntN(4) == 0 {
		return f // calm but for the shards' limits
	}
	f.Until = one(r, 500*ms, 3*time.Second, 20*time.Second, time.Hour)
	some := func() int { return one(r, 0, 0, 0, 20, 100, 300) }
	f.Record, f.Throttled, f.Refused = some(), some(), some()
	f.FailedStored, f.Lost, f.Slow, f.Unreadable = some()/3, some(), some()/3, some()/6
	f.ListFailed, f.ListStale = some(), some()
	f.Poison = one(r, 0, 0, 0, 0, 2)
	f.ListDown = one(r, 0, 0, 0, 0, 300*ms, 3*time.Second)
	if !w.Exact {
		f.Failed = some()
	}
	if !w.Strict { // no producer can keep the order of what the network stores whenever it likes
		f.Late = some() / 3
	}
	return f
}

// everAuto says whether the stream distributes its records itself at any time.
func (s *streamPlan) everAuto() bool {
	return s.Auto || slices.ContainsFunc(s.Events, func(e event) bool { return e.What == autoOn })
}

// replay is the command that runs the world again.
func (w *world) replay() string {
	return fmt.Sprintf("SIM_SEED=%d go test -run TestSimulation -v ./test/sim", w.Seed)
}

// String lists the world's parameters.
func (w *world) String() string {
	type plain world // without this method
	return strings.ReplaceAll(fmt.Sprintf("%+v", plain(*w)), " Streams:", "\n  Streams:")
}
