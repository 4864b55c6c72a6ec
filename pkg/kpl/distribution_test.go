package kpl

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// telling is a fake that tells how its stream distributes records, and does so.
type telling struct {
	*fakeKinesis
	auto  atomic.Bool
	asked atomic.Int64
	// before, if set, may fail the question; n counts from 0.
	before func(n int) error
}

func newTelling(shards int) *telling {
	f := &telling{fakeKinesis: newFake(shards)}
	var n atomic.Int64
	f.place = func(e types.PutRecordsRequestEntry) string {
		if f.auto.Load() {
			return f.shards[n.Add(1)%int64(shards)].id
		}
		h, _ := ParseHashKey(*e.ExplicitHashKey)
		return f.shardOf(h)
	}
	return f
}

func (f *telling) DescribeStreamSummary(_ context.Context, in *kinesis.DescribeStreamSummaryInput, _ ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error) {
	n := int(f.asked.Add(1)) - 1
	if f.before != nil {
		if err := f.before(n); err != nil {
			return nil, err
		}
	}
	strategy := types.RecordDistributionStrategyUserPartitionKey
	if f.auto.Load() {
		strategy = types.RecordDistributionStrategyAuto
	}
	return &kinesis.DescribeStreamSummaryOutput{StreamDescriptionSummary: &types.StreamDescriptionSummary{StreamName: in.StreamName, RecordDistributionStrategy: strategy}}, nil
}

func (f *telling) kinesisRecords() (n int) {
	f.order(func() { n = len(f.stored) })
	return n
}

// tellingBench puts bursts of records and waits for them in virtual time.
func tellingBench(t *testing.T, f *telling, change func(*Config)) (b *bench, burst func(n int), logs *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	c := testConfig(f.fakeKinesis)
	c.API, c.Logger = f, zap.New(core)
	if change != nil {
		change(&c)
	}
	b = start(t, c)
	name := 0
	burst = func(n int) {
		for range n {
			name++
			b.put(fmt.Sprint(name), Record{Stream: "s", PartitionKey: fmt.Sprint(name), Data: []byte("data")})
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
	}
	t.Cleanup(func() {
		for i := 1; i <= name; i++ {
			if r := b.result(fmt.Sprint(i)); r.Err != nil {
				t.Errorf("record %d: %v", i, r.Err)
			}
		}
	})
	return b, burst, logs
}

func denied(int) error { return apiError("AccessDeniedException", "no") }

func TestAStreamThatSpreadsIsAskedForAtItsFirstRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTelling(4)
		f.auto.Store(true)
		b, burst, _ := tellingBench(t, f, nil)
		burst(100)
		burst(100)
		b.close()
		if got := f.kinesisRecords(); got != 200 {
			t.Errorf("200 records became %d Kinesis records; none may be an aggregate", got)
		}
		if f.asked.Load() != 1 || f.listCount() != 1 {
			t.Errorf("%d DescribeStreamSummary and %d ListShards, want one of each", f.asked.Load(), f.listCount())
		}
		if _, total := b.Duplicates(); total != 0 {
			t.Errorf("%d possible duplicates", total)
		}
	})
}

func TestAStreamByKeyIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTelling(4)
		b, burst, _ := tellingBench(t, f, nil)
		burst(100)
		time.Sleep(5 * time.Minute)
		burst(100)
		b.close()
		if got := f.kinesisRecords(); got > 8 {
			t.Errorf("200 records became %d Kinesis records, want an aggregate per shard and burst", got)
		}
		if f.asked.Load() != 1 {
			t.Errorf("%d DescribeStreamSummary, want one", f.asked.Load())
		}
	})
}

func TestWhereAskingIsDeniedThatIsSaidOnceAndTheDefaultHolds(t *testing.T) {
	for _, strategy := range []string{"USER_PARTITION_KEY", "AUTO"} {
		t.Run(strategy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newTelling(4)
				f.before = denied
				f.auto.Store(strategy == strategyAuto)
				b, burst, logs := tellingBench(t, f, func(c *Config) { c.RecordDistributionStrategyDefault = strategy })
				burst(100)
				time.Sleep(9 * time.Minute)
				burst(100)
				b.close()
				if got := f.kinesisRecords(); (got == 200) != (strategy == strategyAuto) {
					t.Errorf("200 records became %d Kinesis records", got)
				}
				if f.asked.Load() != 1 {
					t.Errorf("asked %d times, want once", f.asked.Load())
				}
				if said := logs.FilterMessageSnippet("allow kinesis:DescribeStreamSummary").Len(); said != 1 {
					t.Errorf("said %d times, want once", said)
				}
			})
		})
	}
}

func TestWhereAskingIsDeniedSpreadingIsInferred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTelling(4)
		f.before = denied
		b, burst, _ := tellingBench(t, f, nil)
		burst(100)
		f.auto.Store(true)
		for range 10 {
			burst(20)
		}
		if b.Stats().Streams[0].Aggregating {
			t.Fatal("not noticed")
		}
		before := f.kinesisRecords()
		burst(100)
		if got := f.kinesisRecords() - before; got != 100 {
			t.Errorf("100 records became %d Kinesis records", got)
		}
		f.auto.Store(false)
		for range 12 {
			burst(100)
		}
		if !b.Stats().Streams[0].Aggregating {
			t.Error("aggregation did not come back")
		}
		b.close()
	})
}

// One answer that contradicts is a reason to ask, and the answer to that is enough.
func TestASwitchOfALiveStreamIsAskedForOnEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTelling(4)
		b, burst, _ := tellingBench(t, f, nil)
		burst(100)
		f.auto.Store(true)
		burst(20)
		if b.Stats().Streams[0].Aggregating || f.asked.Load() < 2 {
			t.Fatalf("asked %d times, still aggregating", f.asked.Load())
		}
		f.auto.Store(false)
		for range 12 {
			burst(100)
		}
		if !b.Stats().Streams[0].Aggregating {
			t.Error("aggregation did not come back")
		}
		b.close()
	})
}

func TestAFailedQuestionIsPutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTelling(4)
		f.auto.Store(true)
		f.before = func(n int) error {
			if n < 3 {
				return apiError("LimitExceededException", "too many")
			}
			return nil
		}
		b, _, _ := tellingBench(t, f, nil)
		b.put("first", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(time.Minute)
		synctest.Wait()
		if f.asked.Load() != 4 || b.Stats().Streams[0].Aggregating {
			t.Errorf("asked %d times, want four, and then no aggregation", f.asked.Load())
		}
		time.Sleep(8 * time.Minute)
		if f.asked.Load() != 4 {
			t.Errorf("asked %d times in all: an answered question is not put again", f.asked.Load())
		}
		b.close()
	})
}

// The question may take long; records do not.
func TestASlowQuestionHoldsUpTheFirstMapForASecondOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTelling(1)
		f.before = func(int) error { time.Sleep(5 * time.Second); return nil }
		b, _, _ := tellingBench(t, f, func(c *Config) { c.RecordMaxBufferedTime = 3 * time.Second })
		for i := range 10 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if b.count() != 10 || f.kinesisRecords() != 1 {
			t.Errorf("%d results and %d Kinesis records after 4 s, want 10 in one aggregate", b.count(), f.kinesisRecords())
		}
		b.close()
	})
}

func TestAnARNIsAskedForByARN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const arn = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
		f := &arnTelling{telling: newTelling(1)}
		c := testConfig(f.fakeKinesis)
		c.API = f
		b := start(t, c)
		b.put("r", Record{Stream: arn, PartitionKey: "k", Data: []byte("x")})
		b.close()
		if in := f.in.Load(); in == nil || aws.ToString(in.StreamARN) != arn || in.StreamName != nil {
			t.Errorf("asked with %+v, want the ARN alone", in)
		}
	})
}

type arnTelling struct {
	*telling
	in atomic.Pointer[kinesis.DescribeStreamSummaryInput]
}

func (f *arnTelling) DescribeStreamSummary(ctx context.Context, in *kinesis.DescribeStreamSummaryInput, o ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error) {
	f.in.Store(in)
	return f.telling.DescribeStreamSummary(ctx, in, o...)
}

// With one shard every answer fits, whatever the strategy: it is asked for again.
func TestAStreamOfOneShardIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newTelling(1)
		f.auto.Store(true)
		b, burst, _ := tellingBench(t, f, nil)
		burst(100)
		f.auto.Store(false)
		for range 12 {
			burst(100)
		}
		if !b.Stats().Streams[0].Aggregating {
			t.Error("aggregation did not come back")
		}
		if n := f.asked.Load(); n > 3 {
			t.Errorf("asked %d times", n)
		}
		b.close()
	})
}
