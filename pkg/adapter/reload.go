package adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// bringBackTime bounds how long it takes to start again what a reload stopped that ran out of time.
const bringBackTime = time.Minute

// ErrRefused says that a document has errors, and that nothing has changed because of it.
var ErrRefused = errors.New("the document has errors; everything goes on as it was")

var errNotRunning = fmt.Errorf("%w, so nothing can be reloaded; start it", ErrNotRunning)

func (a *Adapter) runs(ctx context.Context) error {
	if err := a.lifecycle.wait(ctx); err != nil {
		return err
	}
	defer a.lifecycle.Unlock()
	if !a.running {
		return errNotRunning
	}
	return nil
}

// Reloaded is what a reload did, by the ids of channels, in the order of the document.
type Reloaded struct {
	// Problems are those of the document, notes and warnings included.
	Problems document.Problems `json:"-"`
	// Kept channels went on all the time; Replaced ones were drained and started again as the document has them now; Started ones are new,
	// Stopped ones gone.
	Kept     []string `json:"kept"`
	Replaced []string `json:"replaced"`
	Started  []string `json:"started"`
	Stopped  []string `json:"stopped"`
	// Shared are the shared connections and services, and the adapter's error handler, that were replaced, started or stopped.
	Shared []string `json:"shared"`
}

// Status is how the reload went that ended now with r and err. No list is nil.
func (r Reloaded) Status(err error) ReloadStatus {
	s := ReloadStatus{At: time.Now(), Kept: []string{}, Replaced: []string{}, Started: []string{}, Stopped: []string{}, Shared: []string{}}
	if err != nil {
		s.Error = err.Error()
		if first := r.Problems.Errors(); errors.Is(err, ErrRefused) && len(first) > 0 {
			s.Error = fmt.Sprintf("%s: %s: %s", err, first[0].Pos, first[0].Message)
			if len(first) > 1 {
				s.Error += fmt.Sprintf(" (and %d more)", len(first)-1)
			}
		}
		return s
	}
	s.Kept, s.Replaced, s.Shared = append(s.Kept, r.Kept...), append(s.Replaced, r.Replaced...), append(s.Shared, r.Shared...)
	s.Started = append(append(s.Started, r.Replaced...), r.Started...)
	s.Stopped = append(append(s.Stopped, r.Replaced...), r.Stopped...)
	return s
}

// Changed says that something is not as it was.
func (r Reloaded) Changed() bool {
	return len(r.Replaced)+len(r.Started)+len(r.Stopped)+len(r.Shared) > 0
}

// Reload reads the document anew and makes what runs be what it says. Channels whose element has not changed, nor the shared parts that
// they use, go on as if nothing happened. The others are drained, stopped and started as the document has them now: old ones end before new
// ones begin, so that ports and directories are free. Counts go on.
//
// A document with errors changes nothing, and the error is ErrRefused. If what is new does not start, what was stopped is started again as it
// was, and the error says why. When ctx is cancelled while channels are drained, what was stopped stays so: the program is about to end. When
// its deadline passes meanwhile, what was stopped is started again as it was.
//
// It waits for a Reload that is under way, and, when it has read the document, for what starts or stops meanwhile. When ctx ends before that,
// nothing has changed.
func (a *Adapter) Reload(ctx context.Context) (Reloaded, error) {
	if err := a.reloads.wait(ctx); err != nil {
		return Reloaded{}, err
	}
	defer a.reloads.Unlock()
	r, err := a.reload(ctx)
	status := r.Status(err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lastReload = &status
	return r, err
}

func (a *Adapter) reload(ctx context.Context) (Reloaded, error) {
	if err := a.runs(ctx); err != nil {
		return Reloaded{}, err
	}
	old := a.configuration() // which nothing but a reload changes
	next, problems := read(ctx, a.path, a.options, old)
	switch {
	case ctx.Err() != nil:
		return Reloaded{Problems: problems}, ctx.Err()
	case next == nil:
		return Reloaded{Problems: problems}, ErrRefused
	case next.fragment != "":
		return Reloaded{Problems: problems}, fmt.Errorf("%w: it is a <%s> alone, a part of a channel", ErrRefused, next.fragment)
	}
	if err := a.lifecycle.wait(ctx); err != nil {
		return Reloaded{Problems: problems}, err
	}
	defer a.lifecycle.Unlock()
	if !a.running { // stopped meanwhile
		return Reloaded{Problems: problems}, errNotRunning
	}
	if a.options.Loaded != nil {
		a.options.Loaded(next.components())
	}
	r := compare(old, next)
	r.Problems = problems
	if err := a.change(ctx, old, next); err != nil {
		return r, err
	}
	log := component.Logger(ctx)
	if !r.Changed() {
		log.Info("document reloaded; nothing has changed", zap.Strings("kept", r.Kept))
		return r, nil
	}
	log.Info("document reloaded", zap.Strings("kept", r.Kept), zap.Strings("replaced", r.Replaced), zap.Strings("started", r.Started),
		zap.Strings("stopped", r.Stopped), zap.Strings("shared", r.Shared))
	return r, nil
}

// compare says what becomes of the parts.
func compare(old, next *configuration) Reloaded {
	var r Reloaded
	for _, p := range next.parts {
		switch {
		case p.kind != wholeChannel:
			if !old.has(p) {
				r.Shared = append(r.Shared, p.String())
			}
		case old.has(p):
			r.Kept = append(r.Kept, p.id)
		case old.find(p) != nil:
			r.Replaced = append(r.Replaced, p.id)
		default:
			r.Started = append(r.Started, p.id)
		}
	}
	for _, p := range old.parts {
		switch {
		case next.find(p) != nil:
		case p.kind == wholeChannel:
			r.Stopped = append(r.Stopped, p.id)
		default:
			r.Shared = append(r.Shared, p.String())
		}
	}
	return r
}

// change brings the adapter from one configuration to the next.
func (a *Adapter) change(ctx context.Context, old, next *configuration) error {
	without := func(parts []*part, others *configuration) []*part {
		return slices.DeleteFunc(slices.Clone(parts), others.has)
	}
	going, coming := without(old.parts, next), without(next.parts, old)
	var ran []*part // of those that go; what did not run is not brought back
	for _, p := range going {
		if p.running.Load() {
			ran = append(ran, p)
		}
	}
	past := a.prepare(old, next, coming)
	defer a.settled()
	a.drain(ctx, going)
	err := ctx.Err()
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err == nil {
		err = start(ctx, coming)
	} else { // who asked for the reload has no time left, and the program goes on
		err = fmt.Errorf("there was no time left to start what is new: %w", err)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), bringBackTime)
		defer cancel()
	}
	if err != nil {
		if back := start(ctx, ran); back != nil {
			for _, p := range ran {
				if state, _ := p.control.now(); state == StateStopped {
					p.control.is(StateFailed, fmt.Errorf("a reload stopped it and could not start it again: %w", back))
				}
			}
			return errors.Join(fmt.Errorf("what is new did not start: %w", err), fmt.Errorf("what it was to replace could not be started again either, and is stopped: %w", back))
		}
		return fmt.Errorf("what is new did not start, so what it was to replace runs again: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.current = next
	a.partWith(past)
	return nil
}

// prepare attaches the channels that come, with the counts of those that they replace, and returns those that go for good.
func (a *Adapter) prepare(old, next *configuration, coming []*part) (past []*channel.Channel) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reloading = true
	for _, p := range coming {
		if a.redirect != "" {
			redirect(p.decoded, a.redirect)
		}
		c, ok := p.component.(*channel.Channel)
		if !ok {
			continue
		}
		c.Attach(a.surroundings(next))
		if before := old.find(p); before != nil {
			c.Inherit(before.component.(*channel.Channel))
			p.takeOver(before)
		}
	}
	for _, p := range old.parts {
		if c, ok := p.component.(*channel.Channel); ok && next.find(p) == nil {
			past = append(past, c)
		}
	}
	return past
}

func (a *Adapter) settled() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reloading = false
}

// drain stops what goes. What does not come to its end in time is given back to its source, where what comes finds it.
func (a *Adapter) drain(ctx context.Context, going []*part) {
	draining, cancel := a.drainLimit(ctx, "the %v that a reload has to drain are over")
	defer cancel()
	if err := stop(draining, going); err != nil {
		component.Logger(ctx).Warn("not everything that the reload stopped could be brought to its end; what is left is with its source", zap.Error(err))
	}
}

// drainLimit is for what is stopped while the adapter runs: it ends after Options.Drain, or when a Stop runs out of time. It does not end with
// ctx: a program that ends drains, too, in the time that it has.
func (a *Adapter) drainLimit(ctx context.Context, over string) (context.Context, context.CancelFunc) {
	limit := a.options.Drain
	if limit <= 0 {
		limit = DefaultDrain
	}
	draining, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), limit, fmt.Errorf(over, limit))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hurry = cancel
	if a.late {
		cancel()
	}
	return draining, func() {
		a.mu.Lock()
		a.hurry = nil
		a.mu.Unlock()
		cancel()
	}
}

// cutReloadShort ends the drain of a reload, or of a channel that an operator stops.
func (a *Adapter) cutReloadShort() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.late = true
	if a.hurry != nil {
		a.hurry()
	}
}
