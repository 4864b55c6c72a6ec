package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// engine sends by pkg/kpl.
type engine struct {
	settings
	producer *kpl.Producer
	works    []work // one for each putter, which writes into its payload
}

func newEngine(ctx context.Context, s settings) (way, error) {
	c := kpl.DefaultConfig()
	c.Region, c.KinesisEndpoint, c.CloudWatchEndpoint, c.VerifyCertificate = "us-east-1", "https://"+s.tls, "https://"+s.tls, false
	c.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	c.MetricsLevel = kpl.MetricsLevel(s.metrics)
	c.RateLimitPercent = math.MaxInt32
	c.RecordTTL = 10 * time.Minute // a machine that is busy with others shall be slow, not fail
	c.RecordMaxBufferedTime = s.buffered
	c.MaxOutstandingRecords = s.outstanding
	p, err := kpl.New(ctx, c)
	if err != nil {
		return nil, err
	}
	e := &engine{settings: s, producer: p}
	for range s.putters {
		e.works = append(e.works, newWork(s))
	}
	return e, nil
}

// failures keeps the first, from any goroutine.
type failures struct {
	once  sync.Once
	count atomic.Int64
	first error
}

func (f *failures) add(err error) {
	f.count.Add(1)
	f.once.Do(func() { f.first = err })
}

func (e *engine) send(ctx context.Context, n int) ([]time.Duration, error) {
	var stored atomic.Int64
	var failed failures
	shared := func(r kpl.Result) {
		if r.Err != nil {
			failed.add(r.Err)
			return
		}
		stored.Add(1)
	}
	callback := func(int) func(kpl.Result) { return shared }
	var began []time.Time
	var latencies []time.Duration
	if e.rate > 0 {
		// Made beforehand: what the measuring takes shall not be measured.
		began, latencies = make([]time.Time, n), make([]time.Duration, n)
		callbacks := make([]func(kpl.Result), n)
		for i := range callbacks {
			callbacks[i] = func(r kpl.Result) {
				latencies[i] = time.Since(began[i])
				shared(r)
			}
		}
		callback = func(i int) func(kpl.Result) { return callbacks[i] }
	}
	var putters sync.WaitGroup
	p := pace{began: time.Now(), rate: e.rate}
	for first := range e.putters {
		putters.Go(func() {
			w := &e.works[first]
			for i := first; i < n; i += e.putters {
				key, data := w.record(i)
				p.wait(i)
				if began != nil {
					began[i] = time.Now()
				}
				if err := e.producer.Put(ctx, kpl.Record{Stream: stream, PartitionKey: key, Data: data}, callback(i)); err != nil {
					failed.add(err)
					return
				}
			}
		})
	}
	putters.Wait()
	if e.rate == 0 {
		if err := e.producer.Flush(ctx); err != nil {
			return nil, err
		}
	} else if err := e.settled(ctx, n, &stored, &failed); err != nil {
		return nil, err
	}
	if failed.count.Load() > 0 {
		return nil, fmt.Errorf("%d of %d records failed, the first with: %w", failed.count.Load(), n, failed.first)
	}
	if got := stored.Load(); got != int64(n) {
		return nil, fmt.Errorf("%d results for %d records", got, n)
	}
	return latencies, nil
}

// settled waits for the last results without Flush, which would bring them sooner.
func (e *engine) settled(ctx context.Context, n int, stored *atomic.Int64, failed *failures) error {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for stored.Load()+failed.count.Load() < int64(n) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (e *engine) close(ctx context.Context) error {
	left, err := e.producer.Close(ctx)
	if left > 0 {
		err = errors.Join(err, fmt.Errorf("%d records were left", left))
	}
	return err
}

// pacing keeps a rate and does nothing.
type pacing struct {
	settings
	work work
}

func newPacing(_ context.Context, s settings) (way, error) { return &pacing{s, newWork(s)}, nil }

func (p *pacing) send(_ context.Context, n int) ([]time.Duration, error) {
	pace := pace{began: time.Now(), rate: p.rate}
	for i := range n {
		p.work.record(i)
		pace.wait(i)
	}
	return nil, nil
}

func (*pacing) close(context.Context) error { return nil }
