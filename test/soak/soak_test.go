package soak

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	stream = "soak"
	shards = 8 // at the start, and after every second reshard
)

func TestSoak(t *testing.T) {
	s := fromEnvironment(t)
	server, injected := startServer(t)
	l := newLedger(s.capacity())

	watching, stopWatching := context.WithCancel(context.Background())
	var background sync.WaitGroup
	t.Cleanup(func() { stopWatching(); background.Wait() })
	background.Go(func() { watch(watching, t, server, l) })

	p := startProducer(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), s.duration)
	defer cancel()
	var samples []sample
	background.Go(func() { reshard(ctx, t, server, s.reshard) })
	shown := make(chan struct{})
	background.Go(func() { defer close(shown); samples = observe(ctx, t, s, l) })

	began := time.Now()
	n := load(ctx, t, p, s, l)
	took := time.Since(began)
	cancel()
	<-shown
	closing, cancelClosing := context.WithTimeout(context.Background(), time.Minute)
	defer cancelClosing()
	left, err := p.Close(closing)
	if err != nil || left > 0 {
		t.Errorf("close left %d records: %v", left, err)
	}
	awaitDelivery(l, n)

	f := l.snapshot()
	t.Logf("%d records in %v, %.0f a second: %d Kinesis records, %d shards at the end", n, took.Round(time.Millisecond), float64(n)/took.Seconds(), f.kinesis, openShards(server))
	_, possible := p.Duplicates()
	t.Logf("%d retried, %d delivered again, %d possible duplicates in the ledger, %d Kinesis records dropped by consumers", f.retried, f.duplicates, possible, f.dropped)
	if int64(f.duplicates) > possible {
		t.Errorf("%d delivered again, and only %d entries in the ledger", f.duplicates, possible)
	}
	for what, i := range injected {
		t.Logf("%6d %s", i.Hits(), what)
		if i.Hits() == 0 && s.judgesMemory() {
			t.Errorf("no %s: the fault did not happen", what)
		}
	}
	if f.results != n || f.repeated > 0 {
		t.Errorf("%d results for %d records, %d of them a second time", f.results, n, f.repeated)
	}
	if f.failed > 0 {
		t.Errorf("%d records failed, the first: %v", f.failed, l.firstErr)
	}
	if f.delivered != n {
		t.Errorf("%d of %d records are lost", n-f.delivered, n)
	}
	if f.retried == 0 {
		t.Error("no record was retried: the faults did not reach the producer")
	}
	requireFlat(t, samples, s.judgesMemory())
}

func startServer(t *testing.T) (*kinesislocal.Server, map[string]*kinesislocal.Injection) {
	t.Helper()
	server, err := kinesislocal.Listen(t.Context(), "127.0.0.1:0", kinesislocal.Options{
		Streams:        map[string]int{stream: shards},
		MaxStoredBytes: 32 << 20, // full within seconds, flat from then on
		Seed:           1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	injected := map[string]*kinesislocal.Injection{}
	for what, f := range faults() {
		if injected[what], err = server.Inject(f); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	return server, injected
}

func startProducer(t *testing.T, server *kinesislocal.Server) *kpl.Producer {
	t.Helper()
	cfg := kpl.DefaultConfig()
	cfg.Region = "us-east-1"
	cfg.KinesisEndpoint = server.TLSURL()
	cfg.CloudWatchEndpoint = server.TLSURL()
	cfg.VerifyCertificate = false
	cfg.Credentials = credentials.NewStaticCredentialsProvider("test", "test", "")
	p, err := kpl.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// load puts records at the rate until ctx ends and returns how many.
func load(ctx context.Context, t *testing.T, p *kpl.Producer, s settings, l *ledger) int {
	t.Helper()
	random := rand.New(rand.NewPCG(4, 4))
	payload := make([]byte, 400)
	for i := range payload {
		payload[i] = byte(random.Uint32())
	}
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("device-%05d", i)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return n
		case <-tick.C:
		}
		due := min(int(time.Since(began).Seconds()*float64(s.rate)), s.capacity())
		for ; n < due && ctx.Err() == nil; n++ {
			r := kpl.Record{Stream: stream, PartitionKey: keys[random.IntN(len(keys))], Data: payload[:20+random.IntN(380)]}
			if n%10 == 0 {
				r.ExplicitHashKey = randomHashKey(random)
			}
			number := uint64(n)
			binary.BigEndian.PutUint64(r.Data, number)
			// Not ctx: a Put that the end of the run cancels could not be told from one that was lost.
			if err := p.Put(t.Context(), r, func(res kpl.Result) { l.result(number, res) }); err != nil {
				t.Errorf("put: %v", err)
				return n
			}
		}
	}
}

func randomHashKey(random *rand.Rand) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], random.Uint64())
	binary.BigEndian.PutUint64(b[8:], random.Uint64())
	return new(big.Int).SetBytes(b[:]).String()
}

// watch takes every Kinesis record as it arrives.
func watch(ctx context.Context, t *testing.T, server *kinesislocal.Server, l *ledger) {
	for r := range server.Watch(ctx, stream) {
		if !l.knows(r.ShardID) {
			if err := l.learn(server.Shards(stream)); err != nil {
				t.Errorf("shards: %v", err)
			}
		}
		if err := l.stored(r); err != nil {
			t.Errorf("stored: %v", err)
		}
	}
}

// reshard brings the stream to more and to fewer shards in turn, by as many splits and merges as that takes. The shards stay even: one that
// random merges had made large would get more than the producer may send to a shard, and rightly let records expire.
func reshard(ctx context.Context, t *testing.T, server *kinesislocal.Server, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		change := kinesislocal.Reshard{ShardCount: []int{11, shards}[i%2]}
		if err := server.Reshard(stream, change); err != nil {
			t.Errorf("reshard: %v", err)
		}
	}
}

// observe shows the figures and takes samples until ctx ends.
func observe(ctx context.Context, t *testing.T, s settings, l *ledger) []sample {
	began := time.Now()
	var samples []sample
	var before figures
	show, look := time.NewTicker(s.show), time.NewTicker(s.duration/100)
	defer show.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return samples
		case <-look.C:
			samples = append(samples, takeSample())
		case <-show.C:
			f, now := l.snapshot(), takeSample()
			t.Logf("%5.0f s  %7.0f records/s  %9d done  %6d retried  %5d again  %4d dropped  %6d KiB live  %4d goroutines", time.Since(began).Seconds(),
				float64(f.results-before.results)/s.show.Seconds(), f.results, f.retried, f.duplicates, f.dropped, now.liveBytes>>10, now.goroutines)
			before = f
		}
	}
}

// awaitDelivery waits until the watcher has seen n different records, or sees nothing new any more.
func awaitDelivery(l *ledger, n int) {
	for l.snapshot().delivered < n {
		select {
		case <-l.changed:
		case <-time.After(3 * time.Second):
			return
		}
	}
}

func openShards(server *kinesislocal.Server) int {
	n := 0
	for _, sh := range server.Shards(stream) {
		if sh.Open {
			n++
		}
	}
	return n
}
