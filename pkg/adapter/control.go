package adapter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
)

// What the methods that steer a channel return, wrapped.
var (
	ErrNoChannel  = errors.New("there is no such channel")
	ErrStarted    = errors.New("the channel is started already")
	ErrNotStarted = errors.New("the channel is not started")
	ErrNotRunning = errors.New("the adapter does not run")
)

// wish is what an operator wants of a channel, whatever its auto-start says.
type wish int

const (
	wishNone wish = iota
	wishStarted
	wishStopped
)

// control is the state of a part, and what an operator wants of it. The zero value is stopped; it is safe for concurrent use.
type control struct {
	mu    sync.Mutex
	state string
	err   error
	want  wish
}

func (c *control) is(state string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.err = state, err
}

func (c *control) now() (state string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == "" {
		return StateStopped, nil
	}
	return c.state, c.err
}

func (c *control) wish() wish {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.want
}

func (c *control) wishFor(w wish) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want = w
}

// wants notes that an operator wants a channel to run, or not; where that is what the document says, the document has its say again.
func (p *part) wants(started bool) {
	switch {
	case started == p.component.(*channel.Channel).AutoStart:
		p.control.wishFor(wishNone)
	case started:
		p.control.wishFor(wishStarted)
	default:
		p.control.wishFor(wishStopped)
	}
}

// starts says whether a part is to run.
func (p *part) starts() bool {
	c, ok := p.component.(*channel.Channel)
	switch {
	case !ok || p.control.wish() == wishStarted:
		return true
	case p.control.wish() == wishStopped:
		return false
	}
	return c.AutoStart
}

// takeOver goes on with what an operator wanted of the part that p replaces.
func (p *part) takeOver(before *part) {
	p.control.wishFor(before.control.wish())
	old, ok := before.component.(*channel.Channel)
	if c, same := p.component.(*channel.Channel); ok && same && old.Paused() {
		c.Pause()
	}
}

// StartChannel starts a channel that is stopped, or was never started because its auto-start is false. It stays started across reloads.
// ErrNoChannel, ErrStarted and ErrNotRunning say that it could not be tried; any other error why it did not start: its state is failed then.
// ctx ends the start, and the waiting for its turn.
func (a *Adapter) StartChannel(ctx context.Context, id string) error {
	p, release, err := a.steer(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if p.running.Load() {
		return fmt.Errorf("start channel %s: %w", id, ErrStarted)
	}
	ctx, cancel := a.starting(ctx)
	defer cancel()
	return startChannel(ctx, p)
}

func startChannel(ctx context.Context, p *part) error {
	component.Logger(ctx).Info("an operator starts a channel", zap.String("channel", p.id))
	p.wants(true)
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("start channel %s: %w", p.id, err)
	}
	if err := startAll(ctx, []*part{p}); err != nil {
		return fmt.Errorf("start channel %s: %w", p.id, err)
	}
	return nil
}

// StopChannel drains and stops a channel, within Options.Drain; what has no outcome by then is given back to its source. It stays stopped,
// also when a reload changes it, until StartChannel or the next start of the program. A pause is over with it. A channel that could not be
// started, and is failed, is stopped from then on. ctx ends the waiting for its turn, and not the drain.
func (a *Adapter) StopChannel(ctx context.Context, id string) error {
	p, release, err := a.steer(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if state, _ := p.control.now(); !p.running.Load() && state == StateStopped {
		if p.starts() { // a reload could not bring it up again, say
			p.wants(false)
			return nil
		}
		return fmt.Errorf("stop channel %s: %w", id, ErrNotStarted)
	}
	p.wants(false)
	return a.stopChannel(p)
}

func (a *Adapter) stopChannel(p *part) error {
	if !p.running.Load() { // it has failed, and left nothing
		p.control.is(StateStopped, nil)
		return nil
	}
	ctx := a.logging()
	component.Logger(ctx).Info("an operator stops a channel", zap.String("channel", p.id))
	ctx, cancel := a.drainLimit(ctx, "the %v that the stop of a channel may take are over")
	defer cancel()
	err := stop(ctx, []*part{p})
	p.component.(*channel.Channel).Resume()
	if err != nil {
		return fmt.Errorf("stop channel %s: not everything could be brought to its end, and what was not is with its source: %w", p.id, err)
	}
	return nil
}

// RestartChannel stops a channel, if it is started, and starts it, as StopChannel and StartChannel do. Once it has begun it does not end with
// ctx, which would leave the channel stopped, but with a Stop.
func (a *Adapter) RestartChannel(ctx context.Context, id string) error {
	p, release, err := a.steer(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	limited, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	starting, halt := a.starting(limited)
	defer halt()
	stopped := a.stopChannel(p)
	defer time.AfterFunc(restartTime, cancel).Stop()
	return errors.Join(stopped, startChannel(starting, p))
}

// restartTime bounds the second half of a restart.
const restartTime = time.Minute

// PauseChannel makes a started channel take nothing new: what is under way goes on, and connections stay open. It stays so until
// ResumeChannel or StopChannel, also when a reload replaces the channel. To pause twice is no error.
func (a *Adapter) PauseChannel(ctx context.Context, id string) error {
	return a.pauses(ctx, id, "pause", (*channel.Channel).Pause)
}

// ResumeChannel ends a pause. To resume what is not paused is no error.
func (a *Adapter) ResumeChannel(ctx context.Context, id string) error {
	return a.pauses(ctx, id, "resume", (*channel.Channel).Resume)
}

func (a *Adapter) pauses(ctx context.Context, id, what string, do func(*channel.Channel)) error {
	p, release, err := a.steer(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if !p.running.Load() {
		return fmt.Errorf("%s channel %s: %w", what, id, ErrNotStarted)
	}
	component.Logger(a.logging()).Info("an operator wants a channel to "+what, zap.String("channel", id))
	do(p.component.(*channel.Channel))
	return nil
}

// steer waits for its turn among Start, Stop, Reload and others that steer, and finds a channel. Afterwards release is called.
func (a *Adapter) steer(ctx context.Context, id string) (p *part, release func(), err error) {
	if err := a.lifecycle.wait(ctx); err != nil {
		return nil, nil, err
	}
	switch p = a.configuration().channel(id); {
	case !a.running:
		err = ErrNotRunning
	case p == nil:
		err = fmt.Errorf("channel %q: %w", id, ErrNoChannel)
	default:
		return p, a.lifecycle.Unlock, nil
	}
	a.lifecycle.Unlock()
	return nil, nil, err
}

// logging is the context of the run, with the logger and all else; it does not end.
func (a *Adapter) logging() context.Context {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.base
}

// starting is the context of the run for a start; it ends with ctx, and with a Stop that waits for its turn. It is called in its turn.
func (a *Adapter) starting(ctx context.Context) (context.Context, context.CancelFunc) {
	starting, cancel := context.WithCancelCause(a.logging())
	unhook := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.halt = func() { cancel(errStopping) }
	if a.stopping {
		a.halt()
	}
	return starting, func() {
		unhook()
		cancel(nil)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.halt = nil
	}
}

var errStopping = errors.New("the adapter is about to stop")
