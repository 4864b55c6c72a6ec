package service

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// pool bounds how many parts of messages are worked on side by side. Its goroutines belong to the pooled work of one message, which waits
// for them.
type pool struct {
	slots chan struct{}
}

func newPool(size int) *pool { return &pool{make(chan struct{}, size)} }

// pooled is the work on the parts of one message.
type pooled struct {
	pool *pool
	wg   sync.WaitGroup
	// mu guards the fields below.
	mu       sync.Mutex
	failures map[int]error
	returned error
	panicked any
}

func (p *pool) begin() *pooled { return &pooled{pool: p, failures: make(map[int]error)} }

// do works on part number when there is a slot. It fails when ctx ends first, and once a part has been given back, because the workflow
// stops: then no more are to begin.
func (w *pooled) do(ctx context.Context, number int, work func() error) error {
	select {
	case w.pool.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("interrupted before part %d: %w", number, ctx.Err())
	}
	w.mu.Lock()
	returned, panicked := w.returned, w.panicked
	w.mu.Unlock()
	var refusal error
	switch {
	case returned != nil:
		refusal = returned
	case panicked != nil:
		refusal = fmt.Errorf("a component panicked before part %d", number)
	case ctx.Err() != nil:
		refusal = fmt.Errorf("interrupted before part %d: %w", number, ctx.Err())
	}
	if refusal != nil {
		<-w.pool.slots
		return refusal
	}
	w.wg.Go(func() {
		defer func() { <-w.pool.slots }()
		defer func() {
			if p := recover(); p != nil {
				component.Logger(ctx).Error("a component panicked on a part of a message", zap.Int("part", number), zap.Any("panic", p), zap.ByteString("stack", debug.Stack()))
				w.mu.Lock()
				w.panicked = p
				w.mu.Unlock()
			}
		}()
		w.note(ctx, number, work())
	})
	return nil
}

func (w *pooled) note(ctx context.Context, number int, err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures[number] = err
	if w.returned == nil && givenBack(ctx, err) {
		w.returned = fmt.Errorf("part %d: %w", number, err)
	}
}

// wait returns when all parts are through: with the failures by number, and with the error of a part that was given back. A panic goes on
// here, where the workflow sees it.
func (w *pooled) wait() (failures map[int]error, returned error) {
	w.wg.Wait()
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.failures, w.returned
}

// firstFailure is the failure of the first part that failed, which says how many more there were.
func firstFailure(failures map[int]error) error {
	first := 0
	for number := range failures {
		if first == 0 || number < first {
			first = number
		}
	}
	switch len(failures) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("part %d: %w", first, failures[first])
	}
	return fmt.Errorf("part %d: %w (and %d more parts failed)", first, failures[first], len(failures)-1)
}
