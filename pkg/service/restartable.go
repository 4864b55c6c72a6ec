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
}

// run does something with the parts that a restart must not disturb.
func (r *restartable) run(do func() error) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return do()
}

// restart stops the parts and starts them again, if needed still says so when nobody is inside.
func (r *restartable) restart(ctx context.Context, needed func() bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !needed() {
		return nil
	}
	parts := r.parts()
	// What fails to stop may still start afresh, and says so if not.
	stopping := stopAll(ctx, parts)
	if err := initAll(ctx, parts); err != nil {
		return fmt.Errorf("restart: %w", errors.Join(err, stopping))
	}
	if err := startAll(ctx, parts); err != nil {
		return fmt.Errorf("restart: %w", errors.Join(err, stopping))
	}
	return nil
}

func always() bool { return true }
