package kpl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Two connections that become free in the same moment are both used when enough waits for them.
func TestAllFreeConnectionsAreUsed(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(1)
			c := testConfig(f)
			c.MaxConnections, c.CollectionMaxCount, c.AggregationEnabled = 8, 1, false
			b := start(t, c)
			b.warm(f, "s")
			f.order(func() { f.latency = 50 * time.Millisecond })
			for i := range 24 {
				b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k"})
			}
			began := time.Now()
			if err := b.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != 150*time.Millisecond {
				t.Errorf("24 requests on 8 connections took %v, want 3 times 50ms", took)
			}
			b.close()
		})
		if t.Failed() {
			return
		}
	}
}

// The attempts that a record keeps are bounded however long it is tried; their times still add up.
func TestAttemptsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RecordTTL = math.MaxInt64
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() {
			f.latency = 10 * time.Millisecond
			f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) { return nil, errors.New("down") }
		})
		began := time.Now()
		b.put("a", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(6 * time.Hour)
		tries := len(f.sizes())
		f.order(func() { f.before = nil })
		b.close()
		took := time.Since(began)
		r := b.result("a")
		if tries < 5000 || len(r.Attempts) > maxAttempts {
			t.Errorf("%d attempts kept of %d", len(r.Attempts), tries)
		}
		var sum time.Duration
		for _, a := range r.Attempts {
			sum += a.Delay + a.Duration
		}
		if sum != took || !r.Attempts[len(r.Attempts)-1].Success || r.Attempts[0].Delay != 100*time.Millisecond {
			t.Errorf("attempts add up to %v of %v", sum, took)
		}
	})
}

// With UserRecordTimeout one record that is stuck does not keep the memory of all that came after it.
func TestUserRecordTimeoutForgetsWhatHasItsResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.UserRecordTimeout, c.RecordMaxBufferedTime = time.Hour, 0
		c.RecordTTL, c.RateLimitPercent = 2*time.Hour, 1<<30
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() {
			f.refuse = func(e types.PutRecordsRequestEntry, _ string) string {
				if *e.PartitionKey == "stuck" {
					return codeThrottled
				}
				return ""
			}
		})
		b.put("stuck", Record{Stream: "stuck", PartitionKey: "stuck"})
		for i := range 20_000 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k"})
			if i%100 == 99 {
				time.Sleep(time.Millisecond)
			}
		}
		time.Sleep(time.Second)
		b.overdue.mu.Lock()
		n, room := len(b.overdue.queue), cap(b.overdue.queue)
		b.overdue.mu.Unlock()
		if n > 5000 || room > 10_000 {
			t.Errorf("%d results are watched, with room for %d, while one is outstanding", n, room)
		}
		f.order(func() { f.refuse = nil })
		b.close()
	})
}

// Data whose callback has not returned counts: slow callbacks do not let more in than the bound and as much again.
func TestSlowCallbacksHoldBackPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.MaxOutstandingBytes, c.RecordMaxBufferedTime, c.RateLimitPercent = 10_000, 0, 1<<30
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() { f.latency = time.Second })
		release := make(chan struct{})
		var mu sync.Mutex
		put := 0
		var putter sync.WaitGroup
		putter.Go(func() {
			for range 200 {
				if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 999)}, func(Result) { <-release }); err != nil {
					t.Error(err)
				}
				mu.Lock()
				put++
				mu.Unlock()
				time.Sleep(time.Millisecond)
			}
		})
		time.Sleep(10 * time.Second)
		mu.Lock()
		if put > 35 {
			t.Errorf("%d records of 1000 bytes came in within ten round trips while the callbacks of all were held up; the bound is 10000 bytes", put)
		}
		mu.Unlock()
		close(release)
		putter.Wait()
		b.close()
	})
}

// Adding to a collector whose records never expire must not look at all of them each time.
func TestCollectorOfRecordsThatNeverExpireIsNotSearched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.MaxConnections, c.AggregationEnabled, c.RecordTTL, c.RateLimitPercent = 1, false, math.MaxInt64, 1<<40
		c.RecordMaxBufferedTime, c.RequestTimeout = time.Millisecond, 10*time.Minute
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() { f.latency = time.Minute })
		b.put("first", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(time.Second)
		b.put("second", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(time.Second)
		s := (*b.streams.Load())["s"]
		s.collector.mu.Lock()
		if s.collector.due == 0 || s.collector.armed == never {
			t.Errorf("%d due, and every record that comes looks for the first expiration anew", s.collector.due)
		}
		s.collector.mu.Unlock()
		f.order(func() { f.latency = 0 })
		b.close()
	})
}

// A lane that is being replaced keeps what it cannot hand on because the stream is closed in the same moment.
func TestLaneOfAClosedCollectorKeepsItsRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		s := (*b.streams.Load())["s"]
		l := s.routes.Load().lanes[0]
		s.collector.mu.Lock()
		s.collector.closed = true
		s.collector.mu.Unlock()
		b.put("a", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(time.Second)
		left := l.shut()
		if len(left) != 1 || len(left[0].users) != 1 {
			t.Fatalf("%d records left", len(left))
		}
		s.collector.mu.Lock()
		s.collector.closed = false
		s.collector.mu.Unlock()
		var out deliveries
		s.over(left[0], &out)
		out.run()
		b.close()
	})
}

// A stream that the service does not know by that name fails its records with few requests, not with one for each record.
func TestRefusedStreamNameIsNotBlamedOnRecords(t *testing.T) {
	for name, message := range map[string]string{
		"name": "1 validation error detected: Value 'x' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		"arn":  "1 validation error detected: Value 'x' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws.*",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(4)
				f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
					return nil, apiError("ValidationException", message)
				}
				b := start(t, testConfig(f))
				for i := range 300 {
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i)})
				}
				b.close()
				if n := len(f.sizes()); n > 2 {
					t.Errorf("%d requests", n)
				}
				if e := failure(t, b.result("7")); !strings.Contains(e.Remedy, "stream") {
					t.Errorf("remedy %q", e.Remedy)
				}
			})
		})
	}
}

// What the service refuses in a request as a whole, whatever is in it, costs a bounded number of requests.
func TestRequestsRefusedForNoOnesSakeEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(4)
		f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			return nil, apiError("InvalidArgumentException", "no")
		}
		b := start(t, testConfig(f))
		const records = 5000
		for i := range records {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i)})
		}
		b.close()
		if n := len(f.sizes()); n > 2*narrowMost {
			t.Errorf("%d requests for %d records", n, records)
		}
	})
}

// An answer with too few results counts as a failed request.
func TestRecordCountMismatchIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.order(func() {
			f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
				return &kinesis.PutRecordsOutput{Records: []types.PutRecordsResultEntry{{}}}, nil
			}
		})
		for i := range 10 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i)})
		}
		if err := b.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		st := b.Stats().Streams[0]
		if st.RequestsFailed != 1 || st.ErrorsByCode[codeCountMismatch] != 10 {
			t.Errorf("%d requests failed, %v", st.RequestsFailed, st.ErrorsByCode)
		}
		for _, p := range b.Metrics() {
			if len(p.Dimensions) > 0 {
				continue
			}
			switch p.Name {
			case "UserRecordsPerKinesisRecord": // of every request: the first record, and two aggregates
				if p.SampleCount != 3 || p.Sum != 11 {
					t.Errorf("%+v", p)
				}
			case "AllErrors", "ErrorsByCode":
				if p.Sum != 0 {
					t.Errorf("the KPL does not count it as an error: %+v", p)
				}
			}
		}
		b.close()
	})
}

// A record that is tried again stands behind others whose time is over later. It fails in time all the same.
func TestRetriedRecordExpiresInALongQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationEnabled, c.RequestTimeout = 1, false, time.Minute
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() {
			f.latency = 29400 * time.Millisecond
			f.refuse = func(types.PutRecordsRequestEntry, string) string { return "InternalFailure" }
		})
		began := time.Now()
		ended := make(chan time.Duration, 1)
		if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k"}, func(Result) { ended <- time.Since(began) }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(29 * time.Second)
		for i := range 30 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 1<<20)})
		}
		if took := <-ended; took < 30*time.Second || took > 31500*time.Millisecond {
			t.Errorf("it ended after %v, want 30s", took)
		}
		b.close()
	})
}

// One shard that takes nothing for the whole life of its records does not hold up the others.
func TestOneThrottledShardDoesNotHoldUpTheOthers(t *testing.T) {
	for name, aggregate := range map[string]bool{"aggregated": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(4)
				f.latency = 5 * time.Millisecond
				c := testConfig(f)
				c.AggregationEnabled, c.RecordTTL = aggregate, 5*time.Second
				b := start(t, c)
				b.warm(f, "s")
				bad := f.shards[1]
				f.order(func() {
					f.refuse = func(_ types.PutRecordsRequestEntry, shard string) string {
						if shard == bad.id {
							return codeThrottled
						}
						return ""
					}
				})
				var mu sync.Mutex
				var slowest time.Duration
				good, failed := 0, 0
				for i := range 20_000 {
					key := fmt.Sprint(i)
					onBad := bad.holds(HashKeyOf(key))
					put := time.Now()
					if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: key, Data: []byte(key)}, func(r Result) {
						mu.Lock()
						defer mu.Unlock()
						switch {
						case onBad && r.Err != nil:
							failed++
						case !onBad && r.Err == nil:
							good++
							slowest = max(slowest, time.Since(put))
						default:
							t.Errorf("record %s: %v", key, r.Err)
						}
					}); err != nil {
						t.Fatal(err)
					}
					if i%2 == 1 {
						time.Sleep(time.Millisecond)
					}
				}
				b.close()
				if slowest > 110*time.Millisecond || good+failed != 20_000 || failed < 4000 {
					t.Errorf("the slowest of %d records of other shards took %v; %d failed", good, slowest, failed)
				}
			})
		})
	}
}

// A stream that takes nothing for the whole life of its records leaves room for the other streams of the producer.
func TestOneThrottledStreamLeavesRoomForOthers(t *testing.T) {
	for name, set := range map[string]func(*Config){
		"records": func(c *Config) { c.MaxOutstandingRecords = 100 },
		"bytes":   func(c *Config) { c.MaxOutstandingBytes = 5000 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				set(&c)
				b := start(t, c)
				b.warm(f, "a")
				b.warm(f, "b")
				f.order(func() {
					f.refuse = func(e types.PutRecordsRequestEntry, _ string) string {
						if len(e.Data) > 20 {
							return codeThrottled
						}
						return ""
					}
				})
				ctx, cancel := context.WithCancel(context.Background())
				var putters sync.WaitGroup
				for range 3 {
					putters.Go(func() {
						for ctx.Err() == nil {
							_ = b.Put(ctx, Record{Stream: "a", PartitionKey: "k", Data: make([]byte, 49)}, nil)
						}
					})
				}
				time.Sleep(time.Second)
				if b.Stats().BlockedPuts != 3 {
					t.Fatalf("%d puts are blocked", b.Stats().BlockedPuts)
				}
				for i := range 100 {
					began := time.Now()
					if r, err := b.PutSync(context.Background(), Record{Stream: "b", PartitionKey: "k", Data: []byte("x")}); err != nil {
						t.Fatal(r, err)
					}
					if took := time.Since(began); took > 100*time.Millisecond {
						t.Fatalf("record %d of the other stream waited %v", i, took)
					}
					time.Sleep(10 * time.Millisecond)
				}
				cancel()
				putters.Wait()
				f.order(func() { f.refuse = nil })
				b.close()
				if records, bytes, waiting := b.gate.outstanding(); records != 0 || bytes != 0 || waiting != 0 {
					t.Errorf("%d records, %d bytes, %d waiting", records, bytes, waiting)
				}
			})
		})
	}
}

// TestAnOutageIsNoReasonToHurry: while Put waits and every request fails at once, what comes back from its back-off waits for company.
func TestAnOutageIsNoReasonToHurry(t *testing.T) {
	for name, mapped := range map[string]bool{"with a shard map": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(4)
				f.latency = time.Millisecond
				c := testConfig(f)
				c.MaxOutstandingRecords, c.RecordTTL = 2000, time.Minute
				b := start(t, c)
				if mapped {
					b.warm(f, "s")
				} else {
					f.beforeList = func(int, *kinesis.ListShardsInput) error { return syscall.ECONNREFUSED }
				}
				f.order(func() {
					f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
						return nil, syscall.ECONNREFUSED
					}
				})
				ctx, cancel := context.WithCancel(t.Context())
				var putting sync.WaitGroup
				putting.Go(func() {
					for i := 0; ctx.Err() == nil; i++ {
						_ = b.Put(ctx, Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: make([]byte, 50)}, nil)
					}
				})
				time.Sleep(30 * time.Second)
				if b.Stats().BlockedPuts != 1 {
					t.Error("Put does not wait")
				}
				if n := len(f.sizes()); n > 8000 { // the first two attempts of each by itself at most
					t.Errorf("%d requests in 30 s, all refused", n)
				}
				cancel()
				putting.Wait()
				f.order(func() { f.before, f.beforeList = nil, nil })
				b.close()
			})
		})
	}
}
