package adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
)

// cleanUpTime bounds the stop of what was started before something failed.
const cleanUpTime = 10 * time.Second

// Start initialises everything, then starts it: shared connections and services first, then the channels with auto-start, in the order of
// the document. If anything fails, what was started is stopped again and nothing has been consumed.
func (a *Adapter) Start(ctx context.Context) error {
	a.lifecycle.Lock()
	defer a.lifecycle.Unlock()
	c := a.configuration()
	if c.fragment != "" {
		return fmt.Errorf("the document is a <%s> alone, a part of a channel; put it into a <channel> with a <workflow> to run it", c.fragment)
	}
	a.mu.Lock()
	a.base, a.startedAt, a.stopping = context.WithoutCancel(ctx), time.Now(), false
	a.mu.Unlock()
	if err := start(ctx, c.parts); err != nil {
		return err
	}
	a.running = true
	a.mu.Lock()
	a.late = false
	a.mu.Unlock()
	return nil
}

// start initialises parts, then starts them, in their order. If one fails, all are stopped again.
func start(ctx context.Context, parts []*part) error {
	var all []*part
	for _, p := range parts {
		if c, ok := p.component.(*channel.Channel); ok && !p.starts() {
			reason := "its auto-start is false"
			if p.control.wish() == wishStopped {
				reason = "an operator has stopped it"
			}
			component.Logger(ctx).Info("channel is not started, because "+reason, zap.String("channel", c.UniqueID))
			continue
		}
		all = append(all, p)
	}
	return startAll(ctx, all)
}

// startAll is start for all of them, whether they are meant to or not.
func startAll(ctx context.Context, all []*part) error {
	for _, p := range all {
		p.control.is(StateStarting, nil)
	}
	for _, phase := range []func(context.Context, component.Component) error{component.Init, component.Start} {
		for _, p := range all {
			if err := phase(ctx, p.component); err != nil {
				cleaned := cleanUp(ctx, all)
				for _, other := range all {
					other.control.is(StateStopped, nil)
				}
				p.control.is(StateFailed, err)
				return errors.Join(err, cleaned)
			}
		}
	}
	for _, p := range all {
		p.running.Store(true)
		p.control.is(StateStarted, nil)
	}
	return nil
}

// cleanUp stops what a failed start leaves; its context may have ended, cleaning up may not be skipped.
func cleanUp(ctx context.Context, parts []*part) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	var errs []error
	for _, p := range slices.Backward(parts) {
		errs = append(errs, component.Stop(ctx, p.component))
	}
	return errors.Join(errs...)
}

// Stop drains and stops everything: the channels side by side, then the shared components in reverse order. What is not done when ctx
// ends is given back to its source. It is safe to call twice. A reload that is changing something ends first, within the same time.
func (a *Adapter) Stop(ctx context.Context) error {
	unhook := context.AfterFunc(ctx, a.cutReloadShort)
	defer unhook()
	a.mu.Lock()
	a.stopping = true
	if a.halt != nil {
		a.halt()
	}
	a.mu.Unlock()
	a.lifecycle.Lock()
	defer a.lifecycle.Unlock()
	a.running = false
	defer a.failures.settle(ctx)
	return stop(ctx, a.configuration().parts)
}

// stop stops those of the parts that run: channels side by side, then the others in reverse order.
func stop(ctx context.Context, parts []*part) error {
	stopped := make([]error, len(parts))
	var g errgroup.Group
	for i, p := range parts {
		c, ok := p.component.(*channel.Channel)
		if !ok || !p.running.Load() {
			continue
		}
		p.running.Store(false)
		p.control.is(StateStopping, nil)
		g.Go(func() error {
			stopped[i] = c.Stop(ctx)
			p.control.is(StateStopped, nil)
			n := c.Counts()
			component.Logger(ctx).Info("channel stopped", zap.String("channel", c.UniqueID), zap.Int64("consumed", n.Consumed), zap.Int64("delivered", n.Delivered),
				zap.Int64("handled", n.Handled), zap.Int64("failed", n.Failed), zap.Int64("givenBack", n.GivenBack), zap.Int64("unfinished", n.InFlight))
			return nil
		})
	}
	_ = g.Wait() // the errors are in stopped, all of them
	errs := stopped
	for _, p := range slices.Backward(parts) {
		if p.running.Load() {
			p.running.Store(false)
			p.control.is(StateStopped, nil)
			errs = append(errs, component.Stop(ctx, p.component))
		}
	}
	return errors.Join(errs...)
}

// Flush sends what any connection buffers now, and returns when all of it has its result, or ctx ends. Safe for concurrent use.
func (a *Adapter) Flush(ctx context.Context) error { return a.flush(ctx) }

// flush sends what any connection buffers now.
func (a *Adapter) flush(ctx context.Context) error {
	flushers := a.configuration().flushers()
	errs := make([]error, len(flushers))
	var g errgroup.Group
	for i, f := range flushers {
		g.Go(func() error {
			errs[i] = f.Flush(ctx)
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs, all of them
	return errors.Join(errs...)
}
