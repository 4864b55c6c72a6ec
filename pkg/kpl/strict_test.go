package kpl

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// disorder is a fake on which nothing can be relied on.
type disorder struct {
	*fakeKinesis
	mu     sync.Mutex
	random *rand.Rand
	calm   bool
}

func (d *disorder) chance(percent int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.calm && d.random.IntN(100) < percent
}

func (d *disorder) pause(most time.Duration) {
	d.mu.Lock()
	n := time.Duration(d.random.Int64N(int64(most)))
	d.mu.Unlock()
	time.Sleep(n)
}

func (d *disorder) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, o ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	d.pause(40 * time.Millisecond)
	switch {
	case d.chance(5):
		return nil, apiError("InternalFailure", "ordered")
	case d.chance(3):
		return nil, apiError("ValidationException", "one record is not liked")
	}
	out, err := d.fakeKinesis.PutRecords(ctx, in, o...)
	d.pause(40 * time.Millisecond)
	if d.chance(5) {
		return nil, errBroken
	}
	return out, err
}

// firstCopies checks, by the order in which the fake stored, that of each key the first copies stand in the order of the puts, and returns how
// many records are stored at least once.
func firstCopies(t *testing.T, f *fakeKinesis) int {
	t.Helper()
	last := map[string]int{}
	seen := map[string]bool{}
	for _, r := range f.userRecords(t) {
		if seen[string(r.Data)] {
			continue
		}
		seen[string(r.Data)] = true
		_, number, _ := strings.Cut(string(r.Data), ":")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		if n <= last[r.PartitionKey] {
			t.Errorf("key %s: record %d is stored after record %d", r.PartitionKey, n, last[r.PartitionKey])
		}
		last[r.PartitionKey] = n
	}
	return len(seen)
}

// Refusals of records and of whole requests, lost answers, splits: of each key what is stored stands in the order of the puts.
func TestStrictOrderHoldsWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &disorder{fakeKinesis: newFake(3), random: rand.New(rand.NewPCG(seed, 1))}
				d.listLatency = 30 * time.Millisecond
				d.refuse = func(types.PutRecordsRequestEntry, string) string {
					if d.chance(10) {
						return []string{codeThrottled, "InternalFailure"}[seed%2]
					}
					return ""
				}
				c := testConfig(d.fakeKinesis)
				c.API, c.StrictOrder = d, true
				c.AggregationEnabled = seed%4 != 0
				c.AggregationMaxSizeBytes = []int{100, 1000, 51200}[seed%3]
				c.RecordTTL = []time.Duration{forever, 3 * time.Second}[seed/2%2]
				b := start(t, c)
				const keys, each = 10, 60
				var all sync.WaitGroup
				for k := range keys {
					all.Go(func() {
						for i := range each {
							name := fmt.Sprintf("%d:%d", k, i+1)
							b.put(name, Record{Stream: "s", PartitionKey: fmt.Sprint("key", k), Data: []byte(name)})
							d.pause(30 * time.Millisecond)
						}
					})
				}
				for i := range 3 {
					time.Sleep(250 * time.Millisecond)
					d.split(fmt.Sprintf("shardId-%012d", i))
				}
				all.Wait()
				synctest.Wait()
				time.Sleep(5 * time.Second)
				d.mu.Lock()
				d.calm = true
				d.mu.Unlock()
				b.close()
				stored := 0
				for k := range keys {
					for i := range each {
						switch r := b.result(fmt.Sprintf("%d:%d", k, i+1)); {
						case r.Err == nil:
							stored++
						case c.RecordTTL == forever && failure(t, r).Code != "ValidationException":
							t.Errorf("record %d:%d: %v", k, i+1, r.Err)
						}
					}
				}
				if held := firstCopies(t, d.fakeKinesis); held < stored {
					t.Errorf("%d records are said to be stored, %d are", stored, held)
				}
				if stored == 0 {
					t.Error("nothing is stored")
				}
			})
		})
	}
}

// forever is a RecordTtl that never ends.
const forever = time.Duration(1<<63 - 1)

// One batch at a time costs no throughput that the shard would give: what waits goes on being aggregated.
func TestStrictOrderSendsFullAggregates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 200 * time.Millisecond
		c := testConfig(f)
		c.StrictOrder = true
		b := start(t, c)
		b.warm(f, "s")
		for i := range 2000 { // 1,000 records a second of 100 bytes, twice what the round trip would take one by one
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 100)})
			time.Sleep(time.Millisecond)
		}
		b.close()
		if most := f.most; most != 1 {
			t.Errorf("%d requests under way at a time, want one", most)
		}
		if got := len(f.sizes()); got > 12 {
			t.Errorf("%d requests in 2 s with a round trip of 200 ms", got)
		}
	})
}

// Plain records of different keys share a request; those of one key never do.
func TestStrictOrderBatchesPlainRecordsByKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 10 * time.Millisecond
		c := testConfig(f)
		c.StrictOrder, c.AggregationEnabled = true, false
		b := start(t, c)
		b.warm(f, "s")
		for i := range 30 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i % 10), Data: []byte(fmt.Sprint(i))})
		}
		b.close()
		for i, r := range f.requests {
			keys := map[string]bool{}
			for _, e := range r.entries {
				if keys[*e.PartitionKey] {
					t.Errorf("request %d has two records of key %s", i, *e.PartitionKey)
				}
				keys[*e.PartitionKey] = true
			}
		}
		if got := f.sizes(); len(got) > 4 {
			t.Errorf("requests of %v records, want about three of ten", got)
		}
	})
}

// Shards are independent: one that throttles holds up its own records only.
func TestStrictOrderHoldsUpNoOtherShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		f.refuse = func(_ types.PutRecordsRequestEntry, shard string) string {
			if shard == f.shards[0].id {
				return codeThrottled
			}
			return ""
		}
		c := testConfig(f)
		c.StrictOrder = true
		b := start(t, c)
		low, high := Record{Stream: "s", PartitionKey: "a", ExplicitHashKey: "1"}, Record{Stream: "s", PartitionKey: "b", ExplicitHashKey: f.shards[1].end.String()}
		b.put("stuck", low)
		for i := range 20 {
			b.put(fmt.Sprint(i), high)
			time.Sleep(time.Second / 4)
			synctest.Wait()
			if b.result(fmt.Sprint(i)).Err != nil {
				t.Errorf("record %d: %v", i, b.result(fmt.Sprint(i)).Err)
			}
		}
		f.order(func() { f.refuse = nil })
		b.close()
	})
}

// A record that cannot be stored leaves a gap, and the others of its aggregate keep their order.
func TestStrictOrderFindsTheRecordThatIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.before = func(_ int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			for _, e := range in.Records {
				if strings.Contains(string(e.Data), "k:7") {
					return nil, apiError("ValidationException", "not this one")
				}
			}
			return nil, nil
		}
		c := testConfig(f)
		c.StrictOrder = true
		b := start(t, c)
		for i := range 20 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: fmt.Appendf(nil, "k:%d", i+1)})
		}
		b.close()
		for i := range 20 {
			r := b.result(fmt.Sprint(i))
			if bad := i+1 == 7; bad != (r.Err != nil) {
				t.Errorf("record %d: %v", i+1, r.Err)
			}
		}
		if held := firstCopies(t, f); held != 19 {
			t.Errorf("%d records stored, want 19", held)
		}
	})
}

// Without a shard map there is no order to keep: the records wait for it, and fail when it cannot come.
func TestStrictOrderWaitsForTheFirstMap(t *testing.T) {
	for name, code := range map[string]string{"it comes": "InternalFailure", "it cannot come": "AccessDeniedException"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				f.beforeList = func(n int, _ *kinesis.ListShardsInput) error {
					if n < 3 {
						return apiError(code, "ordered")
					}
					return nil
				}
				c := testConfig(f)
				c.StrictOrder = true
				b := start(t, c)
				for i := range 10 {
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: fmt.Appendf(nil, "k:%d", i+1)})
				}
				b.close()
				final := code == "AccessDeniedException"
				for i := range 10 {
					if r := b.result(fmt.Sprint(i)); final != (r.Err != nil) || final && failure(t, r).Remedy == "" {
						t.Errorf("record %d: %v", i, r.Err)
					}
				}
				if held := firstCopies(t, f); held == 0 != final {
					t.Errorf("%d records stored", held)
				}
			})
		})
	}
}
