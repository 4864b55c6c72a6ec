// Package consumer is where messages come from.
package consumer

import (
	"context"
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// polling is what consumers share that look for work from time to time (Interlok's AdaptrisPollingConsumer). One goroutine polls, from
// Start to Stop; the outcomes of messages come from any.
type polling struct {
	UniqueID   string           `xml:"unique-id" doc:"name of the consumer in logs"`
	Poller     component.Poller `xml:"poller" default:"fixed-interval-poller" doc:"when to look for work"`
	MaxPerPoll int              `xml:"max-messages-per-poll" min:"1" doc:"how many messages one poll makes at most; without limit by default"`

	Reacquire        bool   `xml:"reacquire-lock-between-messages" effect:"none" doc:"accepted for compatibility: a stop never waits for the end of a poll"`
	Encoder          string `xml:"encoder" effect:"none" doc:"accepted for compatibility: payloads are taken as they are"`
	TrackingEndpoint bool   `xml:"is-tracking-endpoint" effect:"none" doc:"accepted for compatibility"`
	MessageFactory   string `xml:"message-factory" effect:"none" doc:"accepted for compatibility"`

	handle component.Handler
	outstanding
	pausing

	// cancel ends the polling goroutine and finished says that it has ended; both are nil before Start. They belong to whoever calls
	// Start and Stop.
	cancel   context.CancelFunc
	finished chan struct{}
}

// Bind implements component.Consumer.
func (p *polling) Bind(h component.Handler) { p.handle = h }

// start begins to poll. poll offers what it finds, at most limit messages (0: any number), and says whether there was work.
func (p *polling) start(ctx context.Context, poll func(ctx context.Context, limit int) (worked bool)) error {
	if p.finished != nil {
		select {
		case <-p.finished:
		default:
			return fmt.Errorf("%s can not start: it still runs, or processes a message from before it was stopped; stop it first, and try again", p.name())
		}
	}
	if e, ok := p.Poller.(*EventPoller); ok {
		if err := e.open(component.Logger(ctx)); err != nil {
			return fmt.Errorf("%s can not start: %w", p.name(), err)
		}
	}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.finished = make(chan struct{})
	p.busy()
	go p.loop(ctx, poll, p.finished)
	return nil
}

func (p *polling) loop(ctx context.Context, poll func(ctx context.Context, limit int) (worked bool), finished chan<- struct{}) {
	defer close(finished)
	events, _ := p.Poller.(*EventPoller)
	if events != nil {
		defer events.close()
	}
	var previous time.Time
	for worked := false; ; {
		if events != nil {
			if !events.wait(ctx, previous, worked) {
				return
			}
		} else {
			next := p.Poller.Next(time.Now(), previous)
			if next.IsZero() {
				p.rest()
				return
			}
			if !waitUntil(ctx, next) {
				return
			}
		}
		var ended bool
		worked, ended = p.each(ctx, func(ctx context.Context) bool { return poll(ctx, p.MaxPerPoll) })
		if ended {
			return
		}
		if worked {
			p.busy()
		} else {
			p.empty()
		}
		previous = time.Now()
	}
}

// waitUntil waits until a time and says whether it came before ctx ended. Clocks may be set: it looks again when it thinks it is there, so
// that no cron time comes twice.
func waitUntil(ctx context.Context, at time.Time) bool {
	for {
		wait := time.Until(at)
		if wait <= 0 || ctx.Err() != nil {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// offer hands a message to the workflow; settle hears the outcome, once.
func (p *polling) offer(ctx context.Context, m *message.Message, settle func(error)) {
	p.add()
	p.handle(ctx, m, func(err error) {
		settle(err)
		p.settled()
	})
}

// Stop ends the polling and waits until every message that was offered has its outcome, or ctx ends.
func (p *polling) Stop(ctx context.Context) error {
	if p.cancel == nil {
		return nil
	}
	p.cancel()
	select {
	case <-p.finished:
	case <-ctx.Done():
		select {
		case <-p.finished: // at the same time
		default:
			return fmt.Errorf("%s: a message is still being processed: %w", p.name(), context.Cause(ctx))
		}
	}
	if err := p.wait(ctx); err != nil {
		return fmt.Errorf("%s: %w", p.name(), err)
	}
	return nil
}

func (p *polling) name() string {
	if p.UniqueID == "" {
		return "consumer"
	}
	return "consumer " + p.UniqueID
}
