package kpl

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// storedBy is how many Kinesis records were sent until some time.
func (f *fakeKinesis) sentBy(at time.Duration) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if r.at <= at {
			n += len(r.entries)
		}
	}
	return n
}

func about(t *testing.T, what string, got, want, tolerance int) {
	t.Helper()
	if got < want-tolerance || got > want+tolerance {
		t.Errorf("%s: %d, want about %d", what, got, want)
	}
}

// C50, C54
func TestLimiterKeepsTheRateOfRecords(t *testing.T) {
	for name, aggregate := range map[string]bool{"aggregation of one": true, "aggregation off": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				c.RateLimitPercent, c.AggregationMaxCount, c.AggregationEnabled = 100, 1, aggregate
				b := start(t, c)
				b.warm(f, "s")
				time.Sleep(time.Second) // the bucket is full again
				f.order(func() { f.epoch = time.Now() })
				for i := range 1500 {
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
				}
				time.Sleep(2 * time.Second)
				about(t, "at once and by the deadline", f.sentBy(100*time.Millisecond), 1090, 60)
				about(t, "after 0.3 s", f.sentBy(300*time.Millisecond), 1290, 60)
				about(t, "after 0.6 s", f.sentBy(600*time.Millisecond), 1500, 0)
				about(t, "just before", f.sentBy(450*time.Millisecond), 1440, 60)
				b.close()
			})
		})
	}
}

// C51
func TestLimiterKeepsTheRateOfBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RateLimitPercent = 100
		c.CollectionMaxSizeBytes = 1 << 20
		b := start(t, c)
		b.warm(f, "s")
		time.Sleep(time.Second)
		f.order(func() { f.epoch = time.Now() })
		for i := range 12 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 1<<20)})
		}
		time.Sleep(5 * time.Second)
		about(t, "at once", f.sentBy(200*time.Millisecond), 10, 0)
		about(t, "after a second", f.sentBy(1200*time.Millisecond), 11, 0)
		about(t, "after two", f.sentBy(2200*time.Millisecond), 12, 0)
		b.close()
	})
}

// C52: and one throttled shard does not delay another.
func TestEachShardHasItsOwnRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		f.refuse = func(_ types.PutRecordsRequestEntry, shard string) string {
			if shard == "shardId-000000000000" {
				return codeThrottled
			}
			return ""
		}
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationMaxCount = 100, 1
		c.RecordTTL = 5 * time.Second
		b := start(t, c)
		for i := range 2000 {
			b.put(fmt.Sprint("low", i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "0", Data: []byte("x")})
		}
		time.Sleep(time.Second)
		began := time.Now()
		for i := range 900 {
			b.put(fmt.Sprint("high", i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "340282366920938463463374607431768211455", Data: []byte("x")})
		}
		time.Sleep(150 * time.Millisecond)
		synctest.Wait()
		for i := range 900 {
			if r := b.result(fmt.Sprint("high", i)); r.Err != nil || r.ShardID != "shardId-000000000001" {
				t.Fatalf("%v after %v", r, time.Since(began))
			}
		}
		st := b.Stats().Streams[0]
		if len(st.Shards) != 2 || st.Shards[0].RatePercent > 50 || st.Shards[1].RatePercent != 100 || st.Shards[0].Throttled == 0 || st.Throttled == 0 {
			t.Errorf("shards %+v", st.Shards)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for i := range 2000 {
			e := failure(t, b.result(fmt.Sprint("low", i)))
			if e.Code != codeExpired || e.ShardID != "shardId-000000000000" || e.Age < 4900*time.Millisecond || e.Age > 5200*time.Millisecond {
				t.Fatalf("%v", e)
			}
		}
		b.close()
	})
}

// C53
func TestRecordsExpireInTheLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationMaxCount, c.RecordTTL = 1, 1, 500*time.Millisecond
		b := start(t, c)
		for i := range 1100 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 10)})
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stored := 0
		for i := range 1100 {
			r := b.result(fmt.Sprint(i))
			if r.Err == nil {
				stored++
				continue
			}
			if e := failure(t, r); !slices.Equal(codes(e.Attempts), []string{codeExpired, codeExpired}) || e.Attempts[0].ErrorMessage != expiredInLimiter || e.Attempts[0].Delay < 500*time.Millisecond {
				t.Fatalf("attempts %+v", e.Attempts)
			}
		}
		about(t, "stored", stored, 1005, 2)
		b.close()
	})
}

func TestPaceFollowsWhatTheShardAccepts(t *testing.T) {
	second := instant(time.Second)
	b := newTokenBucket(200, 0)
	p := pace{percent: 200, factor: 1}
	answers := func(accepted, refused int, now instant) {
		for range accepted {
			p.count(false, now)
		}
		for range refused {
			p.count(true, now)
		}
		p.cut(&b, now, now)
	}
	answers(9, 3, second)
	if p.factor != 0.75 || b.recordsPerSecond != 2000*0.75 || b.records > 0 || b.bytes > 0 {
		t.Errorf("after a quarter was refused: %+v, %+v", p, b)
	}
	if ok, wait := b.take(10, second); ok || wait <= 0 {
		t.Error("the burst is still there after the shard has throttled")
	}
	answers(0, 5, second+1)
	p.cut(&b, second-1, 9*second)
	if p.factor != 0.75 {
		t.Error("cut twice within the window, or for requests that were under way together")
	}
	for i := range 100 {
		now := second * instant(10+2*i)
		answers(0, 5, now)
	}
	if p.factor != paceLeast {
		t.Errorf("factor %v, want the least", p.factor)
	}
	now := 300 * second
	p.changed = now
	p.recover(&b, now+second)
	if got := p.factor; got < paceLeast+pacePerSecond*0.99 || got > paceLeast+pacePerSecond*1.01 {
		t.Errorf("factor %v after a second of calm", got)
	}
	p.recover(&b, now+1000*second)
	if p.factor != 1 || b.recordsPerSecond != 2000 {
		t.Errorf("factor %v, rate %v: never above RateLimit", p.factor, b.recordsPerSecond)
	}
}

// A shard that refuses one record in twenty at random has room: its rate must stay near RateLimit, or records would pile up and expire.
func TestPaceBearsStrayThrottling(t *testing.T) {
	b := newTokenBucket(150, 0)
	p := pace{percent: 150, factor: 1}
	random := rand.New(rand.NewPCG(1, 2))
	least := 1.0
	for tick := range 6000 { // ten answers a second for ten minutes
		now := instant(tick+1) * instant(100*time.Millisecond)
		refused := random.Float64() < 0.05
		p.count(refused, now)
		if refused {
			p.cut(&b, now, now)
		}
		p.recover(&b, now)
		least = min(least, p.factor)
	}
	if least < 0.7 {
		t.Errorf("the rate fell to %.2f of RateLimit", least)
	}
}

// A shard that takes two thirds of RateLimit is sent about that, and little of it is refused.
func TestPaceFindsTheRateOfTheShard(t *testing.T) {
	b := newTokenBucket(150, 0)
	p := pace{percent: 150, factor: 1}
	const real = 1.0 / 1.5
	sum, refusedSum := 0.0, 0.0
	const seconds = 300
	for second := range seconds {
		now := instant(second+1) * instant(time.Second)
		sent := p.factor
		refused := max(0, sent-real)
		for range int(100 * (sent - refused)) {
			p.count(false, now)
		}
		for range int(100 * refused) {
			p.count(true, now)
		}
		if refused >= 0.01 {
			p.cut(&b, now, now)
		}
		p.recover(&b, now+instant(time.Second)-1)
		sum += sent - refused
		refusedSum += refused
	}
	if used := sum / seconds / real; used < 0.93 {
		t.Errorf("%.0f %% of the shard's rate is used", 100*used)
	}
	if share := refusedSum / (sum + refusedSum); share > 0.1 {
		t.Errorf("%.0f %% was refused", 100*share)
	}
}

func TestTokenBucketTakesMoreThanItsBurstAsDebt(t *testing.T) {
	b := newTokenBucket(100, 0)
	if ok, _ := b.take(11<<20, 0); !ok {
		t.Fatal("a full bucket refuses a record above the burst")
	}
	ok, wait := b.take(1, 0)
	if ok || time.Duration(wait) < time.Second || time.Duration(wait) > 1001*time.Millisecond {
		t.Errorf("got %v after %v, want a second of debt", ok, time.Duration(wait))
	}
}
