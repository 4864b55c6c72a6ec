package kpl

import (
	"context"

	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// throttleOnce refuses the first record of a partition key.
func throttleOnce(f *fakeKinesis, key string) {
	once := true
	f.order(func() {
		f.refuse = func(e types.PutRecordsRequestEntry, _ string) string {
			if once && *e.PartitionKey == key {
				once = false
				return codeThrottled
			}
			return ""
		}
	})
}

func strictPlain(f *fakeKinesis) Config {
	c := testConfig(f)
	c.StrictOrder, c.AggregationEnabled = true, false
	return c
}

// What is refused has waited for company once already.
func TestStrictOrderTriesAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := strictPlain(f)
		c.CollectionMaxCount, c.RecordMaxBufferedTime = 2, 20*time.Second
		b := start(t, c)
		b.warm(f, "s")
		throttleOnce(f, "k1")
		began := time.Now()
		b.put("1", Record{Stream: "s", PartitionKey: "k1", Data: []byte("x")})
		b.put("2", Record{Stream: "s", PartitionKey: "k2", Data: []byte("x")})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if b.count() != 2 {
			t.Errorf("%d results of 2 after %v", b.count(), time.Since(began))
		}
		b.close()
	})
}

func TestStrictOrderFlushHurriesWhatIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 50 * time.Millisecond
		c := strictPlain(f)
		c.CollectionMaxCount, c.RecordMaxBufferedTime, c.RecordTTL = 2, forever, forever
		b := start(t, c)
		b.warm(f, "s")
		throttleOnce(f, "k1")
		b.put("1", Record{Stream: "s", PartitionKey: "k1", Data: []byte("x")})
		b.put("2", Record{Stream: "s", PartitionKey: "k2", Data: []byte("x")})
		time.Sleep(10 * time.Millisecond) // under way, by the count
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Flush(ctx); err != nil {
			t.Error(err)
		}
		b.close()
	})
}

// Records of one key without aggregation go one in a round trip, and not later.
func TestStrictOrderDoesNotDawdleOverOverdueRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 10 * time.Millisecond
		b := start(t, strictPlain(f))
		b.warm(f, "s")
		for i := range 1500 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: fmt.Appendf(nil, "k:%d", i+1)})
		}
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if b.count() != 1500 {
			t.Errorf("%d of 1500 records have their result after 16 s with a round trip of 10 ms", b.count())
		}
		firstCopies(t, f)
		b.close()
	})
}

// A record for which the service refuses a whole request is found by halves.
func TestStrictOrderFindsOneOfManyByHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 50 * time.Millisecond
		b := start(t, strictPlain(f))
		b.warm(f, "s")
		f.order(func() {
			f.before = func(_ int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
				for _, e := range in.Records {
					if *e.PartitionKey == "k77" {
						return nil, apiError("InvalidArgumentException", "a record")
					}
				}
				return nil, nil
			}
		})
		for i := range 500 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint("k", i), Data: []byte("x")})
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			if r := b.result(fmt.Sprint(i)); (r.Err != nil) != (i == 77) {
				t.Errorf("record %d: %v", i, r.Err)
			}
		}
		if n := len(f.sizes()); n > 30 {
			t.Errorf("%d requests for one refused record of 500", n)
		}
		b.close()
	})
}

// A request that hangs holds up its own shard when the stream is resharded, and no other.
func TestStrictOrderReshardWaitsForItsOwnShardsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		f.latency = 10 * time.Millisecond
		c := testConfig(f)
		c.StrictOrder = true
		b := start(t, c)
		b.warm(f, "s")
		var hung atomic.Bool
		f.order(func() {
			f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
				if hung.CompareAndSwap(false, true) {
					time.Sleep(5900 * time.Millisecond)
					return nil, errBroken
				}
				return nil, nil
			}
		})
		b.put("hangs", Record{Stream: "s", PartitionKey: "h", ExplicitHashKey: "1", Data: []byte("h:1")})
		time.Sleep(150 * time.Millisecond)
		f.split("shardId-000000000000")
		f.split("shardId-000000000001")
		for i := range 300 {
			put := time.Now()
			if err := b.Put(t.Context(), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: highestHashKey, Data: fmt.Appendf(nil, "k:%d", i+1)}, func(r Result) {
				if took := time.Since(put); r.Err != nil || took > time.Second {
					t.Errorf("a record of the other shard took %v: %v", took, r.Err)
				}
			}); err != nil {
				t.Fatal(err)
			}
			b.put(fmt.Sprint("h", i), Record{Stream: "s", PartitionKey: "h", ExplicitHashKey: "1", Data: fmt.Appendf(nil, "h:%d", i+2)})
			time.Sleep(20 * time.Millisecond)
		}
		b.close()
		if held := firstCopies(t, f); held != 601 {
			t.Errorf("%d records stored, want 601", held)
		}
	})
}

// A stream that is given up in the moment of a put takes it along.
func TestStrictOrderHoldsWhenAStreamIsGivenUp(t *testing.T) {
	f := newFake(1)
	f.latency = 300 * time.Microsecond
	c := testConfig(f)
	c.StrictOrder, c.RecordMaxBufferedTime = true, 0
	b := start(t, c)
	var over atomic.Bool
	var all sync.WaitGroup
	all.Go(func() {
		for !over.Load() {
			if s := (*b.streams.Load())["s"]; s != nil && s.users.Load() == 0 {
				b.forget(s)
			}
		}
	})
	for i := range 500 {
		for j := range 6 {
			n := 6*i + j + 1
			b.put(fmt.Sprint(n), Record{Stream: "s", PartitionKey: "k", Data: fmt.Appendf(nil, "k:%d", n)})
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	over.Store(true)
	all.Wait()
	b.close()
	if held := firstCopies(t, f); held != 3000 {
		t.Errorf("%d records stored, want 3000", held)
	}
}

// A pause is a reason to look at the shard map again, and a map that does not come no reason to doubt what lies where it should.
func TestRecordsAfterAPauseDoNotNeedANewMap(t *testing.T) {
	for _, strict := range []bool{false, true} {
		t.Run(fmt.Sprint("strict order ", strict), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				f.latency = 10 * time.Millisecond
				c := testConfig(f)
				c.StrictOrder = strict
				b := start(t, c)
				b.warm(f, "s")
				time.Sleep(staleAfter + time.Second)
				f.order(func() {
					f.beforeList = func(int, *kinesis.ListShardsInput) error { return apiError("LimitExceededException", "rate exceeded") }
				})
				for n := range 40 {
					b.put(fmt.Sprint(n), Record{Stream: "s", PartitionKey: "k", Data: fmt.Appendf(nil, "k:%d", n+1)})
					if n%2 == 1 {
						time.Sleep(2 * time.Second)
					}
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				for n := range 40 {
					if r := b.result(fmt.Sprint(n)); r.Err != nil {
						t.Errorf("record %d: %v", n, r.Err)
					}
				}
				if held := len(f.userRecords(t)); held != 40 {
					t.Errorf("%d stored, want 40, none of them twice", held)
				}
				f.order(func() { f.beforeList = nil })
				b.close()
			})
		})
	}
}
