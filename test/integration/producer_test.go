package integration

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

const manyRecords = 20_000

func TestProducerStoresEveryUserRecordOnceInItsShard(t *testing.T) {
	for _, e := range endpoints(t) {
		for _, mode := range []struct {
			name   string
			n      int
			change func(*kpl.Config)
		}{
			{"aggregated", manyRecords, func(*kpl.Config) {}},
			{"plain", 2_000, func(c *kpl.Config) { c.AggregationEnabled = false }},
		} {
			t.Run(e.name+"/"+mode.name, func(t *testing.T) {
				s := newStream(t, e, 5)
				cfg := e.config(t)
				mode.change(&cfg)
				records := someRecords(rand.New(rand.NewPCG(1, uint64(mode.n))), s.name, mode.n)
				claimed := produce(t, cfg, records)

				open := s.openShards(t)
				for _, c := range claimed {
					if sh := owner(t, open, hashed(t, c.record)); sh.id != c.result.ShardID {
						t.Fatalf("key %q: result names %s, its hash key is of %s", c.record.PartitionKey, c.result.ShardID, sh)
					}
				}
				stored := s.stored(t)
				requireSame(t, "the AWS SDK for Go", bagOf(claimed), decoded(t, stored))
				requireSame(t, "boto3 and aws-kinesis-agg", bagOf(claimed), s.readByPython(t))
				if mode.n == len(stored) != (mode.name == "plain") {
					t.Errorf("%d user records in %d Kinesis records", mode.n, len(stored))
				}
				t.Logf("%d user records in %d Kinesis records of %d shards", mode.n, len(stored), len(open))
			})
		}
	}
}

// claim is a record and what the producer says about it.
type claim struct {
	record kpl.Record
	result kpl.Result
}

// bagOf is what the results say about where each record is.
func bagOf(claims []claim) bag {
	b := bag{}
	for _, c := range claims {
		b[userRecord{c.result.ShardID, c.result.SequenceNumber, c.record.PartitionKey, string(c.record.Data)}]++
	}
	return b
}

func owner(t *testing.T, shards []shard, h kpl.HashKey) shard {
	t.Helper()
	for _, sh := range shards {
		if sh.holds(h) {
			return sh
		}
	}
	t.Fatalf("no shard holds hash key %s", h)
	return shard{}
}

// produce puts all records with a producer of their own and returns their results once it is closed; a failed record fails the test.
func produce(t *testing.T, cfg kpl.Config, records []kpl.Record) []claim {
	t.Helper()
	p, err := kpl.New(t.Context(), cfg)
	if err != nil {
		t.Fatalf("new producer: %v", err)
	}
	claims := &claims{}
	claims.putAll(t, p, records)
	closeProducer(t, p)
	return claims.get(t, len(records))
}

func closeProducer(t *testing.T, p *kpl.Producer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if left, err := p.Close(ctx); err != nil || left > 0 {
		t.Fatalf("close: %d records left, %v", left, err)
	}
}

// claims collects results as they come.
type claims struct {
	mu   sync.Mutex // guards what follows: results come on the producer's goroutines
	all  []claim
	errs []error
}

// putAll puts the first record alone: with it comes the shard map, without which nothing is aggregated, and these servers take long
// for their first answer.
func (c *claims) putAll(t *testing.T, p *kpl.Producer, records []kpl.Record) {
	t.Helper()
	c.put(t, p, records[0])
	if err := p.Flush(t.Context()); err != nil {
		t.Fatalf("flush: %v", err)
	}
	for _, r := range records[1:] {
		c.put(t, p, r)
	}
}

func (c *claims) put(t *testing.T, p *kpl.Producer, r kpl.Record) {
	t.Helper()
	err := p.Put(t.Context(), r, func(res kpl.Result) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, claim{r, res})
		if res.Err != nil {
			c.errs = append(c.errs, res.Err)
		}
	})
	if err != nil {
		t.Fatalf("put: %v", err)
	}
}

// get returns the results, of which there must be n, all good.
func (c *claims) get(t *testing.T, n int) []claim {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errs) > 0 {
		t.Fatalf("%d records failed, the first: %v", len(c.errs), c.errs[0])
	}
	if len(c.all) != n {
		t.Fatalf("%d results for %d records", len(c.all), n)
	}
	return c.all
}
