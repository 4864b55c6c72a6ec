package channel

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/workflow"
)

const (
	// restartPause is the least time from the end of one restart to the beginning of the next, and of one that failed to its next attempt:
	// a producer that always fails must not keep its channel from everything else.
	restartPause = 10 * time.Second
	// restartDrain bounds how long a restart lets what is under way come to its end.
	restartDrain = time.Minute
)

// restarts is the goroutine that restarts a running channel, or one of its workflows, when a produce-exception-handler asks for it. There
// is at most one; what is asked for while it waits or works is what it does anyway, or comes right after.
type restarts struct {
	// mu guards the fields below.
	mu sync.Mutex
	// ctx is that of the running channel; nil while it is stopped.
	ctx    context.Context
	cancel context.CancelFunc
	// wanted are the workflows to restart; whole says that it is the channel.
	wanted map[string]bool
	whole  bool
	// working is closed when the goroutine has ended; nil while there is none.
	working chan struct{}
	// hurry ends the drain of the restart that is under way; nil while there is none.
	hurry context.CancelFunc
	// late says that the stop has no time left.
	late bool
	// failed is why the last restart did not bring up what it stopped; nil if it did.
	failed error
	// ended is when the last restart was over.
	ended time.Time
}

// allow lets restarts happen until end.
func (r *restarts) allow(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = nil
	if r.ctx == nil {
		r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
		r.late = false
	}
}

// end lets no restart begin any more, and waits for the one that is under way: it drains as a stop does, until ctx ends, and starts nothing.
func (r *restarts) end(ctx context.Context) {
	unhook := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.late = true
		if r.hurry != nil {
			r.hurry()
		}
	})
	defer unhook()
	r.mu.Lock()
	working := r.working
	if r.ctx != nil {
		r.cancel()
		r.ctx = nil
	}
	r.wanted, r.whole = nil, false
	r.mu.Unlock()
	if working != nil {
		<-working
	}
}

// RestartFailed is why the last restart did not bring up what it had stopped; it is tried again. Nil if all is well. Safe for concurrent use.
func (c *Channel) RestartFailed() error {
	c.restarts.mu.Lock()
	defer c.restarts.mu.Unlock()
	return c.restarts.failed
}

// Restarting says that the channel, or one of its workflows, is being stopped and started again, because a producer failed. Safe for concurrent
// use.
func (c *Channel) Restarting() bool {
	c.restarts.mu.Lock()
	defer c.restarts.mu.Unlock()
	return c.restarts.hurry != nil
}

// restart is what workflows call.
func (c *Channel) restart(id string, scope workflow.Scope) {
	r := &c.restarts
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil {
		return
	}
	if scope == workflow.RestartChannel {
		r.whole = true
	} else {
		if r.wanted == nil {
			r.wanted = make(map[string]bool)
		}
		r.wanted[id] = true
	}
	if r.working == nil {
		r.working = make(chan struct{})
		go c.work(r.ctx, r.working)
	}
}

// work restarts until nothing is wanted.
func (c *Channel) work(ctx context.Context, working chan struct{}) {
	defer close(working)
	r := &c.restarts
	for r.pause(ctx) {
		whole, wanted, ok := r.next(ctx)
		if !ok {
			return
		}
		err := c.restartNow(ctx, whole, wanted)
		r.mu.Lock()
		r.ended, r.failed = time.Now(), err
		if err == nil {
			// What failed while the parts were being stopped asked for what has just been done; what others asked for is to be done yet.
			r.whole = r.whole && !whole
			for id := range r.wanted {
				if whole || wanted[id] {
					delete(r.wanted, id)
				}
			}
		} else {
			r.whole = true // a workflow that did not start has lost its place among the others
		}
		r.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			component.Logger(ctx).Error("the restart failed; it will be tried again", zap.Duration("after", restartPause), zap.Error(err))
		}
	}
	r.mu.Lock()
	r.working = nil
	r.mu.Unlock()
}

// pause waits until the next restart may begin; false when there is to be none.
func (r *restarts) pause(ctx context.Context) bool {
	r.mu.Lock()
	wait := time.Until(r.ended.Add(restartPause))
	r.mu.Unlock()
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// next takes what is wanted; without anything the goroutine is over.
func (r *restarts) next(ctx context.Context) (whole bool, wanted map[string]bool, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil || !r.whole && len(r.wanted) == 0 {
		r.working = nil
		return false, nil, false
	}
	whole, wanted = r.whole, r.wanted
	r.whole, r.wanted = false, nil
	return whole, wanted, true
}

func (r *restarts) setHurry(hurry context.CancelFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hurry = hurry
	if r.late && hurry != nil {
		hurry()
	}
}

// restartNow stops and starts the channel, or some of its workflows. What can not be brought to its end in time is given back.
func (c *Channel) restartNow(ctx context.Context, whole bool, wanted map[string]bool) error {
	log := component.Logger(ctx)
	drain, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), restartDrain, errors.New("the time that a restart has is over"))
	c.restarts.setHurry(cancel)
	defer func() {
		c.restarts.setHurry(nil)
		cancel()
	}()
	if whole {
		log.Warn("restarting the channel, because a producer failed")
		if err := c.stop(drain); err != nil {
			log.Warn("the channel did not stop cleanly", zap.Error(err))
		}
		if err := errors.Join(ctx.Err(), c.init(ctx)); err != nil {
			return err
		}
		return c.start(ctx)
	}
	for _, w := range c.All() {
		if !wanted[w.ID()] {
			continue
		}
		log.Warn("restarting a workflow, because its producer failed", zap.String("workflow", w.ID()))
		if err := w.Stop(drain); err != nil {
			log.Warn("the workflow did not stop cleanly", zap.String("workflow", w.ID()), zap.Error(err))
		}
		if err := errors.Join(ctx.Err(), w.Init(ctx)); err != nil {
			return c.wrap(err)
		}
		if err := w.Start(ctx); err != nil {
			return c.wrap(err)
		}
	}
	return nil
}
