package kpl

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// sink answers every request at once.
type sink struct {
	*fakeKinesis
	entries atomic.Int64
}

func (s *sink) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	s.entries.Add(int64(len(in.Records)))
	out := &kinesis.PutRecordsOutput{Records: make([]types.PutRecordsResultEntry, len(in.Records))}
	for i := range in.Records {
		out.Records[i] = types.PutRecordsResultEntry{ShardId: &s.shards[0].id, SequenceNumber: aws.String("1")}
	}
	return out, nil
}

func benchmarkPut(b *testing.B, aggregate bool, size int) {
	f := &sink{fakeKinesis: newFake(1)}
	c := testConfig(f.fakeKinesis)
	c.API = f
	c.AggregationEnabled = aggregate
	c.RateLimitPercent = 1 << 40
	p, err := New(context.Background(), c)
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]string, 4096)
	for i := range keys {
		keys[i] = fmt.Sprintf("device-%08x", i*7919)
	}
	data := make([]byte, size)
	var stored, failed atomic.Int64
	done := func(r Result) {
		if r.Err != nil {
			failed.Add(1)
		} else {
			stored.Add(1)
		}
	}
	if _, err := p.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k"}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(size))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := p.Put(context.Background(), Record{Stream: "s", PartitionKey: keys[i&4095], Data: data}, done); err != nil {
				b.Error(err)
				return
			}
		}
	})
	if err := p.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if stored.Load() != int64(b.N) || failed.Load() != 0 {
		b.Errorf("%d of %d stored, %d failed", stored.Load(), b.N, failed.Load())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	if _, err := p.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// How many records go through the whole engine, everything but the network?
func BenchmarkPut200B(b *testing.B)      { benchmarkPut(b, true, 200) }
func BenchmarkPut1KiB(b *testing.B)      { benchmarkPut(b, true, 1024) }
func BenchmarkPutPlain200B(b *testing.B) { benchmarkPut(b, false, 200) }
func BenchmarkHashKeyOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		HashKeyOf("device-0000abcd")
	}
}

// A Put costs no allocation of its own: what there is is per Kinesis record and per request.
func TestAllocationBudget(t *testing.T) {
	for name, c := range map[string]struct {
		aggregate bool
		budget    float64
	}{"aggregated": {true, 0.5}, "plain": {false, 2.5}} {
		t.Run(name, func(t *testing.T) {
			f := &sink{fakeKinesis: newFake(1)}
			cfg := testConfig(f.fakeKinesis)
			cfg.API, cfg.AggregationEnabled, cfg.RateLimitPercent = f, c.aggregate, 1<<40
			p, err := New(context.Background(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			data := make([]byte, 200)
			done := func(Result) {}
			some := func() {
				for range 5000 {
					if err := p.Put(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: data}, done); err != nil {
						t.Fatal(err)
					}
				}
				if err := p.Flush(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			some()
			if per := testing.AllocsPerRun(5, some) / 5000; per > c.budget && !raceEnabled {
				t.Errorf("%.2f allocations per Put, budget %.2f", per, c.budget)
			}
			if _, err := p.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
