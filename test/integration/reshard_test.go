package integration

import (
	"math/rand/v2"
	"testing"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

func TestProducerFollowsSplitAndMerge(t *testing.T) {
	for _, e := range endpoints(t) {
		t.Run(e.name, func(t *testing.T) {
			s := newStream(t, e, 2)
			p, err := kpl.New(t.Context(), e.config(t))
			if err != nil {
				t.Fatal(err)
			}
			records := someRecords(rand.New(rand.NewPCG(2, 2)), s.name, 9_000)
			results := &claims{}
			// The changes happen while records are put: the producer learns of each from the answers alone.
			steps := map[int]func(){
				2_000: func() { s.split(t, s.openShards(t)[0]) },
				4_000: func() { s.split(t, s.openShards(t)[0]) },
				6_000: func() {
					low, next := lowestTwo(s.openShards(t))
					s.merge(t, low, next)
				},
			}
			for i, r := range records {
				if step := steps[i]; step != nil {
					step()
				}
				results.put(t, p, r)
			}
			closeProducer(t, p)
			all := results.get(t, len(records))

			found := s.readByPython(t)
			stored := s.stored(t)
			requireSame(t, "the two readers", decoded(t, stored), found)
			// What the Kinesis Client Library delivers must be what was put, once.
			requireSame(t, "records as consumers see them", bagOf(all), s.delivered(t, found, stored, records))
			ids := map[string]bool{}
			for _, c := range all {
				ids[c.result.ShardID] = true
			}
			if len(ids) < 5 {
				t.Errorf("records went to %d shards only; the changes were not seen", len(ids))
			}
			t.Logf("%d user records in %d shards, %d stored user records", len(all), len(ids), found.total())
		})
	}
}

// delivered is what the Kinesis Client Library makes of a stream: it drops a whole aggregated record as soon as one user record in
// it has a hash key outside the shard that it was read from. A plain record is delivered wherever it is.
func (s *stream) delivered(t *testing.T, found bag, stored []kinesisRecord, records []kpl.Record) bag {
	t.Helper()
	byID := map[string]shard{}
	for _, sh := range s.shards(t) {
		byID[sh.id] = sh
	}
	hashes := map[[2]string]kpl.HashKey{}
	for _, r := range records {
		hashes[[2]string{r.PartitionKey, string(r.Data)}] = hashed(t, r)
	}
	type place struct{ shard, sequenceNumber string }
	aggregated, dropped := map[place]bool{}, map[place]bool{}
	for _, r := range stored {
		aggregated[place{r.shard, r.sequenceNumber}] = aggregation.IsAggregated(r.data)
	}
	for u := range found {
		at := place{u.shard, u.sequenceNumber}
		if aggregated[at] && !byID[u.shard].holds(hashes[[2]string{u.partitionKey, u.data}]) {
			dropped[at] = true
		}
	}
	kept := bag{}
	for u, n := range found {
		if !dropped[place{u.shard, u.sequenceNumber}] {
			kept[u] = n
		}
	}
	return kept
}

// lowestTwo are the two open shards with the lowest hash keys, which are neighbours.
func lowestTwo(open []shard) (low, next shard) {
	low = lowest(open, func(shard) bool { return true })
	return low, lowest(open, func(sh shard) bool { return sh.id != low.id })
}

func lowest(shards []shard, in func(shard) bool) shard {
	var best shard
	for _, sh := range shards {
		if in(sh) && (best.id == "" || sh.first.Compare(best.first) < 0) {
			best = sh
		}
	}
	return best
}
