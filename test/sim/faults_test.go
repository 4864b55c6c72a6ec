package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// calm is a world in which nothing goes wrong by itself: what a check finds there was put there.
func calm() *world {
	return &world{
		Seed: 7, Producers: 1, Aggregate: true, Exact: true, AggregateBytes: 2000, AggregateCount: 7, CollectCount: 10, Connections: 1,
		Buffered: 50 * time.Millisecond, TTL: 10 * time.Second, Timeout: time.Second, RatePercent: 100, OutstandingRecords: 100, OutstandingBytes: 1 << 20,
		Records: 300, Putters: 2, Keys: 10, Bytes: 100, Explicit: explicitNone, Burst: 10, Pause: 20 * time.Millisecond, Ending: endsCalm,
		Streams: []streamPlan{{Name: "stream-0", Shards: 4}},
		Faults:  faults{PageSize: 1000, Describe: describeTells, Latency: 5 * time.Millisecond},
	}
}

func found(problems []string, words string) bool {
	return slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, words) })
}

func TestTheCalmWorldIsInOrder(t *testing.T) {
	t.Parallel()
	o := inWorld(t, calm(), truthful)
	if problems := check(o); len(problems) > 0 || len(o.m.held) < 20 || o.m.disturbed {
		t.Errorf("%d Kinesis records held, disturbed %v: %q", len(o.m.held), o.m.disturbed, problems)
	}
}

// A model that lies is what a producer that loses, doubles or misplaces records looks like from outside.
func TestTheChecksFindLies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lie    lie
		change func(w *world)
		want   string
	}{
		{lie: lieDropped, want: "and is not"},
		{lie: lieTwice, want: "copies too many"},
		{lie: lieMoved, want: "and is not"},
		{lie: lieChanged, want: "and data"},
		{lieFailed, func(w *world) { w.Faults.Record, w.Faults.Until = 100, time.Hour }, "copies too many"},
		{lieFailed, func(w *world) { w.Faults.Record, w.Faults.Until = 1000, time.Hour }, "does not say that it may be"},
	} {
		t.Run(string(c.lie)+", "+c.want, func(t *testing.T) {
			t.Parallel()
			w := calm()
			if c.change != nil {
				c.change(w)
			}
			if problems := check(inWorld(t, w, c.lie)); !found(problems, c.want) {
				t.Errorf("problems %q, want one with %q", problems, c.want)
			}
		})
	}
}

// What no model can bring about is done to the outcome.
func TestTheChecksFindFaults(t *testing.T) {
	t.Parallel()
	aggregate := func(o *outcome) *held {
		i := slices.IndexFunc(o.m.held, func(h held) bool { return len(h.entry.users) > 1 })
		return &o.m.held[i]
	}
	for name, c := range map[string]struct {
		spoil func(o *outcome)
		want  string
	}{
		"no result":       {func(o *outcome) { o.puts[3].results = nil }, "has 0 results"},
		"two results":     {func(o *outcome) { o.puts[3].results = append(o.puts[3].results, o.puts[3].results[0]) }, "has 2 results"},
		"not accepted":    {func(o *outcome) { o.puts[3].accepted = false }, "was not accepted"},
		"stored too late": {func(o *outcome) { o.puts[3].endedAt = o.puts[3].endedAt.Add(time.Minute) }, "had its result after"},
		"failed but stored": {func(o *outcome) {
			o.puts[3].results[0].Err = &kpl.RecordError{Code: "x", Attempts: make([]kpl.Attempt, 1)}
		}, "may be"},
		"failed, no cause":   {func(o *outcome) { o.puts[3].results[0].Err = &kpl.RecordError{} }, "without a cause"},
		"no attempts":        {func(o *outcome) { o.puts[3].results[0].Attempts = nil }, "its result says"},
		"poison stored":      {func(o *outcome) { o.puts[3].poison = true }, "which the service refuses"},
		"never put":          {func(o *outcome) { o.m.held[3].entry.users[0].Data = []byte("1000000 0|") }, "never put"},
		"entry too many":     {func(o *outcome) { o.ends[0].ledger[o.puts[3].line()]++ }, "entries in the ledger"},
		"entries miscounted": {func(o *outcome) { o.ends[0].listed++ }, "duplicates and counts"},
		"left over":          {func(o *outcome) { o.ends[0].left++ }, "Close left"},
		"outstanding":        {func(o *outcome) { o.ends[0].stats.OutstandingRecords++ }, "after Close"},
		"many connections":   {func(o *outcome) { o.ends[0].client.most = 2 }, "in flight at a time"},
		"other order":        {func(o *outcome) { o.puts[0].counter = 1 << 30 }, "the other way round"},
		"other order, strict": {func(o *outcome) {
			o.w.Strict, o.m.disturbed, o.puts[0].counter = true, true, 1<<30
		}, "the other way round"},
		"after closing": {func(o *outcome) { o.m.held[3].shard.closed = o.m.began }, "after it was closed"},
		"straddling": {func(o *outcome) {
			h := aggregate(o)
			other := *h.shard // of the same name, so that only its range is wrong
			other.low, other.high = kpl.HashKeyOf("nobody"), kpl.HashKeyOf("nobody")
			h.shard = &other
		}, "consumers drop"},
		"aggregated, distributed": {func(o *outcome) { o.w.Streams[0].Auto = true }, "holds an aggregate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := inWorld(t, calm(), truthful)
			c.spoil(o)
			if problems := check(o); !found(problems, c.want) {
				t.Errorf("problems %q, want one with %q", problems, c.want)
			}
		})
	}
}

func TestTheSamplerFindsFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		st   kpl.Stats
		want string
	}{
		"lost":        {kpl.Stats{OutstandingRecords: 4}, "10 records accepted, 5 have their result and 4 are outstanding"},
		"too many":    {kpl.Stats{OutstandingRecords: 101}, "101 records outstanding"},
		"large":       {kpl.Stats{OutstandingRecords: 5, OutstandingBytes: 2 << 20}, "bytes outstanding"},
		"connections": {kpl.Stats{OutstandingRecords: 5, RequestsInFlight: 2}, "2 requests in flight"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := calm()
			r := &run{outcome: &outcome{w: w, m: newModel(w)}, accepted: []int{10}, ended: []int{5}, abandoned: []int{0}}
			r.look(0, c.st)
			if !found(r.problems, c.want) {
				t.Errorf("problems %q, want one with %q", r.problems, c.want)
			}
		})
	}
}

// A model whose closed shards took records would prove nothing about reshards.
func TestTheModelReshards(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	s := &stream{plan: &streamPlan{Name: "s"}}
	s.even(3, now)
	keys := []kpl.HashKey{hashKey(s.shards[0].start), hashKey(s.shards[0].end), kpl.HashKeyOf("a"), hashKey(s.shards[2].end)}
	for i, e := range []event{
		{What: split, N: 1}, {What: merge, N: 0}, {What: count, N: 4}, {What: split, N: 0}, {What: merge, N: 5}, {What: merge, N: 3}, {What: count},
	} {
		now = now.Add(time.Second)
		s.apply(e, now)
		open := s.open(now)
		for _, k := range keys {
			holders := 0
			for _, h := range open {
				if h.holds(k) {
					holders++
				}
			}
			if at := s.of(k, now); holders != 1 || !at.closed.IsZero() || !at.holds(k) {
				t.Errorf("after event %d %d open shards hold %s, which goes to %s", i, holders, k, at.id)
			}
		}
	}
}
