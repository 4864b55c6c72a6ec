package sim

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// Producers know nothing of each other: each finds its share of a shard by what the shard refuses. One that came late must not be left
// with the crumbs.
func TestProducersShareAShard(t *testing.T) {
	t.Parallel()
	const (
		perTick  = 6 // every 10 ms or so: together 1,800 records a second for a shard that takes 1,000
		late     = 7 * time.Second
		adapting = 15 * time.Second
		measured = 15 * time.Second
	)
	w := calm()
	w.Aggregate, w.Connections, w.CollectCount, w.Bytes, w.OutstandingRecords = false, 4, 500, 20, 600
	w.Faults.Latency = 40 * time.Millisecond // of no request as of another: nothing keeps step for long, as nothing does on a network
	w.TTL, w.RatePercent, w.Producers, w.Streams[0].Shards = 30*time.Second, 150, 3, 1
	synctest.Test(t, func(t *testing.T) {
		m := newModel(w)
		var stored [3]int
		var mu sync.Mutex
		began := time.Now()
		from, to := began.Add(2*late+adapting), began.Add(2*late+adapting+measured)
		var all sync.WaitGroup
		for i := range stored {
			all.Go(func() {
				time.Sleep(time.Duration(i) * late)
				random := rand.New(rand.NewPCG(w.Seed, uint64(i)))
				cfg := w.config()
				cfg.API = &client{m: m}
				p, err := kpl.New(context.Background(), cfg)
				if err != nil {
					t.Error(err)
					return
				}
				for n := 0; time.Now().Before(to); n++ {
					if n%perTick == 0 {
						time.Sleep(time.Duration(random.IntN(21)) * time.Millisecond)
					}
					err := p.Put(context.Background(), kpl.Record{Stream: w.Streams[0].Name, PartitionKey: "k", Data: []byte("0 0|")}, func(r kpl.Result) {
						mu.Lock()
						defer mu.Unlock()
						if at := time.Now(); r.Err == nil && at.After(from) && at.Before(to) {
							stored[i]++
						}
					})
					if err != nil {
						t.Error(err)
					}
				}
				if left, err := p.Close(context.Background()); left != 0 || err != nil {
					t.Errorf("Close: %d left, %v", left, err)
				}
			})
		}
		all.Wait()
		least, most, sum := stored[0], stored[0], 0
		for _, n := range stored {
			least, most, sum = min(least, n), max(most, n), sum+n
		}
		t.Logf("stored in %v: %v", measured, stored)
		if most > 2*least {
			t.Errorf("the producers stored %v records in %v, want each within a factor of 2 of the others", stored, measured)
		}
		if want := int(measured.Seconds()) * shardRecords * 8 / 10; sum < want {
			t.Errorf("together they stored %d records in %v, want at least %d", sum, measured, want)
		}
	})
}
