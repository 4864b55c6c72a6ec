package kpl

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// leavesAt puts a lone record and says when its request was made.
func leavesAt(t *testing.T, buffered time.Duration, aggregate bool) (at time.Duration) {
	t.Helper()
	onReadyMap(t, 1, func(c *Config) { c.RecordMaxBufferedTime, c.AggregationEnabled = buffered, aggregate }, func(t *testing.T, f *fakeKinesis, b *bench) {
		b.putOne("a", "", 10)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if n := len(f.times()); n != 1 {
			t.Fatalf("%d requests", n)
		}
		at = f.times()[0]
	})
	return at
}

// The KPL adds its collector's wait to T: 20 ms to 100 ms, 50 ms to a second.
func TestC40LoneRecordLeavesAtT(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{100 * time.Millisecond, time.Second, 0} {
		if at := leavesAt(t, wait, true); at != wait {
			t.Errorf("T=%v: left at %v", wait, at)
		}
	}
}

func TestC41LoneRecordWithoutAggregationLeavesAtT(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{100 * time.Millisecond, time.Second, 0} {
		if at := leavesAt(t, wait, false); at != wait {
			t.Errorf("T=%v: left at %v", wait, at)
		}
	}
}

// collectorRecords are the sizes of the Kinesis records of the collector's cases, which packing.json has in words, and over how many
// predicted shards they go in turn.
var collectorRecords = map[string]struct {
	sizes  []int
	shards int
}{
	"count-500": {repeat(1001, 100), 0}, "size-5-mib": {repeat(12, 1048000), 0}, "one-shard-256-kib": {repeat(13, 51200), 1},
	"two-shards-256-kib": {repeat(16, 51200), 2}, "no-prediction-no-shard-rule": {repeat(13, 51200), 0},
	"oversize-alone": {[]int{10, 6000000}, 0}, "count-1": {repeat(3, 10), 1},
}

// The KPL keeps a record that is larger than a request until its deadline; here it leaves at once, as full requests do.
func TestC42RequestsAreCollectedAsByTheKPL(t *testing.T) {
	t.Parallel()
	var file struct {
		Collector []struct {
			Name     string
			MaxSize  int64 `json:"collection_max_size"`
			MaxCount int   `json:"collection_max_count"`
			Requests []struct {
				When                       string
				First, Last, Records, Size int
			}
			KinesisRecords json.RawMessage `json:"kinesis_records"`
		}
	}
	readVectors(t, "testdata/packing.json", &file)
	if len(file.Collector) != len(collectorRecords) {
		t.Fatalf("%d cases, want %d", len(file.Collector), len(collectorRecords))
	}
	for _, v := range file.Collector {
		in, known := collectorRecords[v.Name]
		if n := fmt.Sprint(len(in.sizes), " records"); !known || v.Name != "oversize-alone" && !strings.HasPrefix(string(v.KinesisRecords), `"`+n) {
			t.Errorf("%s: not the case that is described by %s", v.Name, v.KinesisRecords)
			continue
		}
		t.Run(v.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(max(1, in.shards))
				c := testConfig(f)
				c.AggregationEnabled, c.RateLimitPercent, c.MaxUserRecordSizeBytes, c.MaxOutstandingBytes = false, 1<<40, 10<<20, 100<<20
				c.CollectionMaxCount, c.CollectionMaxSizeBytes = v.MaxCount, v.MaxSize
				c.MaxConnections = 1 // they arrive in the order in which they left
				if in.shards == 0 {
					f.listLatency = time.Minute // longer than all that follows
				}
				b := start(t, c)
				defer b.close()
				if in.shards == 0 {
					b.putHold("s")
				} else {
					b.warm(f, "s")
				}
				f.order(func() { f.epoch = time.Now() })
				leftBy := []string{} // the put with which each request left
				for i, size := range in.sizes {
					b.putOne(fmt.Sprint(i), []string{lowest, highest}[i%max(1, in.shards)], size)
					synctest.Wait()
					for range len(f.sizes()) - len(leftBy) {
						leftBy = append(leftBy, fmt.Sprint("put ", i+1))
					}
				}
				time.Sleep(200 * time.Millisecond)
				synctest.Wait()
				for range len(f.sizes()) - len(leftBy) {
					leftBy = append(leftBy, "deadline")
				}
				b.close()
				if len(f.requests) != len(v.Requests) {
					t.Fatalf("requests of %v, want %+v", f.sizes(), v.Requests)
				}
				for i, want := range v.Requests {
					bytes := 0
					for _, e := range f.requests[i].entries {
						bytes += len(e.Data) + len(*e.PartitionKey)
					}
					when := want.When
					if v.Name == "oversize-alone" && i == 1 {
						when = "put 2" // not at the deadline
					}
					if n := len(f.requests[i].entries); n != want.Records || bytes != want.Size || leftBy[i] != when {
						t.Errorf("request %d: %d records of %d bytes left with %s; want %+v", i, n, bytes, leftBy[i], want)
					}
				}
			})
		})
	}
}

func TestC43RequestsKeepTheirLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count int
		bytes int64
	}{{7, 5242880}, {500, 60000}, {3, 52224}} {
		t.Run(fmt.Sprint(c.count, " and ", c.bytes), func(t *testing.T) {
			onReadyMap(t, 3, func(cfg *Config) {
				cfg.CollectionMaxCount, cfg.CollectionMaxSizeBytes, cfg.AggregationMaxSizeBytes, cfg.RateLimitPercent = c.count, c.bytes, 5000, 1<<40
			}, func(t *testing.T, f *fakeKinesis, b *bench) {
				random := rand.New(rand.NewPCG(uint64(c.count), 43))
				f.order(func() { f.refuse = firstTimes(100, "InternalFailure") })
				for i := range 2000 {
					size := random.IntN(1000)
					if random.IntN(50) == 0 {
						size = random.IntN(100000)
					}
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint("key-", random.IntN(100)), Data: make([]byte, size)})
					if i%20 == 0 {
						time.Sleep(7 * time.Millisecond)
					}
				}
				b.close()
				full, alone := 0, 0
				for _, r := range f.requests {
					bytes := int64(0)
					for _, e := range r.entries {
						bytes += int64(len(e.Data) + len(*e.PartitionKey))
					}
					if len(r.entries) > c.count || len(r.entries) > 1 && bytes > c.bytes {
						t.Errorf("a request of %d records, %d bytes", len(r.entries), bytes)
					}
					if len(r.entries) == c.count || bytes > c.bytes*3/4 {
						full++
					}
					if bytes > c.bytes {
						alone++
					}
				}
				if full == 0 || alone == 0 && c.bytes < 100000 {
					t.Errorf("%d requests were near a limit, %d over it alone: nothing was proved", full, alone)
				}
			})
		})
	}
}

func TestC44AQuarterOfAShardsSecondLeavesAtOnce(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 1, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
		for i := range 13 {
			b.putOne(fmt.Sprint(i), "", 51200)
			synctest.Wait()
			if want := (i + 1) / 6; len(f.sizes()) != want {
				t.Fatalf("after %d records there are %d requests, want %d", i+1, len(f.sizes()), want)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if !slices.Equal(f.sizes(), []int{6, 6, 1}) || !slices.Equal(f.times(), []time.Duration{0, 0, 100 * time.Millisecond}) {
			t.Errorf("requests of %v at %v", f.sizes(), f.times())
		}
	})
}

func TestC45CollectionMaxCountOfOneSendsOneByOne(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 2, func(c *Config) { c.CollectionMaxCount, c.AggregationMaxCount = 1, 2 }, func(t *testing.T, f *fakeKinesis, b *bench) {
		for i := range 20 {
			b.putOne(fmt.Sprint(i), []string{lowest, highest}[i%2], 10)
		}
		b.close()
		if !slices.Equal(f.sizes(), repeat(10, 1)) {
			t.Errorf("requests of %v", f.sizes())
		}
	})
}

func TestC46MaxConnectionsBoundsTheRequestsInFlight(t *testing.T) {
	t.Parallel()
	two := func(c *Config) { c.MaxConnections, c.CollectionMaxCount, c.AggregationEnabled = 2, 10, false }
	onReadyMap(t, 4, two, func(t *testing.T, f *fakeKinesis, b *bench) {
		f.order(func() { f.latency, f.most = 50*time.Millisecond, 0 })
		for i := range 200 {
			b.put(fmt.Sprint(i), Record{Stream: fmt.Sprint("s", i%3), PartitionKey: fmt.Sprint(i), Data: []byte("x")})
		}
		b.flushed()
		last := f.times()[len(f.times())-1]
		if f.most != 2 || len(f.stored) != 200 || last < 450*time.Millisecond {
			t.Errorf("%d in flight, %d stored, the last request at %v", f.most, len(f.stored), last)
		}
	})
}

// The KPL's collector follows a flush 80 ms later.
func TestC47FlushSendsAtOnce(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 1, func(c *Config) { c.RecordMaxBufferedTime, c.RecordTTL = time.Minute, 10*time.Minute }, func(t *testing.T, f *fakeKinesis, b *bench) {
		b.putOne("a", "", 10)
		time.Sleep(time.Second)
		b.flushed()
		if times := f.times(); !slices.Equal(times, []time.Duration{time.Second}) || b.result("a").Err != nil {
			t.Errorf("flushed after a second, sent at %v", times)
		}
	})
}

// The KPL's flushSync looks every 500 ms whether all is done, what came later included.
func TestC48FlushReturnsWithTheLastResult(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 2, func(c *Config) { c.RecordMaxBufferedTime, c.RecordTTL = time.Minute, 10*time.Minute }, func(t *testing.T, f *fakeKinesis, b *bench) {
		f.order(func() { f.latency = 300 * time.Millisecond })
		began := time.Now()
		b.flushed()
		if took := time.Since(began); took != 0 {
			t.Errorf("with nothing outstanding it took %v", took)
		}
		f.order(func() { f.refuse = firstTimes(3, "InternalFailure") })
		const records = 600
		for i := range records {
			b.put(fmt.Sprint(i), Record{Stream: fmt.Sprint("s", i%3), PartitionKey: fmt.Sprint(i), Data: []byte("x")})
		}
		var lastResult time.Duration
		if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: "last"}, func(Result) { lastResult = time.Since(began) }); err != nil {
			t.Fatal(err)
		}
		b.flushed()
		took := time.Since(began)
		if n := b.count(); n != records || lastResult == 0 {
			t.Errorf("it returned with %d of %d results", n, records)
		}
		for i := range records {
			if r := b.result(fmt.Sprint(i)); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		if took < 300*time.Millisecond || took > time.Second {
			t.Errorf("one failed request of 300 ms and a second: it took %v", took)
		}
	})
}

// How long it takes from Put to the result is bounded: T, the limiter's pause and the round trip.
func TestLatencyIsBoundedAtAnyRate(t *testing.T) {
	t.Parallel()
	const roundTrip = 10 * time.Millisecond
	for _, perSecond := range []int{200, 2000} {
		t.Run(fmt.Sprint(perSecond, " records a second"), func(t *testing.T) {
			onReadyMap(t, 4, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
				f.order(func() { f.latency = roundTrip })
				var mu sync.Mutex
				var took []time.Duration
				data := make([]byte, 200)
				for i := range 20 * perSecond {
					began := time.Now()
					if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: fmt.Sprint("key-", i%1009), Data: data}, func(r Result) {
						mu.Lock()
						defer mu.Unlock()
						took = append(took, time.Since(began))
						if r.Err != nil {
							t.Error(r.Err)
						}
					}); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second / time.Duration(perSecond))
				}
				b.close()
				slices.Sort(took)
				if len(took) != 20*perSecond {
					t.Fatalf("%d results", len(took))
				}
				p99, most := took[len(took)*99/100], took[len(took)-1]
				if bound := 100*time.Millisecond + 10*time.Millisecond + roundTrip; p99 > bound {
					t.Errorf("99 of 100 took at most %v, want %v", p99, bound)
				}
				t.Logf("p50 %v, p99 %v, most %v", took[len(took)/2], p99, most)
			})
		})
	}
}
