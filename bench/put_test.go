package bench

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// instantKinesis stores nothing and answers at once, without a network. Each record is where it should be.
type instantKinesis struct {
	shards            []types.Shard
	ends              []*big.Int
	requests, records atomic.Int64
}

func newInstantKinesis(n int) *instantKinesis {
	k := &instantKinesis{}
	all := new(big.Int).Lsh(big.NewInt(1), 128)
	bound := func(i int) *big.Int {
		b := new(big.Int).Mul(all, big.NewInt(int64(i)))
		return b.Div(b, big.NewInt(int64(n)))
	}
	for i := range n {
		end := new(big.Int).Sub(bound(i+1), big.NewInt(1))
		k.ends = append(k.ends, end)
		k.shards = append(k.shards, types.Shard{
			ShardId:             aws.String(fmt.Sprintf("shardId-%012d", i)),
			HashKeyRange:        &types.HashKeyRange{StartingHashKey: aws.String(bound(i).String()), EndingHashKey: aws.String(end.String())},
			SequenceNumberRange: &types.SequenceNumberRange{StartingSequenceNumber: aws.String("1")},
		})
	}
	return k
}

func (k *instantKinesis) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	k.requests.Add(1)
	k.records.Add(int64(len(in.Records)))
	out := &kinesis.PutRecordsOutput{FailedRecordCount: aws.Int32(0), Records: make([]types.PutRecordsResultEntry, len(in.Records))}
	for i := range in.Records {
		hash, _ := new(big.Int).SetString(*in.Records[i].ExplicitHashKey, 10)
		shard, _ := slices.BinarySearchFunc(k.ends, hash, (*big.Int).Cmp)
		out.Records[i] = types.PutRecordsResultEntry{ShardId: k.shards[shard].ShardId, SequenceNumber: aws.String("1")}
	}
	return out, nil
}

func (k *instantKinesis) ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	return &kinesis.ListShardsOutput{Shards: k.shards}, nil
}

func config() kpl.Config {
	c := kpl.DefaultConfig()
	c.Region, c.RateLimitPercent, c.RecordTTL, c.VerifyCertificate = "us-east-1", math.MaxInt32, 10*time.Minute, false
	c.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	return c
}

// putter puts the same load as the engine program does.
type putter struct {
	producer       *kpl.Producer
	keys           []string
	stored, failed atomic.Int64
	done           func(kpl.Result)
}

func newPutter(t testing.TB, c kpl.Config) *putter {
	t.Helper()
	producer, err := kpl.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if left, err := producer.Close(context.Background()); left > 0 || err != nil {
			t.Errorf("%d left, error %v", left, err)
		}
	})
	p := &putter{producer: producer, keys: make([]string, 10_000)}
	for i := range p.keys {
		p.keys[i] = fmt.Sprintf("device-%08x", uint32(i)*2654435761)
	}
	p.done = func(r kpl.Result) {
		if r.Err != nil {
			p.failed.Add(1)
		} else {
			p.stored.Add(1)
		}
	}
	if _, err := producer.PutSync(t.Context(), kpl.Record{Stream: "bench", PartitionKey: "first"}); err != nil {
		t.Fatal(err) // the shard map is there after that
	}
	return p
}

func (p *putter) put(ctx context.Context, i int, data []byte) error {
	return p.producer.Put(ctx, kpl.Record{Stream: "bench", PartitionKey: p.keys[i%len(p.keys)], Data: data}, p.done)
}

func (p *putter) run(b *testing.B, size int) {
	b.Helper()
	b.ReportAllocs()
	b.SetBytes(int64(size))
	b.ResetTimer()
	var next atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		data := make([]byte, size)
		for i := int(next.Add(1)) * 997; pb.Next(); i++ {
			if err := p.put(b.Context(), i, data); err != nil {
				b.Error(err)
				return
			}
		}
	})
	if err := p.producer.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if p.failed.Load() > 0 || p.stored.Load() != int64(b.N) {
		b.Errorf("%d of %d stored, %d failed", p.stored.Load(), b.N, p.failed.Load())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// How fast is everything but SDK and network, by shards and by goroutines that put at once?
func BenchmarkEngineAlone(b *testing.B) {
	for _, shards := range []int{4, 64, 1000} {
		for _, putters := range []int{1, 8} {
			b.Run(fmt.Sprintf("shards=%d/goroutines=%d", shards, putters*runtime.GOMAXPROCS(0)), func(b *testing.B) {
				c := config()
				c.API = newInstantKinesis(shards)
				p := newPutter(b, c)
				b.SetParallelism(putters)
				p.run(b, 200)
			})
		}
	}
}

// How fast is the whole, TLS and a sink in another process included, by size?
func BenchmarkWholeOverTLS(b *testing.B) {
	programs := build(b)
	for _, size := range []int{50, 200, 1 << 10, 10 << 10} {
		b.Run("bytes="+strconv.Itoa(size), func(b *testing.B) {
			tls, _ := programs.startSink(b, 4)
			c := config()
			c.KinesisEndpoint, c.MetricsLevel = "https://"+tls, kpl.MetricsNone
			newPutter(b, c).run(b, size)
		})
	}
}

// TestPutAllocatesAtMostOnce is the promise of pkg/kpl: at most one allocation for a record and its result, amortised. What is measured is
// the engine without SDK and network; TestWhatARecordCosts holds the whole to it.
func TestPutAllocatesAtMostOnce(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates and empties pools")
	}
	const batch = 20_000
	for _, c := range []struct {
		name   string
		shards int
		bound  float64
	}{{"4 shards", 4, 0.1}, {"64 shards", 64, 0.2}, {"1,000 shards", 1000, 1}} {
		t.Run(c.name, func(t *testing.T) {
			k := newInstantKinesis(c.shards)
			config := config()
			config.API, config.RecordMaxBufferedTime = k, time.Minute
			p := newPutter(t, config)
			data := make([]byte, 200)
			some := func() {
				for i := range batch {
					if err := p.put(t.Context(), i, data); err != nil {
						t.Fatal(err)
					}
				}
				if err := p.producer.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			some() // fills pools
			p.stored.Store(0)
			requests, records := k.requests.Load(), k.records.Load()
			const runs = 4
			per := testing.AllocsPerRun(runs, some) / batch
			if per <= 0 || per > c.bound {
				t.Errorf("%.3f allocations per record, bound %.3f", per, c.bound)
			}
			// AllocsPerRun runs once more than it counts.
			if got := p.stored.Load(); got != (runs+1)*batch || p.failed.Load() > 0 {
				t.Errorf("%d stored, %d failed, of %d", got, p.failed.Load(), (runs+1)*batch)
			}
			t.Logf("%.3f allocations per record, %d Kinesis records in %d requests", per, k.records.Load()-records, k.requests.Load()-requests)
		})
	}
}
