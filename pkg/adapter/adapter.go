// Package adapter turns a document into channels and runs them.
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
	"github.com/adapterd/adapterd/pkg/workflow"
)

// Adapter is a checked document that can run. Start and Stop are for one goroutine; the rest is safe for concurrent use.
type Adapter struct {
	root *root
	// fragment says that the document has no channel of its own, only a part of one.
	fragment string
	decoded  []component.Decoded
	flushers []component.Flusher
	started  []component.Lifecycle // in the order of starting
}

// ID is the adapter's unique-id.
func (a *Adapter) ID() string { return a.root.UniqueID }

// Fragment says that the document is only a part of a channel, which can be checked but not run.
func (a *Adapter) Fragment() bool { return a.fragment != "" }

// Channels are the document's channels, in its order.
func (a *Adapter) Channels() []*channel.Channel { return a.root.Channels() }

// Components are all components of the document, for the command line and the status page.
func (a *Adapter) Components() []component.Decoded { return a.decoded }

// Redirect sends every connection to Kinesis to the endpoint at url. Call it before Start.
func (a *Adapter) Redirect(url string) {
	for _, d := range a.decoded {
		if r, ok := d.Component.(component.Redirectable); ok {
			r.Redirect(url)
		}
	}
}

// shared are the parts of shared-components and the error handler that have a lifecycle, in the order of starting.
func (a *Adapter) shared() []component.Lifecycle {
	var out []component.Lifecycle
	add := func(c component.Component) {
		if l, ok := c.(component.Lifecycle); ok {
			out = append(out, l)
		}
	}
	if s := a.root.Shared; s != nil {
		for _, c := range s.Connections {
			add(c)
		}
		for _, c := range s.Services {
			add(c)
		}
	}
	if a.root.ErrorHandler != nil {
		add(a.root.ErrorHandler)
	}
	return out
}

// Start initialises everything, then starts it: shared connections and services first, then the channels with auto-start, in the order of
// the document. If anything fails, what was started is stopped again and nothing has been consumed.
func (a *Adapter) Start(ctx context.Context) error {
	if a.fragment != "" {
		return fmt.Errorf("the document is a <%s> alone, a part of a channel; put it into a <channel> with a <workflow> to run it", a.fragment)
	}
	all := a.shared()
	log := component.Logger(ctx)
	for _, c := range a.Channels() {
		if !c.AutoStart {
			log.Info("channel is not started, because its auto-start is false", zap.String("channel", c.UniqueID))
			continue
		}
		all = append(all, c)
	}
	for _, phase := range []func(component.Lifecycle) error{
		func(l component.Lifecycle) error { return l.Init(ctx) },
		func(l component.Lifecycle) error {
			a.started = append(a.started, l)
			return l.Start(ctx)
		},
	} {
		for _, l := range all {
			if err := phase(l); err != nil {
				return errors.Join(err, a.stopAfter(ctx, all))
			}
		}
	}
	return nil
}

// stopAfter cleans up after a start that failed; its context may have ended, cleaning up may not be skipped.
func (a *Adapter) stopAfter(ctx context.Context, all []component.Lifecycle) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var errs []error
	for _, l := range slices.Backward(all) {
		errs = append(errs, l.Stop(ctx))
	}
	a.started = nil
	return errors.Join(errs...)
}

// Stop drains and stops everything: the channels side by side, then the shared components in reverse order. What is not done when ctx
// ends is given back to its source. It is safe to call twice.
func (a *Adapter) Stop(ctx context.Context) error {
	var channels []*channel.Channel
	var rest []component.Lifecycle
	for _, l := range a.started {
		if c, ok := l.(*channel.Channel); ok {
			channels = append(channels, c)
		} else {
			rest = append(rest, l)
		}
	}
	a.started = nil
	stopped := make([]error, len(channels))
	var g errgroup.Group
	for i, c := range channels {
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
	for _, l := range slices.Backward(rest) {
		errs = append(errs, l.Stop(ctx))
	}
	return errors.Join(errs...)
}

// flush sends what any connection buffers now.
func (a *Adapter) flush(ctx context.Context) error {
	errs := make([]error, len(a.flushers))
	var g errgroup.Group
	for i, f := range a.flushers {
		g.Go(func() error {
			errs[i] = f.Flush(ctx)
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs, all of them
	return errors.Join(errs...)
}

// IdleSince is the time since when every source of a started channel has been empty and no message is under way; zero while that is not
// so, or when a source can not tell.
func (a *Adapter) IdleSince() time.Time {
	var latest time.Time
	for _, c := range a.Channels() {
		if !c.AutoStart {
			continue
		}
		for _, w := range c.All() {
			i, ok := w.Source().(component.Idler)
			if !ok || w.Counts().InFlight > 0 {
				return time.Time{}
			}
			since := i.IdleSince()
			if since.IsZero() {
				return time.Time{}
			}
			if since.After(latest) {
				latest = since
			}
		}
	}
	return latest
}

// Counts are the sums over all channels.
func (a *Adapter) Counts() workflow.Counts {
	var sum workflow.Counts
	for _, c := range a.Channels() {
		sum.Add(c.Counts())
	}
	return sum
}
