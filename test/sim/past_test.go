package sim

import (
	"fmt"
	"testing"
	"time"
)

// Worlds of the kind in which a fault was found once, made so that it would show again at once.
func TestWorldsThatFoundFaults(t *testing.T) {
	t.Parallel()
	const seeds = 15
	for name, c := range map[string]struct {
		change func(w *world)
	}{
		// Sent again, a record expires before those that wait for the connection with it.
		"expiry behind a slow request": {change: func(w *world) {
			w.Aggregate, w.CollectCount, w.Timeout, w.TTL, w.Pause, w.Burst = false, 1, 6*time.Second, 30*time.Second, 0, 200
			w.OutstandingRecords, w.SyncPercent, w.Ending = 200, 5, endsShort
			w.Faults.Record, w.Faults.Slow, w.Faults.Lost, w.Faults.Latency = 300, 200, 50, 0
		}},
		// Records that were sent while the service distributed them share a refused request with others.
		"refused amid a change of distribution": {change: func(w *world) {
			w.Strict, w.AggregateCount, w.CollectCount, w.Records, w.Pause = true, 1, 500, 600, 100*time.Millisecond
			w.Streams[0].Shards, w.Streams[0].Events = 8, []event{{At: 700 * time.Millisecond, What: autoOn}, {At: 5 * time.Second, What: autoOff}}
			w.Exact, w.Faults.Poison, w.Faults.Latency, w.Faults.Failed = false, 30, 400*time.Millisecond, 200
		}},
		// The first listings fail, and somebody waits for a result.
		"in a hurry before the first shard map": {change: func(w *world) {
			w.Aggregate, w.SyncPercent, w.Burst, w.Keys = false, 30, 1, 3
			w.Faults.ListFailed, w.Faults.Until = 700, 100*time.Millisecond
		}},
		// An answer has neither an error nor a sequence number for a record that is stored.
		"answers with blanks": {change: func(w *world) { w.Faults.Unreadable = 300 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(seeds) {
				w := calm()
				w.Seed, w.Faults.Until = seed, time.Hour
				c.change(w)
				for _, problem := range check(inWorld(t, w, truthful)) {
					t.Error(fmt.Sprintf("seed %d: ", seed), problem)
				}
			}
		})
	}
}
