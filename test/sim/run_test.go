package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// enough is time for everything: more than the longest RecordTtl.
const enough = 3 * time.Hour

// tooLong is longer than any world lasts: then a record was forgotten that somebody waits for.
const tooLong = 60 * 24 * time.Hour

// run is a world under way.
type run struct {
	*outcome
	mu sync.Mutex // guards the outcome's records and problems, and the counts below
	// accepted, ended and abandoned count the records of each producer.
	accepted, ended, abandoned []int
}

func (r *run) complain(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// live runs a world in a bubble of virtual time and returns what came of it.
func live(w *world, l lie) *outcome {
	m := newModel(w)
	m.lie = l
	r := &run{outcome: &outcome{w: w, m: m}, accepted: make([]int, w.Producers), ended: make([]int, w.Producers), abandoned: make([]int, w.Producers)}
	watchdog := time.AfterFunc(tooLong, func() {
		panic(fmt.Sprintf("world %d is not over after %v of its time; %s\n%v", w.Seed, tooLong, w.replay(), w))
	})
	defer watchdog.Stop()
	over := make(chan struct{})
	var events, callers, samplers sync.WaitGroup
	for i := range w.Streams {
		events.Go(func() { r.change(&w.Streams[i], over) })
	}
	for i := range w.Producers {
		e := &end{client: &client{m: m}, ledger: map[lineKey]int{}}
		cfg := w.config()
		cfg.API = e.client
		cfg.OnDuplicate = func(d kpl.Duplicate) {
			r.mu.Lock()
			defer r.mu.Unlock()
			e.ledger[lineKey{d.Stream, d.PartitionKey, d.HashKey}]++
			e.entries++
		}
		p, err := kpl.New(context.Background(), cfg)
		if err != nil {
			r.complain("New: %v", err)
			close(over)
			return r.outcome
		}
		r.ends = append(r.ends, e)
		callers.Go(func() { r.drive(i, p, e) })
		if i == 0 {
			samplers.Go(func() { r.sample(i, p, over) })
		}
	}
	callers.Wait()
	close(over)
	events.Wait()
	samplers.Wait()
	time.Sleep(w.Timeout + 10*time.Second) // what is late arrives
	synctest.Wait()
	return r.outcome
}

// change makes the events of a stream happen.
func (r *run) change(s *streamPlan, over <-chan struct{}) {
	for _, e := range s.Events {
		select {
		case <-time.After(e.At - time.Since(r.m.began)):
			r.m.change(s.Name, e)
		case <-over:
			return
		}
	}
}

// drive lets callers put records into a producer and closes it.
func (r *run) drive(i int, p *kpl.Producer, e *end) {
	w := r.w
	var putters sync.WaitGroup
	for g := range w.Putters {
		putters.Go(func() { r.put(i, g, p) })
	}
	within := enough
	if w.Ending != endsCalm {
		within = w.EndsWithin
	}
	if w.Ending == endsAbrupt {
		time.Sleep(w.EndsAt)
	} else {
		putters.Wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	e.left, e.closeErr = p.Close(ctx)
	putters.Wait()
	synctestSettle()
	e.stats = p.Stats()
	_, e.listed = p.Duplicates()
}

// synctestSettle lets callbacks that are under way return. (Only one goroutine may wait for a bubble at a time.)
func synctestSettle() { time.Sleep(time.Second) }

// put is one caller: it alone puts the records of its keys.
func (r *run) put(i, g int, p *kpl.Producer) {
	w := r.w
	random := rand.New(rand.NewPCG(w.Seed, uint64(1000*(i+1)+g)))
	keys := w.keysOf(i, g, random)
	for n := range w.Records / w.Putters {
		if n%w.Burst == w.Burst-1 {
			time.Sleep(time.Duration(random.Int64N(int64(2*w.Pause) + 1)))
		}
		if random.IntN(1000) < w.JumpPerThousand {
			time.Sleep(time.Duration(random.IntN(1200)) * time.Second)
		}
		if random.IntN(1000) < w.FlushPerThousand {
			r.flush(i, p)
		}
		u := w.next(i, one(random, keys...), random)
		r.mu.Lock()
		u.id = len(r.puts)
		r.puts = append(r.puts, u)
		r.mu.Unlock()
		record := kpl.Record{Stream: u.stream, PartitionKey: u.key, ExplicitHashKey: u.explicit, Data: u.data()}
		ctx, cancel := context.Background(), func() {}
		if random.IntN(100) < w.ContextPercent {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(200))*time.Millisecond)
		}
		var err error
		if random.IntN(100) < w.SyncPercent {
			err = r.putSync(ctx, u, p, record)
		} else {
			err = r.putAsync(ctx, u, p, record)
		}
		cancel()
		if errors.Is(err, kpl.ErrClosed) {
			return
		}
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			r.complain("Put of record %d: %v", u.id, err)
		}
	}
}

func (r *run) putAsync(ctx context.Context, u *put, p *kpl.Producer, record kpl.Record) error {
	err := p.Put(ctx, record, func(result kpl.Result) {
		if r.w.SlowCallbacks && u.id%7 == 0 {
			time.Sleep(time.Duration(u.id%50) * time.Millisecond)
		}
		r.end(u, result)
	})
	if err == nil {
		r.accept(u)
	}
	return err
}

// putSync returns an error only if there is no result.
func (r *run) putSync(ctx context.Context, u *put, p *kpl.Producer, record kpl.Record) error {
	result, err := p.PutSync(ctx, record)
	var failed *kpl.RecordError
	switch {
	case err == nil || errors.As(err, &failed):
		r.accept(u)
		r.end(u, result)
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		// Whether it was taken is not told.
		r.mu.Lock()
		u.abandoned = true
		r.abandoned[u.producer]++
		r.mu.Unlock()
	}
	return err
}

func (r *run) accept(u *put) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u.accepted, u.acceptedAt = true, time.Now()
	r.accepted[u.producer]++
}

func (r *run) end(u *put, result kpl.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u.results = append(u.results, result)
	u.endedAt = time.Now()
	r.ended[u.producer]++
}

// flush checks that all records that were accepted before have their result after.
func (r *run) flush(producer int, p *kpl.Producer) {
	var before []*put
	r.mu.Lock()
	for _, u := range r.puts {
		if u.producer == producer && u.accepted {
			before = append(before, u)
		}
	}
	r.mu.Unlock()
	if err := p.Flush(context.Background()); err != nil {
		r.complain("Flush: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, u := range before {
		if len(u.results) == 0 {
			r.problems = append(r.problems, fmt.Sprintf("record %d was accepted before Flush and has no result after", u.id))
			return
		}
	}
}

// sample looks at a producer while it works, at moments in which all goroutines wait for something.
func (r *run) sample(i int, p *kpl.Producer, over <-chan struct{}) {
	w := r.w
	random := rand.New(rand.NewPCG(w.Seed, 0x100c))
	for n := range 100 {
		gap := time.Duration(random.IntN(200)) * time.Millisecond
		if n > 50 {
			gap *= 100
		}
		select {
		case <-time.After(gap):
		case <-over:
			return
		}
		synctest.Wait()
		r.look(i, p.Stats())
	}
}

func (r *run) look(i int, st kpl.Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.w
	say := func(format string, args ...any) {
		r.problems = append(r.problems, fmt.Sprintf("after %v: ", time.Since(r.m.began))+fmt.Sprintf(format, args...))
	}
	low, high := r.accepted[i], r.accepted[i]
	if w.SyncPercent > 0 {
		high += w.Putters // each waits in PutSync with a record that counts as accepted only later
	}
	if w.SlowCallbacks {
		high += len(r.puts) // a record stays outstanding until all callbacks of its Kinesis record have returned
	}
	if sum := r.ended[i] + int(st.OutstandingRecords); sum < low-r.abandoned[i] || sum > high+r.abandoned[i] {
		say("%d records accepted, %d have their result and %d are outstanding", low, r.ended[i], st.OutstandingRecords)
	}
	if st.OutstandingRecords > w.OutstandingRecords && !w.SlowCallbacks { // while callbacks dawdle, one at a time comes in all the same
		say("%d records outstanding, more than %d", st.OutstandingRecords, w.OutstandingRecords)
	}
	if st.OutstandingBytes > w.OutstandingBytes && !w.SlowCallbacks && st.OutstandingRecords > 1 {
		say("%d bytes outstanding, more than %d", st.OutstandingBytes, w.OutstandingBytes)
	}
	if st.RequestsInFlight > w.Connections {
		say("%d requests in flight, more than %d", st.RequestsInFlight, w.Connections)
	}
}
