package kpl

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	lowestHashKey  = "0"
	highestHashKey = "340282366920938463463374607431768211455"
	shardOne       = "shardId-000000000001"
)

// sentTo is how many Kinesis records, and of how many bytes, were sent to a shard until some time.
func (f *fakeKinesis) sentTo(shard string, at time.Duration) (records, size int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if r.at > at {
			continue
		}
		for _, e := range r.entries {
			if h, err := ParseHashKey(*e.ExplicitHashKey); err == nil && f.shardOf(h) == shard {
				records++
				size += len(e.Data)
			}
		}
	}
	return records, size
}

// refill waits until the buckets of a warm producer are full again, and counts the time from then on.
func (f *fakeKinesis) refill() {
	time.Sleep(2 * time.Second)
	f.order(func() { f.epoch, f.requests, f.stored = time.Now(), nil, nil })
}

// keepsToRecordRate checks what has gone to a shard, after 1000 and perSecond, against what its bucket allows: never more, and hardly later. A
// record may lie in the collector for its share of RecordMaxBufferedTime, and the limiter looks every limiterPause.
func keepsToRecordRate(t *testing.T, f *fakeKinesis, shard string, perSecond, total int) {
	t.Helper()
	allowed := func(at time.Duration) int { return min(total, 1000+int(float64(perSecond)*at.Seconds()+1e-6)) }
	const late = 20*time.Millisecond + limiterPause
	for at := time.Duration(0); at < time.Second; at += 5 * time.Millisecond {
		got, _ := f.sentTo(shard, at)
		if most := allowed(at); got > most {
			t.Errorf("%s: %d records sent after %v, the bucket allows %d", shard, got, at, most)
		}
		// The second to come after the burst waits for the deadline of its request.
		if at >= 100*time.Millisecond+late {
			if least := allowed(at - late); got < least {
				t.Errorf("%s: only %d records sent after %v, the bucket allowed %d before", shard, got, at, least)
			}
		}
	}
}

// The KPL releases 25 every 25 ms; here they are released as the bucket fills, and leave together.
func TestC50RateOfRecords(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationMaxCount = 100, 1
		b := start(t, c)
		b.warm(f, "s")
		f.refill()
		for i := range 1500 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		}
		synctest.Wait()
		if got, _ := f.sentTo(shardZero, 0); got != 1000 {
			t.Errorf("%d records at once, want the 1000 of a full bucket", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		keepsToRecordRate(t, f, shardZero, 1000, 1500)
		if got, _ := f.sentTo(shardZero, 530*time.Millisecond); got != 1500 {
			t.Errorf("%d records after half a second, want all 1500", got)
		}
		b.close()
	})
}

func TestC51RateOfBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RateLimitPercent = 100
		b := start(t, c)
		b.warm(f, "s")
		f.refill()
		for i := range 12 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 1<<20)})
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		for at, want := range map[time.Duration]int{
			100 * time.Millisecond: 10, 999 * time.Millisecond: 10, 1050 * time.Millisecond: 11, 1999 * time.Millisecond: 11, 2050 * time.Millisecond: 12,
		} {
			if got, size := f.sentTo(shardZero, at); got != want || size != want<<20 {
				t.Errorf("%d records of %d bytes in all after %v, want %d records", got, size, at, want)
			}
		}
		b.close()
	})
}

func TestC52EachShardHasItsOwnBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationMaxCount = 100, 1
		b := start(t, c)
		b.warm(f, "s")
		f.refill()
		for i := range 1500 {
			b.put(fmt.Sprint("low", i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: lowestHashKey, Data: []byte("x")})
			b.put(fmt.Sprint("high", i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: highestHashKey, Data: []byte("x")})
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		keepsToRecordRate(t, f, shardZero, 1000, 1500)
		keepsToRecordRate(t, f, shardOne, 1000, 1500)
		b.close()
	})
}

// The message of the second attempt is the KPL's without the number of its wrapper's message.
func TestC53ExpiryInTheLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationMaxCount, c.RecordTTL = 1, 1, 500*time.Millisecond
		b := start(t, c)
		b.warm(f, "s")
		f.refill()
		for i := range 1100 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 10)})
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stored := 0
		for i := range 1100 {
			r := b.result(fmt.Sprint(i))
			if r.Err == nil {
				if stored++; i >= stored {
					t.Fatalf("record %d is stored, one before it is not", i)
				}
				continue
			}
			e := failure(t, r)
			if !slices.Equal(codes(e.Attempts), []string{codeExpired, codeExpired}) || e.Code != codeExpired || e.ShardID != shardZero || e.MayBeStored {
				t.Fatalf("%v: %+v", e, e.Attempts)
			}
			first, second := e.Attempts[0], e.Attempts[1]
			if first.ErrorMessage != "Expiration reached while waiting in limiter" || first.Delay != 500*time.Millisecond || first.Duration != 0 {
				t.Fatalf("first attempt %+v", first)
			}
			if second.ErrorMessage != expiredCause.message || second.Delay != 0 || second.Duration != 0 {
				t.Fatalf("second attempt %+v", second)
			}
		}
		about(t, "stored", stored, 1005, 1)
		if got, _ := f.sentTo(shardZero, time.Hour); got != stored {
			t.Errorf("%d records were sent, %d are stored: what has expired must not be sent", got, stored)
		}
		if st := b.Stats().Streams[0]; st.Expired != int64(1100-stored) || st.Throttled != 0 {
			t.Errorf("%+v", st.Totals)
		}
		b.close()
	})
}

// The KPL does not limit without aggregation.
func TestC54RateWithoutAggregation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		c := testConfig(f)
		c.RateLimitPercent, c.AggregationEnabled = 100, false
		b := start(t, c)
		b.warm(f, "s")
		f.refill()
		for i := range 1500 {
			b.put(fmt.Sprint("low", i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: lowestHashKey, Data: []byte("x")})
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		keepsToRecordRate(t, f, shardZero, 1000, 1500)
		b.close()
	})
}

// A shard that refuses everything shares requests with one that takes everything: the latter's records have their results as if it were alone.
func TestThrottledShardDoesNotDelayAnotherInTheSameRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		const latency, rounds = 10 * time.Millisecond, 50
		f.latency = latency
		c := testConfig(f)
		c.RecordTTL = 20 * time.Second
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() {
			f.refuse = func(_ types.PutRecordsRequestEntry, shard string) string {
				if shard == shardZero {
					return codeThrottled
				}
				return ""
			}
		})
		for i := range rounds {
			b.put(fmt.Sprint("low", i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: lowestHashKey, Data: []byte("low")})
			b.put(fmt.Sprint("high", i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: highestHashKey, Data: []byte("high")})
			time.Sleep(c.RecordMaxBufferedTime + latency)
			synctest.Wait()
			if r := b.result(fmt.Sprint("high", i)); r.Err != nil || r.ShardID != shardOne || len(r.Attempts) != 1 {
				t.Fatalf("round %d: %+v", i, r)
			}
		}
		shared := 0
		for _, n := range f.sizes() {
			if n > 1 {
				shared++
			}
		}
		if shared == 0 {
			t.Error("no request had records of both shards")
		}
		shards := b.Stats().Streams[0].Shards
		if shards[0].Throttled == 0 || shards[0].RatePercent >= 100 {
			t.Errorf("the shard that refuses: %+v", shards[0])
		}
		if shards[1].Throttled != 0 || shards[1].RatePercent != float64(c.RateLimitPercent) {
			t.Errorf("the shard that takes everything: %+v", shards[1])
		}
		f.order(func() { f.refuse = nil })
		time.Sleep(20 * time.Second)
		synctest.Wait()
		for i := range rounds {
			if r := b.result(fmt.Sprint("low", i)); r.Err != nil || len(r.Attempts) < 2 {
				t.Errorf("record %d of the other shard: %+v", i, r)
			}
		}
		b.close()
	})
}
