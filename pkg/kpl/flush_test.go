package kpl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// C47, C48
func TestFlushIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(4)
		f.latency = 300 * time.Millisecond
		f.refuse = firstTimes(7, "InternalFailure")
		c := testConfig(f)
		c.RecordMaxBufferedTime = time.Minute
		b := start(t, c)
		if err := b.Flush(context.Background()); err != nil {
			t.Fatalf("flush of nothing: %v", err)
		}
		for i := range 1000 {
			b.put(fmt.Sprint("before", i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
		}
		flushed := make(chan error)
		began := time.Now()
		go func() { flushed <- b.Flush(context.Background()) }()
		time.Sleep(10 * time.Millisecond)
		b.put("after", Record{Stream: "another", PartitionKey: "k", Data: []byte("x")})
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("flush took %v: retried records waited for company", took)
		}
		for i := range 1000 {
			if r := b.result(fmt.Sprint("before", i)); r.Err != nil {
				t.Fatal(r.Err)
			}
		}
		if n := b.count(); n != 1000 {
			t.Errorf("%d results", n)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		if err := b.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush with a short context: %v", err)
		}
		b.close()
		if r := b.result("after"); r.Err != nil {
			t.Error(r.Err)
		}
	})
}

// Records that wait for the first shard map are flushed too.
func TestFlushBeforeTheFirstMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.listLatency = 100 * time.Millisecond
		c := testConfig(f)
		c.RecordMaxBufferedTime = time.Minute
		b := start(t, c)
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		began := time.Now()
		if err := b.Flush(context.Background()); err != nil || time.Since(began) > 200*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		b.close()
	})
}

func TestPutSyncDoesNotWaitForCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		f.latency = 5 * time.Millisecond
		c := testConfig(f)
		c.RecordMaxBufferedTime = time.Minute
		b := start(t, c)
		b.warm(f, "s")
		b.put("other shard", Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "340282366920938463463374607431768211455", Data: []byte("x")})
		b.put("same shard", Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "0", Data: []byte("x")})
		began := time.Now()
		r, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "0", Data: []byte("y")})
		if err != nil || time.Since(began) != 5*time.Millisecond || r.SequenceNumber == "" || r.ShardID != "shardId-000000000000" {
			t.Errorf("%+v, %v after %v", r, err, time.Since(began))
		}
		synctest.Wait()
		if b.count() != 1 || b.result("same shard").SequenceNumber != r.SequenceNumber {
			t.Errorf("%d results: the record of the same shard should travel along, the other stay", b.count())
		}
		f.order(func() { f.latency = time.Minute })
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := b.PutSync(ctx, Record{Stream: "s", PartitionKey: "k"}); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "still on its way") {
			t.Error(err)
		}
		f.order(func() { f.latency = 0 })
		f.order(func() {
			f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
				return nil, apiError("AccessDeniedException", "no")
			}
		})
		var e *RecordError
		if _, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k"}); !errors.As(err, &e) || e.Code != "AccessDeniedException" {
			t.Error(err)
		}
		if _, err := b.PutSync(context.Background(), Record{Stream: "s"}); err == nil {
			t.Error("no error for a record without partition key")
		}
		f.order(func() { f.before = nil })
		b.close()
	})
}

func TestPutBlocksWhenTooMuchIsOutstanding(t *testing.T) {
	for name, limit := range map[string]func(*Config){
		"records": func(c *Config) { c.MaxOutstandingRecords = 10 },
		"bytes":   func(c *Config) { c.MaxOutstandingBytes = 1010 }, // 10 records of 100 bytes and a key of one
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				limit(&c)
				c.RecordMaxBufferedTime = 30 * time.Second // is not waited for when Put must wait for room
				b := start(t, c)
				b.warm(f, "s")
				f.order(func() { f.latency = 40 * time.Millisecond })
				r := Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 100)}
				for i := range 10 {
					b.put(fmt.Sprint(i), r)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
				defer cancel()
				if err := b.Put(ctx, r, nil); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want the context's end", err)
				}
				var blocked sync.WaitGroup
				began := time.Now()
				for range 5 {
					blocked.Go(func() {
						if err := b.Put(context.Background(), r, nil); err != nil {
							t.Error(err)
						}
					})
				}
				synctest.Wait()
				if st := b.Stats(); st.BlockedPuts != 5 || st.OutstandingRecords != 10 || st.OutstandingBytes != 1010 {
					t.Errorf("%+v", st)
				}
				blocked.Wait()
				if took := time.Since(began); took != 30*time.Millisecond {
					t.Errorf("room came after %v, want when the first records were stored", took)
				}
				if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 5000)}, nil); err != nil {
					t.Errorf("a record above the bound, when nothing else is there: %v", err)
				}
				b.close()
			})
		})
	}
}

func TestCallbackMayPutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.MaxOutstandingRecords, c.AggregationMaxCount = 20, 7
		b := start(t, c)
		f.order(func() { f.refuse = firstTimes(30, "AccessDeniedException") })
		var ended atomic.Int64
		var put func() error
		put = func() error {
			return b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}, func(r Result) {
				if r.Err == nil {
					ended.Add(1)
				} else if err := put(); err != nil {
					t.Error(err)
				}
			})
		}
		for range 300 {
			if err := put(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if ended.Load() != 300 {
			t.Errorf("%d of 300 stored in the end", ended.Load())
		}
		b.close()
	})
}

func TestCloseGivesUpWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		c := testConfig(f)
		c.RecordTTL = math.MaxInt64
		c.AggregationMaxCount, c.RateLimitPercent = 5, 1
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() {
			f.refuse = func(_ types.PutRecordsRequestEntry, shard string) string {
				if shard == "shardId-000000000000" {
					return codeThrottled
				}
				return ""
			}
		})
		for i := range 1000 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
		}
		time.Sleep(time.Second)
		f.order(func() { f.latency = time.Hour })
		blocked := make(chan error)
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		left, err := b.Close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || left == 0 {
			t.Errorf("%d left, %v", left, err)
		}
		close(blocked)
		closed := 0
		for i := range 1000 {
			if r := b.result(fmt.Sprint(i)); r.Err != nil {
				if e := failure(t, r); !errors.Is(r.Err, ErrClosed) || e.Code != codeClosed {
					t.Fatal(e)
				}
				closed++
			}
		}
		if closed != left {
			t.Errorf("%d failed as closed, Close says %d", closed, left)
		}
		if again, err2 := b.Close(context.Background()); again != left || !errors.Is(err2, context.DeadlineExceeded) {
			t.Errorf("second Close: %d, %v", again, err2)
		}
		if st := b.Stats(); st.OutstandingRecords != 0 || len(st.Streams) != 0 {
			t.Errorf("%+v", st)
		}
	})
}

func TestCloseWakesBlockedPuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.MaxOutstandingRecords = 1
		f.latency = time.Second
		b := start(t, c)
		b.put("a", Record{Stream: "s", PartitionKey: "k"})
		blocked := make(chan error)
		go func() { blocked <- b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k"}, nil) }()
		synctest.Wait()
		b.close()
		if err := <-blocked; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

// C82
func TestPanickingCallbacksLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.ErrorLevel)
		f := newFake(1)
		c := testConfig(f)
		c.Logger = zap.New(core)
		b := start(t, c)
		var called atomic.Int64
		for i := range 100 {
			if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}, func(Result) {
				called.Add(1)
				if i%3 == 0 {
					panic("secret of the caller")
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		b.close()
		if called.Load() != 100 || logs.Len() != 34 || logs.All()[0].Level != zap.ErrorLevel {
			t.Errorf("%d called, %d lines", called.Load(), logs.Len())
		}
	})
}

func TestUserRecordTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.UserRecordTimeout = time.Second
		b := start(t, c)
		b.warm(f, "s")
		b.put("quick", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(200 * time.Millisecond)
		f.order(func() { f.latency = 3 * time.Second })
		b.put("slow", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(1100 * time.Millisecond)
		if e := failure(t, b.result("slow")); e.Code != codeUserRecordTimeout || e.Age != time.Second || !strings.Contains(e.Error(), "may be stored yet") {
			t.Error(e)
		}
		if b.Stats().OutstandingRecords != 1 {
			t.Error("the record is no longer on its way")
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if r := b.result("quick"); r.Err != nil {
			t.Error(r.Err)
		}
		if b.count() != 2 || len(f.stored) != 2 {
			t.Errorf("%d results, %d stored", b.count(), len(f.stored))
		}
		b.close()
	})
}

// C46
func TestNeverMoreRequestsThanConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 50 * time.Millisecond
		c := testConfig(f)
		c.MaxConnections, c.CollectionMaxCount, c.AggregationEnabled = 2, 10, false
		b := start(t, c)
		for i := range 500 {
			b.put(fmt.Sprint(i), Record{Stream: fmt.Sprint("s", i%5), PartitionKey: "k", Data: []byte("x")})
		}
		b.close()
		if f.most != 2 || len(f.stored) != 500 {
			t.Errorf("%d requests at a time, %d stored", f.most, len(f.stored))
		}
	})
}

// A record whose time is over while all connections are busy fails then, not when one is free.
func TestRecordsExpireWhileTheyWaitForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.MaxConnections, c.RecordTTL, c.RequestTimeout = 1, time.Second, time.Minute
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() { f.latency = 10 * time.Second })
		b.put("first", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(200 * time.Millisecond)
		b.put("second", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if e := failure(t, b.result("second")); e.Code != codeExpired || e.Age != time.Second {
			t.Error(e)
		}
		b.close()
		if r := b.result("first"); r.Err != nil {
			t.Error(r.Err)
		}
	})
}

func TestIdleStreamsAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.put("a", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(streamIdle - time.Minute)
		b.put("b", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(streamIdle - time.Minute)
		if len(b.Stats().Streams) != 1 {
			t.Fatal("given up too early")
		}
		time.Sleep(2 * time.Minute)
		if n := len(b.Stats().Streams); n != 0 {
			t.Fatalf("%d streams", n)
		}
		b.put("c", Record{Stream: "s", PartitionKey: "k"})
		b.close()
		for _, name := range []string{"a", "b", "c"} {
			if r := b.result(name); r.Err != nil {
				t.Error(r.Err)
			}
		}
		if f.listCount() != 3 {
			t.Errorf("%d ListShards, want three: at first, after the long pause, and when the stream came back", f.listCount())
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RecordMaxBufferedTime = time.Hour
		c.RecordTTL = 24 * time.Hour
		b := start(t, c)
		for i := range maxStreams {
			b.put(fmt.Sprint(i), Record{Stream: fmt.Sprint("s", i), PartitionKey: "k"})
		}
		err := b.Put(context.Background(), Record{Stream: "one more", PartitionKey: "k"}, nil)
		if !errors.Is(err, ErrTooManyStreams) || !strings.Contains(err.Error(), "one more") {
			t.Fatal(err)
		}
		if err := b.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		b.put("one more", Record{Stream: "one more", PartitionKey: "k"})
		if n := len(b.Stats().Streams); n != maxStreams {
			t.Errorf("%d streams", n)
		}
		b.close()
		if r := b.result("one more"); r.Err != nil {
			t.Error(r.Err)
		}
	})
}

// An idle producer must not wake up.
func TestIdleProducerSetsNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(3)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		time.Sleep(time.Second)
		s := (*b.streams.Load())["s"]
		s.alarm.mu.Lock()
		defer func() { s.alarm.mu.Unlock(); b.close() }()
		if len(s.alarm.entries) != 1 || s.alarm.entries[0] != &s.idleEntry {
			t.Errorf("%d entries besides that for giving the stream up", len(s.alarm.entries)-1)
		}
	})
}
