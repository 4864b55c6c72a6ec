package kpl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"net/http"
)

// firstTimes refuses the first n requests' records.
func firstTimes(n int64, code string) func(types.PutRecordsRequestEntry, string) string {
	var seen atomic.Int64
	return func(types.PutRecordsRequestEntry, string) string {
		if seen.Add(1) <= n {
			return code
		}
		return ""
	}
}

// C70, C80
func TestInternalFailureIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.latency = 7 * time.Millisecond
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.order(func() { f.refuse = firstTimes(1, "InternalFailure") })
		began := time.Now()
		var took time.Duration
		if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}, func(r Result) {
			took = time.Since(began)
			if r.Err != nil || !slices.Equal(codes(r.Attempts), []string{"InternalFailure", ""}) || r.Attempts[0].ErrorMessage != "refused" || !r.Attempts[1].Success {
				t.Errorf("%+v", r)
			}
			var sum time.Duration
			for _, a := range r.Attempts {
				sum += a.Delay + a.Duration
			}
			if sum != took {
				t.Errorf("attempts sum up to %v, the record took %v", sum, took)
			}
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if at := f.times(); len(at) != 2 || at[1]-at[0] < 50*time.Millisecond || took == 0 {
			t.Errorf("requests at %v", at)
		}
		b.close()
	})
}

// C71, C72, C73
func TestThrottledRecords(t *testing.T) {
	for name, c := range map[string]struct {
		fail     bool
		code     string
		request  bool
		requests int // 0: many
		codes    []string
	}{
		"until they expire":              {false, codeThrottled, false, 0, nil},
		"request until they expire":      {false, codeThrottled, true, 0, nil},
		"FailIfThrottled":                {true, codeThrottled, false, 1, []string{codeThrottled}},
		"FailIfThrottled, whole request": {true, codeThrottled, true, 1, []string{codeThrottled}},
		"FailIfThrottled, other error":   {true, "InternalFailure", false, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				cfg := testConfig(f)
				cfg.RecordTTL, cfg.FailIfThrottled = time.Second, c.fail
				b := start(t, cfg)
				b.warm(f, "s")
				f.order(func() { f.refuse = func(types.PutRecordsRequestEntry, string) string { return c.code } })
				if c.request {
					f.order(func() {
						f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
							return nil, apiError(c.code, "no")
						}
					})
				}
				b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				time.Sleep(10 * time.Second)
				synctest.Wait()
				e := failure(t, b.result("a"))
				if c.requests > 0 {
					if len(f.sizes()) != c.requests || !slices.Equal(codes(e.Attempts), c.codes) || e.Code != c.code {
						t.Errorf("%d requests, %v", len(f.sizes()), e)
					}
				} else {
					last := len(e.Attempts) - 1
					if e.Code != codeExpired || e.Attempts[last].ErrorCode != codeExpired || last < 2 || e.Attempts[last-1].ErrorCode != c.code || e.Age < 900*time.Millisecond || e.Age > 1100*time.Millisecond {
						t.Errorf("%v: %+v", e, e.Attempts)
					}
					if !strings.Contains(e.Error(), "before that "+c.code) {
						t.Errorf("the error does not name the cause: %v", e)
					}
				}
				b.close()
			})
		})
	}
}

// C74
func TestOnlyTheRefusedEntryIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.AggregationEnabled = false
		b := start(t, c)
		b.warm(f, "s")
		refuse := firstTimes(1, codeThrottled)
		f.order(func() {
			f.refuse = func(e types.PutRecordsRequestEntry, shard string) string {
				if string(e.Data) == "1" {
					return refuse(e, shard)
				}
				return ""
			}
		})
		for i := range 3 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte(fmt.Sprint(i))})
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if sizes := f.sizes(); !slices.Equal(sizes, []int{3, 1}) || string(f.request(1).entries[0].Data) != "1" {
			t.Errorf("requests %v", sizes)
		}
		for i, n := range []int{1, 2, 1} {
			if r := b.result(fmt.Sprint(i)); r.Err != nil || len(r.Attempts) != n {
				t.Errorf("record %d: %+v", i, r)
			}
		}
		b.close()
	})
}

func httpError(status int) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New("no JSON")}
}

// C75
func TestFailedRequestsAreTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code string
	}{
		"500 with JSON":   {apiError("InternalFailure", "oh"), "InternalFailure"},
		"500 without":     {httpError(500), "HTTP500"},
		"503":             {httpError(503), "HTTP503"},
		"429":             {httpError(429), "HTTP429"},
		"refused":         {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, codeConnectionRefused},
		"reset":           {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, codeConnectionReset},
		"name unknown":    {&net.DNSError{Err: "no such host", Name: "x"}, codeHostNotFound},
		"timeout":         {context.DeadlineExceeded, codeTimeout},
		"other":           {errors.New("what"), codeRequest},
		"throttling":      {apiError("ThrottlingException", "slow"), "ThrottlingException"},
		"key throttled":   {apiError("KMSThrottlingException", "slow"), "KMSThrottlingException"},
		"expired, cached": {apiError("ExpiredTokenException", "old"), "ExpiredTokenException"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				b := start(t, testConfig(f))
				b.warm(f, "s")
				f.order(func() {
					f.before = func(n int, _ *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
						if n < 2 {
							return nil, c.err
						}
						return nil, nil
					}
				})
				b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				b.put("b", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				time.Sleep(10 * time.Second)
				synctest.Wait()
				for _, name := range []string{"a", "b"} {
					if r := b.result(name); r.Err != nil || !slices.Equal(codes(r.Attempts), []string{c.code, c.code, ""}) || r.Attempts[0].ErrorMessage == "" {
						t.Errorf("%+v", r)
					}
				}
				st := b.Stats().Streams[0]
				if st.RequestsFailed != 2 || st.ErrorsByCode[c.code] != 4 || st.Retries != 4 {
					t.Errorf("%+v %v", st.Totals, st.ErrorsByCode)
				}
				b.close()
			})
		})
	}
}

// C76
func TestWhatCannotHealFailsAtOnce(t *testing.T) {
	for code, remedy := range remedies {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				b := start(t, testConfig(f))
				b.warm(f, "s")
				f.order(func() {
					f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
						return nil, apiError(code, "never")
					}
				})
				b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				time.Sleep(10 * time.Second)
				synctest.Wait()
				e := failure(t, b.result("a"))
				if len(f.sizes()) != 1 || e.Code != code || e.Remedy != remedy || len(e.Attempts) != 1 || !strings.Contains(e.Error(), remedy) || !strings.Contains(e.Error(), "stream s") {
					t.Errorf("%d requests: %v", len(f.sizes()), e)
				}
				b.close()
			})
		})
	}
	t.Run("expired static credentials", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(1)
			c := testConfig(f)
			c.Credentials = credentials.NewStaticCredentialsProvider("a", "b", "c")
			b := start(t, c)
			f.order(func() {
				f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
					return nil, apiError("ExpiredTokenException", "old")
				}
			})
			b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			b.close()
			if e := failure(t, b.result("a")); len(e.Attempts) != 1 || e.Remedy != expiredRemedy {
				t.Errorf("%v", e)
			}
		})
	})
}

// One record that the service refuses does not take the others of its request with it.
func TestOneRefusedRecordDoesNotFailTheOthers(t *testing.T) {
	for name, aggregate := range map[string]bool{"aggregation on": true, "aggregation off": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(3)
				c := testConfig(f)
				c.AggregationEnabled = aggregate
				b := start(t, c)
				b.warm(f, "s")
				bad := strings.Repeat("bad", 20)
				f.order(func() {
					f.before = func(_ int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
						for _, e := range in.Records {
							if strings.Contains(string(e.Data), bad) {
								return nil, apiError("ValidationException", "a member is too long")
							}
						}
						return nil, nil
					}
				})
				for i := range 300 {
					data := fmt.Sprint(i)
					if i == 77 {
						data = bad
					}
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte(data)})
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
				for i := range 300 {
					r := b.result(fmt.Sprint(i))
					if i != 77 && r.Err != nil {
						t.Errorf("record %d: %v", i, r.Err)
					} else if i == 77 {
						if e := failure(t, r); e.Code != "ValidationException" || !strings.Contains(e.Error(), "data of 60 bytes and partition key of 2 bytes") {
							t.Error(e)
						}
					}
				}
				if got := f.userRecords(t); len(got) != 299 {
					t.Errorf("%d records stored", len(got))
				}
				if n := len(f.sizes()); n > 25 {
					t.Errorf("%d requests to find one record of 300", n)
				}
				b.close()
			})
		})
	}
}

// C77
func TestRecordCountMismatchFailsAll(t *testing.T) {
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
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
		}
		b.close()
		for i := range 10 {
			if e := failure(t, b.result(fmt.Sprint(i))); e.Code != codeCountMismatch || len(e.Attempts) != 1 {
				t.Error(e)
			}
		}
	})
}

// C78, C79
func TestTimesAtTheirLimits(t *testing.T) {
	t.Run("the largest RecordTtl never expires, the largest RecordMaxBufferedTime waits for a flush", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(1)
			c := testConfig(f)
			c.RecordTTL, c.RecordMaxBufferedTime = 1<<63-1, 1<<63-1
			b := start(t, c)
			b.warm(f, "s")
			b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			time.Sleep(24 * time.Hour)
			synctest.Wait()
			if len(f.sizes()) != 0 || b.count() != 0 {
				t.Fatalf("sent or failed by itself: %v, %d", f.sizes(), b.count())
			}
			if err := b.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
			if r := b.result("a"); r.Err != nil {
				t.Error(r.Err)
			}
			b.close()
		})
	})
	t.Run("RecordTtl below RecordMaxBufferedTime", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(1)
			c := testConfig(f)
			c.RecordTTL, c.RecordMaxBufferedTime = 200*time.Millisecond, time.Second
			b := start(t, c)
			b.warm(f, "s")
			b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if at := f.times(); len(at) != 1 || at[0] >= 200*time.Millisecond {
				t.Errorf("requests at %v", at)
			}
			if r := b.result("a"); r.Err != nil {
				t.Error(r.Err)
			}
			b.close()
		})
	})
}

// C81
func TestThrottledAggregateIsStoredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.order(func() { f.refuse = firstTimes(1, codeThrottled) })
		for i := range 50 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte(fmt.Sprint(i))})
		}
		time.Sleep(101 * time.Millisecond)
		for i := range 50 {
			b.put(fmt.Sprint(50+i), Record{Stream: "s", PartitionKey: "k", Data: []byte(fmt.Sprint(50 + i))})
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		seen := map[string]int{}
		for _, r := range f.userRecords(t) {
			seen[string(r.Data)]++
		}
		for i := range 100 {
			if r := b.result(fmt.Sprint(i)); r.Err != nil || seen[fmt.Sprint(i)] != 1 {
				t.Errorf("record %d: %v, stored %d times", i, r.Err, seen[fmt.Sprint(i)])
			}
		}
		b.close()
	})
}

func TestBackoffIsBounded(t *testing.T) {
	for failed := range 100 {
		for range 100 {
			if d := backoff(failed); d < 0 || d >= backoffMost {
				t.Fatalf("%d failed: %v", failed, d)
			}
		}
	}
}

// What goes again together goes by the record that was tried least: neither does a fresh one wait as long as an old one in front of it,
// nor is its own first back-off any other behind it.
func TestPatienceGoesByTheFreshestRecord(t *testing.T) {
	tried := func(n int) userRecord {
		u := userRecord{}
		for range n {
			u.keep(Attempt{ErrorCode: codeThrottled})
		}
		return u
	}
	for name, c := range map[string]struct {
		attempts []int
		want     int
	}{
		"one":                   {[]int{3}, 3},
		"fresh one last":        {[]int{9, 1}, 1},
		"fresh one first":       {[]int{1, 9}, 1},
		"untried in the middle": {[]int{7, 0, 2}, 0},
		"put together":          {[]int{3 * maxAttempts, 2 * maxAttempts}, 2 * maxAttempts},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kinesisRecord{}
			for _, n := range c.attempts {
				k.users = append(k.users, tried(n))
			}
			if got := k.fewestTries(); got != c.want {
				t.Errorf("%d tries, want %d", got, c.want)
			}
		})
	}
}

// TestFreshRecordsDoNotPayForOldOnes: a record that has failed for a minute backs off by seconds; one that joins it later does not.
func TestFreshRecordsDoNotPayForOldOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RecordMaxBufferedTime, c.RecordTTL = 2*time.Second, 5*time.Minute
		b := start(t, c)
		b.warm(f, "s")
		refuse := func(code string) {
			f.order(func() { f.refuse = func(types.PutRecordsRequestEntry, string) string { return code } })
		}
		for round := range 100 {
			refuse(codeThrottled)
			b.put(fmt.Sprint(round), Record{Stream: "s", PartitionKey: "k", Data: []byte("old")})
			time.Sleep(time.Minute)
			// Between two back-offs the old one waits a second for company, and so it meets many of the fresh ones.
			ended := make(chan time.Time, 1)
			if err := b.Put(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("fresh")}, func(Result) { ended <- time.Now() }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2100 * time.Millisecond) // its first attempt has failed by then
			refuse("")
			healed := time.Now()
			// Its own back-off, at most 400 ms after three attempts, and a second for company.
			if took := (<-ended).Sub(healed); took > 1400*time.Millisecond {
				t.Errorf("round %d: a fresh record took %v after the end of the outage", round, took)
			}
			if err := b.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		b.close()
	})
}

// A request that does not end is given up, and its connection used again.
func TestRequestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.MaxConnections, c.RequestTimeout = 1, 2*time.Second
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() { f.latency = time.Hour })
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(time.Second)
		f.order(func() { f.latency = 0 })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if r := b.result("a"); r.Err != nil || !slices.Equal(codes(r.Attempts), []string{codeTimeout, ""}) || r.Attempts[0].Duration != 2*time.Second {
			t.Errorf("%+v", r)
		}
		b.close()
	})
}

func TestPanicOfTheClientFailsTheRequestOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.order(func() {
			f.before = func(n int, _ *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
				if n == 0 {
					panic("oh")
				}
				return nil, nil
			}
		})
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		b.close()
		if r := b.result("a"); r.Err != nil || !slices.Equal(codes(r.Attempts), []string{codePanic, ""}) {
			t.Errorf("%+v", r)
		}
	})
}
