package service

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/adapterd/adapterd/pkg/component"
)

// restartable runs things that are stopped and started again while the workflow runs. Messages that are side by side in it do not see
// that: a restart waits for those that are inside and keeps others out.
type restartable struct {
	// mu is held for reading by messages that are inside, for writing by a restart.
	mu sync.RWMutex
	// parts are in the order of starting.
	parts func() []component.Component
	// restarted is told of a restart that succeeded, before anybody is inside again. It may be nil.
	restarted func()
	// down says that the last restart failed: the parts do not run.
	down bool
}

// run does something with the parts that a restart must not disturb. Where the last restart failed it is tried again first.
func (r *restartable) run(ctx context.Context, do func() error) error {
	for {
		if down, err := r.runUp(do); !down {
			return err
		}
		err := r.restart(ctx, func() bool { return r.down })
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			// Without its chain: a part that is not started says that it is stopped, and nobody is stopping.
			return fmt.Errorf("the service is not running, and could not be started again: %v", err)
		}
	}
}

func (r *restartable) runUp(do func() error) (down bool, err error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.down {
		return true, nil
	}
	return false, do()
}

// restart stops the parts and starts them again, if needed still says so when nobody is inside.
func (r *restartable) restart(ctx context.Context, needed func() bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !needed() {
		return nil
	}
	r.down = true
	parts := r.parts()
	// What fails to stop may still start afresh, and says so if not.
	stopping := stopAll(ctx, parts)
	if err := initAll(ctx, parts); err != nil {
		return fmt.Errorf("restart: %w", errors.Join(err, stopping))
	}
	if err := startAll(ctx, parts); err != nil {
		return fmt.Errorf("restart: %w", errors.Join(err, stopping))
	}
	r.down = false
	if r.restarted != nil {
		r.restarted()
	}
	return nil
}

func always() bool { return true }
