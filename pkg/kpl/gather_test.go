package kpl

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// syncPuts puts n records by PutSync side by side.
func syncPuts(t *testing.T, p *bench, n, from int) {
	t.Helper()
	for i := range n {
		go func() {
			if _, err := p.PutSync(context.Background(), Record{Stream: "s", PartitionKey: fmt.Sprint(from + i), Data: []byte("x")}); err != nil {
				t.Error(err)
			}
		}()
	}
}

// userRecordsByRequest is how many user records each request has.
func (f *fakeKinesis) userRecordsByRequest(t *testing.T) (counts []int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		n := 0
		for _, e := range r.entries {
			users, aggregated := usersOf(t, e.Data)
			if !aggregated {
				n++
			}
			n += len(users)
		}
		counts = append(counts, n)
	}
	return counts
}

// startWarm makes a producer whose shard map is there and fresh.
func startWarm(t *testing.T, f *fakeKinesis, change func(*Config)) *bench {
	t.Helper()
	c := testConfig(f)
	if change != nil {
		change(&c)
	}
	b := start(t, c)
	b.warm(f, "s")
	t.Cleanup(b.close)
	return b
}

func TestRecordsOfPutSyncGatherWhileARequestIsUnderWay(t *testing.T) {
	for _, c := range []struct {
		name    string
		latency time.Duration
		change  func(*Config)
		want    []int
		at      []time.Duration
	}{
		{"until its answer", time.Millisecond, nil, []int{1, 20}, []time.Duration{0, time.Millisecond}},
		{"for two milliseconds", 10 * time.Millisecond, nil, []int{1, 20}, []time.Duration{0, 2 * time.Millisecond}},
		{"for a fifth of RecordMaxBufferedTime", 10 * time.Millisecond, func(c *Config) { c.RecordMaxBufferedTime = 5 * time.Millisecond },
			[]int{1, 20}, []time.Duration{0, time.Millisecond}},
		{"full aggregates leave", 10 * time.Millisecond, func(c *Config) { c.AggregationMaxCount = 5 }, []int{1, 5, 5, 5, 5}, []time.Duration{0, 0, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				p := startWarm(t, f, c.change)
				f.order(func() { f.latency = c.latency })
				syncPuts(t, p, 1, 0)
				synctest.Wait()
				syncPuts(t, p, 20, 1)
				time.Sleep(time.Second)
				if diff := cmp.Diff(c.want, f.userRecordsByRequest(t)); diff != "" {
					t.Errorf("user records of each request (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(c.at, f.times()); diff != "" {
					t.Errorf("times of the requests (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestWhatGatheredForSeveralShardsLeavesInOneRequest(t *testing.T) {
	for _, latency := range []time.Duration{time.Millisecond, 10 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(8)
				p := startWarm(t, f, nil)
				f.order(func() { f.latency = latency })
				syncPuts(t, p, 1, 0)
				synctest.Wait()
				syncPuts(t, p, 100, 1)
				time.Sleep(time.Second)
				if diff := cmp.Diff([]int{1, 100}, f.userRecordsByRequest(t)); diff != "" {
					t.Errorf("user records of each request (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestARecordOfPutSyncLeavesAtOnceWhenNothingIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(4)
		p := startWarm(t, f, nil)
		for i := range 10 {
			began := time.Now()
			if _, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")}); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 0 {
				t.Errorf("record %d took %v of a service that takes none", i, took)
			}
		}
	})
}

// TestCrowdedStreamOfManyShardsSendsBeforePutWaits: with 64 shards none has enough for a request for long.
func TestCrowdedStreamOfManyShardsSendsBeforePutWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(64)
		f.latency = time.Millisecond
		p := startWarm(t, f, func(c *Config) { c.MaxOutstandingRecords, c.RateLimitPercent = 50_000, 1e9 })
		data := make([]byte, 200)
		for i := range 60_000 {
			if err := p.Put(t.Context(), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: data}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := f.userRecordsByRequest(t)[0]; n > 20_000 {
			t.Errorf("the first request has %d of the 50,000 user records that may be outstanding", n)
		}
	})
}

// TestWhatGathersOvertakesNothing: the order of puts stays that of the records, also where one of them is waited for.
func TestWhatGathersOvertakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := startWarm(t, f, func(c *Config) { c.AggregationMaxCount, c.RecordMaxBufferedTime = 2, 20*time.Second })
		f.order(func() { f.latency = 10 * time.Millisecond })
		syncPuts(t, b, 1, 0)
		synctest.Wait()
		for _, data := range []string{"a", "b"} { // which complete an aggregate that need not leave for long
			b.put(data, Record{Stream: "s", PartitionKey: "k", Data: []byte(data)})
		}
		syncPuts(t, b, 1, 1)
		time.Sleep(time.Second)
		var order []string
		for _, r := range f.storedUsers(t) {
			order = append(order, string(r))
		}
		if diff := cmp.Diff([]string{"x", "a", "b", "x"}, order); diff != "" {
			t.Errorf("stored (-want +got):\n%s", diff)
		}
	})
}

func (f *fakeKinesis) storedUsers(t *testing.T) (data [][]byte) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.stored {
		users, aggregated := usersOf(t, r.entry.Data)
		if !aggregated {
			data = append(data, r.entry.Data)
		}
		for _, u := range users {
			data = append(data, u.Data)
		}
	}
	return data
}
