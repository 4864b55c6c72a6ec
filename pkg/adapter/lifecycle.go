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
		if c, ok := p.component.(*channel.Channel); ok && !c.AutoStart {
			component.Logger(ctx).Info("channel is not started, because its auto-start is false", zap.String("channel", c.UniqueID))
			continue
		}
		all = append(all, p)
	}
	for _, phase := range []func(context.Context, component.Component) error{component.Init, component.Start} {
		for _, p := range all {
			if err := phase(ctx, p.component); err != nil {
				return errors.Join(err, cleanUp(ctx, all))
			}
		}
	}
	for _, p := range all {
		p.running.Store(true)
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
	a.lifecycle.Lock()
	defer a.lifecycle.Unlock()
	a.running = false
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
		g.Go(func() error {
			stopped[i] = c.Stop(ctx)
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
			errs = append(errs, component.Stop(ctx, p.component))
		}
	}
	return errors.Join(errs...)
}

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
