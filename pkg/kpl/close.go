package kpl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Flush sends everything at once that was accepted before, and returns when each of those records has its result and its callback
// has returned. Records put meanwhile are not waited for. It ends early with the context's cause. Retries take their time: a
// record that is throttled is waited for until it is stored or expires.
func (p *Producer) Flush(ctx context.Context) error {
	select {
	case <-p.hurry():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("flush: %w", context.Cause(ctx))
	}
}

// hurry sends everything that is here on its way and returns a channel that is closed when all of it has its result.
func (p *Producer) hurry() <-chan struct{} {
	generation, done := p.gate.mark()
	for {
		last := p.flushedGen.Load()
		if int32(generation-last) <= 0 || p.flushedGen.CompareAndSwap(last, generation) {
			break
		}
	}
	for _, s := range *p.streams.Load() {
		s.flush()
	}
	return done
}

// relieve sends everything at once if Put waits for room while nothing is under way: to wait for company would be in vain. What is in but,
// if that is not nil, stays.
func (p *Producer) relieve(but *stream) {
	if p.connections.inFlight() > 0 {
		return
	}
	room, shares := p.gate.blocked()
	if !room && shares == nil {
		return
	}
	for _, s := range *p.streams.Load() {
		if s != but && (room || slices.Contains(shares, &s.outstanding)) {
			s.flush()
		}
	}
}

// closeGrace is how long Close waits for callbacks and clients after its context has ended and everything was given up.
const closeGrace = 5 * time.Second

// Close refuses new records, sends what is outstanding and waits for the results until ctx ends. What is left then fails with ErrClosed;
// left says how many those are. It then uploads the last metrics, for which it takes up to a few seconds beyond ctx, and closes the
// connections. A second call waits for the first one and returns the same.
func (p *Producer) Close(ctx context.Context) (left int, err error) {
	p.closing.Do(func() {
		p.closeLeft, p.closeErr = p.close(ctx)
		close(p.closed)
	})
	<-p.closed
	return p.closeLeft, p.closeErr
}

func (p *Producer) close(ctx context.Context) (left int, err error) {
	p.gate.close()
	var errs []error
	select {
	case <-p.hurry():
	case <-ctx.Done():
		errs = append(errs, fmt.Errorf("close: not everything could be sent: %w", context.Cause(ctx)))
	}
	p.streamsMu.Lock()
	p.abort.Store(true)
	streams := *p.streams.Load()
	p.streams.Store(&map[streamName]*stream{})
	p.streamsMu.Unlock()
	p.cancel()
	for _, s := range streams {
		var out deliveries
		for _, k := range s.shut() {
			s.over(k, &out)
		}
		out.runIn(&p.crew)
	}
	if p.overdue != nil {
		close(p.overdue.stop)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
	defer cancel()
	select {
	case <-p.crew.done():
	case <-grace.Done():
		errs = append(errs, fmt.Errorf("close: callbacks of Put or the Kinesis client did not return within %v", closeGrace))
	}
	if err := p.metrics.close(grace); err != nil {
		errs = append(errs, fmt.Errorf("close: upload the last metrics: %w", err))
	}
	p.closeAPI()
	p.notices.close()
	return int(p.givenUp.Load()), errors.Join(errs...)
}
