package consumer

import (
	"context"
	"sync"
)

// pausing lets a consumer that polls take nothing for a while. The zero value is not paused; it is safe for concurrent use.
type pausing struct {
	// whole says that a poll makes one message: it is not cut short, or its message would be made again.
	whole bool

	// mu guards the fields below.
	mu sync.Mutex
	// over is closed by Resume; nil while there is no pause.
	over chan struct{}
	// cut ends the poll under way; nil while there is none.
	cut context.CancelFunc
	// short says that a pause has cut it.
	short bool
}

// Pause implements component.Pauser.
func (p *pausing) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over == nil {
		p.over = make(chan struct{})
	}
	if p.cut != nil && !p.whole {
		p.short = true
		p.cut()
	}
}

// Resume implements component.Pauser.
func (p *pausing) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		close(p.over)
		p.over = nil
	}
}

// each runs a poll as soon as there is no pause, and goes on with one that a pause has cut short, since the next may be a day away. ended says
// that ctx ended before there was a poll.
func (p *pausing) each(ctx context.Context, poll func(context.Context) (worked bool)) (worked, ended bool) {
	for short := true; short && ctx.Err() == nil; {
		during, resumed := p.begin(ctx)
		if during == nil {
			select {
			case <-resumed:
				continue
			case <-ctx.Done():
				return false, true
			}
		}
		worked = poll(during)
		short = p.end()
	}
	return worked, false
}

// begin is the context of a poll; nil during a pause, with what ends with it.
func (p *pausing) begin(ctx context.Context) (context.Context, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		return nil, p.over
	}
	during, cut := context.WithCancel(ctx)
	p.cut = cut
	return during, nil
}

// end says whether the poll was cut short.
func (p *pausing) end() (short bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
	short = p.short
	p.cut, p.short = nil, false
	return short
}
