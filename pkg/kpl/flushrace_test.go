package kpl

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// A record without prediction that is put in the moment of a flush is either flushed or newer than the flush.
func TestFlushMissesNoUnpredictedRecordInTheMomentOfItsPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		c := testConfig(f)
		c.RecordMaxBufferedTime = time.Hour
		b := start(t, c)
		b.warm(f, "s")
		s := (*b.streams.Load())["s"]
		s.setSpread(true, "the test says so")
		u := userRecord{partitionKey: "k", hash: HashKeyOf("k"), put: b.now(), since: b.now()}
		u.generation, _ = b.gate.enter(context.Background(), 2, &s.outstanding)
		// Put has looked at what was flushed, and has not handed the record over yet.
		k := b.pools.newPlain(s, nil, &u, []byte("x"))
		k.deadline, k.expiration = b.now().add(time.Hour), never
		flushed := make(chan error)
		go func() { flushed <- b.Flush(context.Background()) }()
		synctest.Wait()
		began := time.Now()
		if !s.collector.add(k, b.now()) {
			t.Fatal("not taken")
		}
		if err := <-flushed; err != nil || time.Since(began) > time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		b.close()
	})
}

// While the shards cannot be listed, what is in a hurry does not wait for the map.
func TestHurriedRecordsDoNotWaitForAMapThatDoesNotCome(t *testing.T) {
	for name, hurry := range map[string]func(b *bench) error{
		"flush": func(b *bench) error {
			b.put("a", Record{Stream: "s", PartitionKey: "k"})
			return b.Flush(context.Background())
		},
		"a put that waits": func(b *bench) error {
			_, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k"})
			return err
		},
		"a put that waits, after the first failure": func(b *bench) error {
			b.put("a", Record{Stream: "s", PartitionKey: "k"})
			time.Sleep(100 * time.Millisecond)
			_, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k"})
			return err
		},
		"a flush after the first failure": func(b *bench) error {
			b.put("a", Record{Stream: "s", PartitionKey: "k"})
			time.Sleep(100 * time.Millisecond)
			return b.Flush(context.Background())
		},
		"too much outstanding": func(b *bench) error {
			for i := range 100 {
				b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k"})
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(2)
				f.listLatency = 20 * time.Millisecond
				f.beforeList = func(int, *kinesis.ListShardsInput) error { return apiError("LimitExceededException", "slower") }
				c := testConfig(f)
				c.RecordMaxBufferedTime, c.RecordTTL, c.MaxOutstandingRecords = time.Hour, 2*time.Hour, 10
				b := start(t, c)
				began := time.Now()
				if err := hurry(b); err != nil || time.Since(began) > time.Second {
					t.Errorf("%v after %v", err, time.Since(began))
				}
				f.order(func() { f.beforeList = nil })
				b.close()
			})
		})
	}
}

// listPanics is a client of which ListShards panics at first.
type listPanics struct {
	*fakeKinesis
	mu sync.Mutex
	n  int
}

func (l *listPanics) ListShards(ctx context.Context, in *kinesis.ListShardsInput, o ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	l.mu.Lock()
	l.n++
	n := l.n
	l.mu.Unlock()
	switch n {
	case 1:
		panic("ordered")
	case 2:
		return nil, nil
	}
	return l.fakeKinesis.ListShards(ctx, in, o...)
}

func TestPanicOfTheClientInListShardsIsAFailureOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		c := testConfig(f)
		c.API = &listPanics{fakeKinesis: f}
		b := start(t, c)
		b.put("a", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if r := b.result("a"); r.Err != nil {
			t.Error(r.Err)
		}
		if b.Stats().Streams[0].OpenShards != 2 {
			t.Error("no shard map")
		}
		b.close()
	})
}

// listHangs is a client whose ListShards answers nothing until its context ends.
type listHangs struct{ *fakeKinesis }

func (listHangs) ListShards(ctx context.Context, _ *kinesis.ListShardsInput, _ ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestListShardsHasADeadlineWhateverTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		c := testConfig(f)
		c.API, c.RequestTimeout = listHangs{f}, time.Second
		b := start(t, c)
		b.put("a", Record{Stream: "s", PartitionKey: "k"})
		time.Sleep(2100 * time.Millisecond)
		if b.Stats().Streams[0].ShardMapError == "" {
			t.Error("ListShards still waits")
		}
		b.close()
	})
}

// What waits to be told apart by a new map costs no more memory the longer no map comes.
func TestPlainRecordsAfterASplitWithoutAMapTakeBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.AggregationEnabled = false
		b := start(t, c)
		b.warm(f, "s")
		f.order(func() { f.beforeList = func(int, *kinesis.ListShardsInput) error { return errors.New("broken") } })
		f.split("shardId-000000000000")
		const records = 3000
		for i := range records {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i)})
		}
		if err := b.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		s := (*b.streams.Load())["s"]
		s.refresh.mu.Lock()
		n := len(s.refresh.puzzles)
		s.refresh.mu.Unlock()
		if n == 0 || n > 200 {
			t.Errorf("%d answers are kept", n)
		}
		f.order(func() { f.beforeList = nil })
		time.Sleep(time.Minute)
		if st := b.Stats().Streams[0]; st.OpenShards != 2 || !b.idle(s) {
			t.Errorf("%d shards", st.OpenShards)
		}
		b.close()
		if len(f.stored) != records {
			t.Errorf("%d stored", len(f.stored))
		}
	})
}

// idle says whether no shard map is being fetched.
func (b *bench) idle(s *stream) bool {
	s.refresh.mu.Lock()
	defer s.refresh.mu.Unlock()
	return !s.refresh.running
}
