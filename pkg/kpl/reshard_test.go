package kpl

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// inPlace says whether every user record lies where a consumer that checks hash keys, as the KCL does, would keep it, and returns how
// often each was stored in such a place.
func (f *fakeKinesis) inPlace(t *testing.T) (times map[string]int, astray int) {
	t.Helper()
	times = map[string]int{}
	for _, r := range f.stored {
		records, ok, err := aggregation.Decode(r.entry.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			times[string(r.entry.Data)]++
			continue
		}
		shard := f.rangeOf(r.shard)
		whole := true
		for _, u := range records {
			h := HashKeyOf(u.PartitionKey)
			if u.ExplicitHashKey != "" {
				h, _ = ParseHashKey(u.ExplicitHashKey)
			}
			whole = whole && shard.holds(h)
		}
		if !whole { // the KCL drops all user records of such an aggregate
			astray++
			continue
		}
		for _, u := range records {
			times[string(u.Data)]++
		}
	}
	return times, astray
}

// C65: plain records that come into a child of a split are stored once.
func TestSplitStoresPlainRecordsOnce(t *testing.T) {
	for name, aggregate := range map[string]bool{"aggregation off": false, "lone records": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				c.AggregationEnabled = aggregate
				b := start(t, c)
				b.warm(f, "s")
				f.split("shardId-000000000000")
				b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("a")})
				time.Sleep(time.Second)
				synctest.Wait()
				if r := b.result("a"); r.Err != nil || r.ShardID != "shardId-000000000002" || len(r.Attempts) != 1 {
					t.Errorf("%+v", r)
				}
				if len(f.stored) != 1 || f.listCount() != 2 {
					t.Errorf("stored %d times, %d ListShards", len(f.stored), f.listCount())
				}
				st := b.Stats().Streams[0]
				if len(st.Shards) != 2 || st.Shards[0].ShardID != "shardId-000000000001" {
					t.Errorf("%+v", st.Shards)
				}
				b.close()
			})
		})
	}
}

// A consumer drops the whole of an aggregate of which one user record lies in the wrong shard, so all of it is sent again, and nothing else.
func TestSplitSendsStraddlingAggregatesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 20 * time.Millisecond
		b := start(t, testConfig(f))
		b.warm(f, "s")
		for i := range 100 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte(fmt.Sprint(i))})
		}
		f.split("shardId-000000000000")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		times, _ := f.inPlace(t)
		stored := f.userRecords(t)
		again := len(stored) - 100
		if again != 100 {
			t.Errorf("%d of 100 sent again, want all: they were in one aggregate", again)
		}
		for i := range 100 {
			name := fmt.Sprint(i)
			r := b.result(name)
			if r.Err != nil || times[name] != 1 {
				t.Errorf("record %s: %v, in place %d times", name, r.Err, times[name])
			}
			if shard := f.rangeOf(r.ShardID); !shard.holds(HashKeyOf(name)) {
				t.Errorf("record %s is said to be in %s", name, r.ShardID)
			}
			if got := codes(r.Attempts); len(got) > 1 && !slices.Equal(got, []string{codeWrongShard, ""}) {
				t.Errorf("record %s: attempts %v", name, got)
			}
		}
		if f.listCount() != 2 {
			t.Errorf("%d ListShards", f.listCount())
		}
		if st := b.Stats().Streams[0]; int(st.WrongShard) != again || st.Stored != 101 {
			t.Errorf("%+v", st.Totals)
		}
		b.close()
	})
}

// C67, and a merge: whole aggregates that lie in the parent's successor are successes.
func TestManyWrongAnswersFetchOneMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		f.listLatency = 50 * time.Millisecond
		c := testConfig(f)
		c.RecordMaxBufferedTime = 0
		b := start(t, c)
		b.warm(f, "s")
		time.Sleep(time.Second)
		f.order(func() { f.latency = 20 * time.Millisecond })
		f.mu.Lock()
		f.shards[0].closed, f.shards[1].closed = true, true
		f.shards = append(f.shards, shardRange{id: "shardId-000000000009", start: f.shards[0].start, end: f.shards[1].end})
		f.mu.Unlock()
		for i := range 10 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte(fmt.Sprint(i))})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if f.listCount() != 2 || len(f.stored) != 10 {
			t.Errorf("%d ListShards, %d stored", f.listCount(), len(f.stored))
		}
		for i := range 10 {
			if r := b.result(fmt.Sprint(i)); r.Err != nil || r.ShardID != "shardId-000000000009" {
				t.Errorf("%+v", r)
			}
		}
		b.close()
	})
}

// An answer names a shard that is closed again by the time the map comes: the full list knows its range.
func TestAnswerOfAShardThatIsClosedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency, f.listLatency = 20*time.Millisecond, 20*time.Millisecond
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.split("shardId-000000000000")
		for i := range 4 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte(fmt.Sprint(i))})
		}
		time.Sleep(125 * time.Millisecond) // stored in the child, whose map is being asked for
		f.split("shardId-000000000002")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := f.userRecords(t); len(got) != 4 {
			t.Errorf("%d records stored, want each of 4 once", len(got))
		}
		for i := range 4 {
			if r := b.result(fmt.Sprint(i)); r.Err != nil || r.ShardID != "shardId-000000000002" {
				t.Errorf("%+v", r)
			}
		}
		b.close()
	})
}

// While the map cannot be had records go on, and end when their time is over.
func TestReshardWithoutAMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.order(func() {
			f.beforeList = func(int, *kinesis.ListShardsInput) error { return apiError("AccessDeniedException", "no") }
		})
		f.split("shardId-000000000000")
		b.put("plain", Record{Stream: "s", PartitionKey: "k", Data: []byte("plain")})
		time.Sleep(time.Second)
		for i := range 4 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte(fmt.Sprint(i))})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if r := b.result("plain"); r.Err != nil {
			t.Error(r.Err)
		}
		for i := range 4 {
			e := failure(t, b.result(fmt.Sprint(i)))
			if !slices.Equal(codes(e.Attempts), []string{codeWrongShard, codeExpired}) {
				t.Errorf("%v", e)
			}
		}
		if st := b.Stats().Streams[0]; st.ShardMapError == "" {
			t.Error("the statistics do not say why there is no new map")
		}
		b.close()
	})
}

// A closed shard's waiting records are predicted anew.
func TestWaitingRecordsOfAClosedShardMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationMaxCount = 1, 50
		b := start(t, c)
		b.warm(f, "s")
		synctest.Wait() // the first map is all there: what asks for another now gets one
		// The shard's burst of bytes is used up, so these wait in the limiter.
		b.put("big", Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 1<<20)})
		s := (*b.streams.Load())["s"]
		l := s.routes.Load().lanes[0]
		l.mu.Lock()
		l.bucket.bytes = -1 << 20
		l.mu.Unlock()
		for i := range 200 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: bytes.Repeat([]byte(fmt.Sprintf("%03d", i)), 100)})
		}
		f.split("shardId-000000000000")
		s.fetchShards()
		time.Sleep(time.Second)
		synctest.Wait()
		_, astray := f.inPlace(t)
		for i := range 200 {
			if r := b.result(fmt.Sprint(i)); r.Err != nil || len(r.Attempts) != 1 {
				t.Fatalf("record %d: %+v", i, r)
			}
		}
		if astray != 0 {
			t.Errorf("%d aggregates mix the new shards", astray)
		}
		b.close()
	})
}

// A stream with record distribution AUTO: the service spreads records as it likes.
func TestSpreadStreamIsNoticedAndLeftAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(4)
		f.latency = 5 * time.Millisecond
		var n atomic.Int64
		spread := func(types.PutRecordsRequestEntry) string { return fmt.Sprintf("shardId-%012d", n.Add(1)%4) }
		f.place = spread
		b := start(t, testConfig(f))
		name := 0
		some := func(count int) {
			for range count {
				name++
				b.put(fmt.Sprint(name), Record{Stream: "s", PartitionKey: fmt.Sprint(name), Data: []byte(fmt.Sprint(name))})
			}
			time.Sleep(3 * time.Second)
			synctest.Wait()
		}
		for range 20 {
			some(20)
		}
		if st := b.Stats().Streams[0]; st.Aggregating {
			t.Fatal("not noticed")
		}
		lists := f.listCount()
		f.order(func() { f.stored = nil })
		some(50)
		if got := f.userRecords(t); len(got) != 50 || len(f.stored) != 50 || f.listCount() != lists {
			t.Errorf("%d records in %d, %d more ListShards; want plain records, once each", len(got), len(f.stored), f.listCount()-lists)
		}
		f.order(func() { f.place = nil })
		for range 25 {
			some(50)
		}
		if st := b.Stats().Streams[0]; !st.Aggregating {
			t.Error("aggregation did not come back")
		}
		b.close()
		for i := 1; i <= name; i++ {
			if r := b.result(fmt.Sprint(i)); r.Err != nil {
				t.Errorf("record %d: %v", i, r.Err)
			}
		}
	})
}
