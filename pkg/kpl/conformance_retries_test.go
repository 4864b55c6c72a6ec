package kpl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// always refuses every record with one code.
func always(code string) func(types.PutRecordsRequestEntry, string) string {
	return func(types.PutRecordsRequestEntry, string) string { return code }
}

// failing answers every request with an error.
func failing(code string) func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	return func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
		return nil, apiError(code, "no")
	}
}

// Before the second request there is a back-off of up to 100 ms on top of the KPL's wait.
func TestC70InternalFailureThenStored(t *testing.T) {
	t.Parallel()
	for _, buffered := range []time.Duration{100 * time.Millisecond, time.Second} {
		t.Run(buffered.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				c.RecordMaxBufferedTime = buffered
				b := start(t, c)
				b.warm(f, "s")
				f.order(func() { f.refuse = firstTimes(1, "InternalFailure") })
				b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				time.Sleep(10 * time.Second)
				synctest.Wait()
				r := b.result("a")
				if r.Err != nil || !slices.Equal(codes(r.Attempts), []string{"InternalFailure", ""}) || r.Attempts[0].Success || !r.Attempts[1].Success {
					t.Errorf("%+v", r)
				}
				if at := f.times(); len(at) != 2 || at[1]-at[0] < buffered/2 || at[1]-at[0] > buffered/2+100*time.Millisecond {
					t.Errorf("requests at %v, want the second %v after the first at least", at, buffered/2)
				}
				b.close()
			})
		})
	}
}

// The KPL tries about every 70 ms; here there is a back-off, and so fewer attempts.
func TestC71ThrottledUntilExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RecordTTL = time.Second
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() { f.refuse = always(codeThrottled) })
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		e := failure(t, b.result("a"))
		if e.Age < 970*time.Millisecond || e.Age > 1030*time.Millisecond || e.Code != codeExpired || e.MayBeStored {
			t.Errorf("failed after %v: %v", e.Age, e)
		}
		got := codes(e.Attempts)
		for len(got) > 0 && got[0] == codeThrottled {
			got = got[1:]
		}
		if n := len(f.sizes()); n < 3 || len(e.Attempts)-len(got) != n {
			t.Errorf("%d requests, attempts %v", n, codes(e.Attempts))
		}
		// Two if it waited for the shard's reduced rate at the end.
		if !slices.Equal(got, []string{codeExpired}) && !slices.Equal(got, []string{codeExpired, codeExpired}) {
			t.Errorf("attempts end with %v", got)
		}
		b.close()
	})
}

func TestC72FailIfThrottled(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(*fakeKinesis){
		"a record":      func(f *fakeKinesis) { f.refuse = always(codeThrottled) },
		"whole request": func(f *fakeKinesis) { f.before = failing(codeThrottled) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				c.FailIfThrottled = true
				b := start(t, c)
				b.warm(f, "s")
				f.order(func() { order(f) })
				for i := range 3 {
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				for i := range 3 {
					if e := failure(t, b.result(fmt.Sprint(i))); e.Code != codeThrottled || !slices.Equal(codes(e.Attempts), []string{codeThrottled}) || e.MayBeStored {
						t.Errorf("%v", e)
					}
				}
				if n := len(f.sizes()); n != 1 {
					t.Errorf("%d requests, want one", n)
				}
				b.close()
			})
		})
	}
}

func TestC73FailIfThrottledRetriesOtherErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.FailIfThrottled = true
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() { f.refuse = firstTimes(2, "InternalFailure") })
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if r := b.result("a"); r.Err != nil || !slices.Equal(codes(r.Attempts), []string{"InternalFailure", "InternalFailure", ""}) {
			t.Errorf("%+v", r)
		}
		b.close()
	})
}

func TestC74OnlyTheThrottledEntryGoesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(3)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		once := firstTimes(1, codeThrottled)
		f.order(func() {
			f.refuse = func(e types.PutRecordsRequestEntry, shard string) string {
				if shard == shardOne {
					return once(e, shard)
				}
				return ""
			}
		})
		for i, s := range f.shards { // an aggregate of two for each shard
			for j := range 2 {
				b.put(fmt.Sprint(i, j), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: s.start.String(), Data: []byte(fmt.Sprint(i, j))})
			}
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if sizes := f.sizes(); !slices.Equal(sizes, []int{3, 1}) {
			t.Fatalf("requests %v, want one entry to go again", sizes)
		}
		if e := f.request(1).entries[0]; *e.ExplicitHashKey != f.shards[1].start.String() {
			t.Errorf("the wrong entry goes again: hash key %s", *e.ExplicitHashKey)
		}
		for i, attempts := range []int{1, 2, 1} {
			for j := range 2 {
				if r := b.result(fmt.Sprint(i, j)); r.Err != nil || len(r.Attempts) != attempts || r.ShardID != f.shards[i].id {
					t.Errorf("record %d of shard %d: %+v", j, i, r)
				}
			}
		}
		if n := len(f.userRecords(t)); n != 6 {
			t.Errorf("%d records stored, want each of 6 once", n)
		}
		b.close()
	})
}

// The KPL has empty codes where an answer has none; ours are never empty. Over a real connection.
func TestC75FailedRequests(t *testing.T) {
	for name, tt := range map[string]struct {
		fault  kinesislocal.Fault
		code   string
		copies int  // stored in the end
		open   bool // whether the failed attempt may have stored the record, as far as the producer can know
	}{
		"500 with JSON":          {kinesislocal.Fault{Code: "InternalFailure"}, "InternalFailure", 1, true},
		"500 without JSON":       {kinesislocal.Fault{Status: 500, Body: "<html>oh</html>"}, "HTTP500", 1, true},
		"503 empty":              {kinesislocal.Fault{Status: 503}, "HTTP503", 1, true},
		"429 empty":              {kinesislocal.Fault{Status: 429}, "HTTP429", 1, false},
		"JSON with status 400":   {kinesislocal.Fault{Status: 400, Code: "LimitExceededException", Message: "slow down"}, "LimitExceededException", 1, false},
		"reset before storing":   {kinesislocal.Fault{Cut: kinesislocal.CutBefore}, codeConnectionReset, 1, true},
		"reset after storing":    {kinesislocal.Fault{Cut: kinesislocal.CutAfter}, codeConnectionReset, 2, true},
		"reset in the answer":    {kinesislocal.Fault{Answer: kinesislocal.AnswerTruncated}, codeConnectionReset, 2, true},
		"answer that is no JSON": {kinesislocal.Fault{Answer: kinesislocal.AnswerMalformed}, "", 2, true},
		"late answer":            {kinesislocal.Fault{AnswerLatency: 400 * time.Millisecond}, codeTimeout, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
			c := wireConfig(t, server)
			c.RequestTimeout = 200 * time.Millisecond
			b := start(t, c)
			if _, err := b.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("first")}); err != nil {
				t.Fatal(err)
			}
			tt.fault.Operations, tt.fault.Count = []string{"PutRecords"}, 1
			if _, err := server.Inject(tt.fault); err != nil {
				t.Fatal(err)
			}
			r, err := b.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			if err != nil || len(r.Attempts) != 2 || !r.Attempts[1].Success {
				t.Fatalf("%+v, %v", r, err)
			}
			failed := r.Attempts[0]
			if failed.ErrorCode == "" || failed.ErrorMessage == "" || tt.code != "" && failed.ErrorCode != tt.code {
				t.Errorf("failed attempt %+v, want code %s", failed, tt.code)
			}
			b.close()
			copies := 0
			for _, k := range server.Records("s") {
				if string(k.Data) == "x" {
					copies++
				}
			}
			if copies != tt.copies {
				t.Errorf("stored %d times, want %d", copies, tt.copies)
			}
			recent, total := b.Duplicates()
			if (total == 1) != tt.open || len(recent) != int(total) {
				t.Errorf("%d possible duplicates: %+v", total, recent)
			}
			if tt.open && (recent[0].Cause != failed.ErrorCode || recent[0].RequestID == "" || recent[0].ShardID != shardZero) {
				t.Errorf("%+v", recent[0])
			}
		})
	}
}

// Records that are put before the endpoint is up wait for it.
func TestC75ConnectionRefused(t *testing.T) {
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := port.Addr().String()
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	c := clientConfig(t, "http://"+address)
	c.MetricsLevel = MetricsNone
	refused := make(chan struct{})
	var once sync.Once
	core, _ := observer.New(zap.WarnLevel)
	c.Logger = zap.New(core, zap.Hooks(func(e zapcore.Entry) error {
		if e.Message == "PutRecords failed" {
			once.Do(func() { close(refused) })
		}
		return nil
	}))
	b := start(t, c)
	ended := make(chan Result, 1)
	if err := b.Put(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}, func(r Result) { ended <- r }); err != nil {
		t.Fatal(err)
	}
	<-refused
	server, err := kinesislocal.Listen(t.Context(), address, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(context.Background())
	r := <-ended
	if r.Err != nil || len(r.Attempts) < 2 || r.Attempts[0].ErrorCode != codeConnectionRefused || !strings.Contains(r.Attempts[0].ErrorMessage, "refused") {
		t.Errorf("%+v", r)
	}
	b.close()
	if _, total := b.Duplicates(); total != 0 || len(server.Records("s")) != 1 {
		t.Errorf("%d possible duplicates, %d stored: what was refused was not sent", total, len(server.Records("s")))
	}
}

// The KPL tries until RecordTtl is over.
func TestC76WhatCannotHealFailsAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		stream, code, remedy string
	}{
		"no such stream": {"other", codeNotFound, "create the stream"},
		"not allowed":    {"s", "AccessDeniedException", "allow kinesis:PutRecords"},
	} {
		t.Run(name, func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
			denied := kinesislocal.Fault{Stream: "s", Operations: []string{"PutRecords"}, Code: "AccessDeniedException", Message: "not you"}
			if _, err := server.Inject(denied); err != nil {
				t.Fatal(err)
			}
			b := start(t, wireConfig(t, server))
			_, err := b.PutSync(t.Context(), Record{Stream: tt.stream, PartitionKey: "k", Data: []byte("x")})
			e := failure(t, Result{Err: err})
			if e.Code != tt.code || !slices.Equal(codes(e.Attempts), []string{tt.code}) || e.Message == "" || e.Age > 5*time.Second || e.MayBeStored {
				t.Errorf("%v", e)
			}
			if !strings.Contains(e.Remedy, tt.remedy) || !strings.Contains(e.Error(), tt.remedy) {
				t.Errorf("the error does not name the remedy: %v", e)
			}
			b.close()
			if n := countRequests(server, "PutRecords"); n != 1 {
				t.Errorf("%d PutRecords, want one", n)
			}
		})
	}
}

func TestC77RecordCountMismatch(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 3}})
	if _, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Answer: kinesislocal.AnswerShort}); err != nil {
		t.Fatal(err)
	}
	c := wireConfig(t, server)
	c.AggregationEnabled = false
	b := start(t, c)
	for i := range 10 {
		b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
	}
	b.close()
	for i := range 10 {
		e := failure(t, b.result(fmt.Sprint(i)))
		// Ours says besides that it may be stored, as it is here.
		if e.Code != "Record Count Mismatch" || !slices.Equal(codes(e.Attempts), []string{"Record Count Mismatch"}) || !e.MayBeStored {
			t.Errorf("%v", e)
		}
	}
	if n := countRequests(server, "PutRecords"); n != 1 {
		t.Errorf("%d PutRecords: it must not be tried again", n)
	}
}

// In the KPL the largest RecordTtl expires at once, and the largest RecordMaxBufferedTime sends at once.
func TestC78LargestTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		const text = "RecordTtl=9223372036854775807\nRecordMaxBufferedTime=9223372036854775807\nRegion=us-east-1\nMetricsLevel=none\n"
		c, _, err := ParseProperties("kpl.properties", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c.API = f
		b := start(t, c)
		b.warm(f, "s")
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(30 * 24 * time.Hour)
		synctest.Wait()
		if len(f.sizes()) != 0 || b.count() != 0 {
			t.Fatalf("sent or failed by itself: requests %v, %d results", f.sizes(), b.count())
		}
		if err := b.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		if r := b.result("a"); r.Err != nil || len(r.Attempts) != 1 {
			t.Errorf("after a flush: %+v", r)
		}
		for i := range 6 { // 300 KiB for one shard
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 50<<10)})
		}
		synctest.Wait()
		if n := len(f.sizes()); n != 2 {
			t.Errorf("%d requests, want one more for size", n)
		}
		b.close()
	})
}

// The KPL waits for RecordMaxBufferedTime and fails the record then, without a request.
func TestC79RecordTTLBelowBufferedTime(t *testing.T) {
	t.Parallel()
	for name, aggregate := range map[string]bool{"aggregation on": true, "aggregation off": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				c.RecordTTL, c.RecordMaxBufferedTime, c.AggregationEnabled = 200*time.Millisecond, time.Second, aggregate
				b := start(t, c)
				b.warm(f, "s")
				b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if r, at := b.result("a"), f.times(); r.Err != nil || len(at) != 1 || at[0] >= 200*time.Millisecond {
					t.Errorf("requests at %v: %+v", at, r)
				}
				b.close()
			})
		})
	}
}

func TestC80DelaysAndDurationsAddUp(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]func(*fakeKinesis){
		"stored":            func(*fakeKinesis) {},
		"stored in the end": func(f *fakeKinesis) { f.refuse = firstTimes(5, codeThrottled) },
		"expired":           func(f *fakeKinesis) { f.refuse = always(codeThrottled) },
		"refused for good":  func(f *fakeKinesis) { f.before = failing("AccessDeniedException") },
		"after a timeout":   func(f *fakeKinesis) { f.latency = 10 * time.Second },
		"after a split":     func(f *fakeKinesis) { f.shards[0].closed = true; f.shards = append(f.shards, newFake(2).shards...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				f.latency, f.listLatency = 7*time.Millisecond, 3*time.Millisecond
				f.shards[0].id = "shardId-parent"
				c := testConfig(f)
				c.RecordTTL = 20 * time.Second
				b := start(t, c)
				b.warm(f, "s")
				f.order(func() { order(f) })
				ended := 0
				for i := range 10 {
					began := time.Now()
					if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")}, func(r Result) {
						took, sum := time.Since(began), time.Duration(0)
						for _, a := range r.Attempts {
							if a.Delay < 0 || a.Duration < 0 {
								t.Errorf("attempt %+v", a)
							}
							sum += a.Delay + a.Duration
						}
						// A result may wait for the shard map after its attempt has ended.
						if name == "after a split" && took-sum > f.listLatency || name != "after a split" && took != sum || sum > took {
							t.Errorf("attempts sum up to %v, the record took %v: %+v", sum, took, r.Attempts)
						}
						ended++
					}); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Millisecond)
				}
				b.close()
				if ended != 10 {
					t.Errorf("%d results", ended)
				}
			})
		})
	}
}

func TestC81ThrottledAggregateIsStoredOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.order(func() { f.refuse = firstTimes(1, codeThrottled) })
		put := func(from, to int) {
			for i := from; i < to; i++ {
				b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte(fmt.Sprint(i))})
			}
		}
		put(0, 50)
		time.Sleep(b.cfg.RecordMaxBufferedTime)
		synctest.Wait()             // refused by now
		for i := 50; i < 100; i++ { // while the first wait to go again
			time.Sleep(5 * time.Millisecond)
			put(i, i+1)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		times, astray := f.inPlace(t)
		for i := range 100 {
			r := b.result(fmt.Sprint(i))
			if r.Err != nil || times[fmt.Sprint(i)] != 1 {
				t.Errorf("record %d: %v, stored %d times", i, r.Err, times[fmt.Sprint(i)])
			}
			if want := map[bool]int{true: 2, false: 1}[i < 50]; len(r.Attempts) != want {
				t.Errorf("record %d: attempts %v, want %d", i, codes(r.Attempts), want)
			}
		}
		if astray != 0 || len(times) != 100 {
			t.Errorf("%d different records stored, %d astray", len(times), astray)
		}
		b.close()
	})
}

// Whatever happens: callers that give up, callbacks that panic, a service that refuses, and Close in the middle.
func TestC82ExactlyOneResult(t *testing.T) {
	t.Parallel()
	for name, patience := range map[string]time.Duration{"Close that waits": time.Hour, "Close that gives up": 300 * time.Millisecond, "Close at once": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(4)
				f.latency = 20 * time.Millisecond
				f.refuse = func(types.PutRecordsRequestEntry, string) string {
					return []string{"", "", codeThrottled, "InternalFailure", "KMSDisabledException"}[rand.N(5)]
				}
				f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
					if rand.N(10) == 0 {
						return nil, httpError(503)
					}
					return nil, nil
				}
				c := testConfig(f)
				c.MaxOutstandingRecords, c.RecordTTL = 100, 2*time.Second
				b := start(t, c)
				const putters, each = 8, 200
				var accepted, results [putters * each]atomic.Int32
				var canceled, afterClose atomic.Int32
				var work sync.WaitGroup
				for p := range putters {
					work.Go(func() {
						for i := p * each; i < (p+1)*each; i++ {
							ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rand.N(100))*time.Millisecond)
							err := b.Put(ctx, Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")}, func(Result) {
								results[i].Add(1)
								if i%7 == 0 {
									panic("of the callback")
								}
							})
							if i%3 == 0 {
								cancel() // what becomes of the record is not the context's business
							}
							switch {
							case err == nil:
								accepted[i].Add(1)
							case errors.Is(err, ErrClosed):
								afterClose.Add(1)
							case errors.Is(err, context.DeadlineExceeded):
								canceled.Add(1)
							default:
								t.Error(err)
							}
							cancel()
						}
					})
				}
				time.Sleep(400 * time.Millisecond)
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				_, _ = b.Close(ctx)
				work.Wait()
				synctest.Wait()
				taken := 0
				for i := range results {
					if results[i].Load() != accepted[i].Load() {
						t.Errorf("record %d: accepted %d times, %d results", i, accepted[i].Load(), results[i].Load())
					}
					taken += int(accepted[i].Load())
				}
				if taken == 0 || canceled.Load() == 0 || afterClose.Load() == 0 {
					t.Errorf("%d accepted, %d canceled, %d after Close: not all of it happened", taken, canceled.Load(), afterClose.Load())
				}
				if n := b.Stats().OutstandingRecords; n != 0 {
					t.Errorf("%d outstanding after Close", n)
				}
			})
		})
	}
}
