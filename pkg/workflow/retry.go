package workflow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// RetryErrorHandler is Interlok's RetryMessageErrorHandler: a failed message is sent through its workflow again, up to retry-limit times,
// retry-interval apart, before a service gets it. When the workflow stops, messages that wait go to that service at once; without one they
// are given back to their source.
type RetryErrorHandler struct {
	handling
	Service       component.Service  `xml:"processing-exception-service" doc:"what happens to a message that failed every time"`
	RetryLimit    int                `xml:"retry-limit" default:"10" doc:"how often a message is sent again; 0 or less is for ever"`
	RetryInterval component.Interval `xml:"retry-interval" default:"10m" min:"1ms" doc:"how long a failed message waits"`

	// resubmitting counts the goroutines that send messages again; giving up is left to last.
	resubmitting count
	last         jobs

	// mu guards the fields below.
	mu      sync.Mutex
	waiting map[*waiting]struct{}
	stopped bool
}

// waiting is a failed message that waits to be sent again, without a goroutine.
type waiting struct {
	h      *RetryErrorHandler
	ctx    context.Context
	failed component.Failed
	n      int
	done   func(error)
	timer  *time.Timer
	forget func() bool
}

// Init implements component.Lifecycle.
func (h *RetryErrorHandler) Init(ctx context.Context) error { return component.Init(ctx, h.Service) }

// Start implements component.Lifecycle.
func (h *RetryErrorHandler) Start(ctx context.Context) error {
	h.mu.Lock()
	h.stopped = false
	h.mu.Unlock()
	return component.Start(ctx, h.Service)
}

// Stop implements component.Lifecycle. The workflows have stopped, so usually nothing waits any more.
func (h *RetryErrorHandler) Stop(ctx context.Context) error {
	h.mu.Lock()
	h.stopped = true
	var left []*waiting
	for w := range h.waiting {
		left = append(left, w)
	}
	h.mu.Unlock()
	for _, w := range left {
		w.abandon()
	}
	var err error
	for _, none := range []<-chan struct{}{h.resubmitting.none(), h.last.none()} {
		select {
		case <-none:
		case <-ctx.Done():
			err = fmt.Errorf("retry-message-error-handler %s: messages are still being handled: %w", h.UniqueID, context.Cause(ctx))
		}
	}
	return errors.Join(err, component.Stop(ctx, h.Service))
}

// HandleError implements component.ErrorHandler. ctx ends when the workflow begins to stop.
func (h *RetryErrorHandler) HandleError(ctx context.Context, f component.Failed, done func(error)) {
	h.retry(ctx, f, 1, done)
}

// retry lets the message wait for its nth resubmission.
func (h *RetryErrorHandler) retry(ctx context.Context, f component.Failed, n int, done func(error)) {
	if h.RetryLimit > 0 && n > h.RetryLimit {
		h.giveUp(ctx, f, done)
		return
	}
	h.mu.Lock()
	if h.stopped || ctx.Err() != nil {
		h.mu.Unlock()
		h.giveUp(ctx, f, done)
		return
	}
	w := &waiting{h: h, ctx: ctx, failed: f, n: n, done: done}
	if h.waiting == nil {
		h.waiting = make(map[*waiting]struct{})
	}
	h.waiting[w] = struct{}{}
	w.timer = time.AfterFunc(h.RetryInterval.Duration, w.resubmit)
	w.forget = context.AfterFunc(ctx, w.abandon)
	h.mu.Unlock()
	component.Logger(ctx).Warn("message failed; it will be sent again", append(component.ErrorFields(f.Err), zap.String("message", f.Message.ID()), zap.Int("retry", n),
		zap.Duration("after", h.RetryInterval.Duration))...)
}

// end says whether the caller is the first to end the waiting; next counts what the caller does instead, before anybody can think that
// nothing is under way.
func (w *waiting) end(next func()) bool {
	w.h.mu.Lock()
	defer w.h.mu.Unlock()
	if _, waits := w.h.waiting[w]; !waits {
		return false
	}
	delete(w.h.waiting, w)
	w.timer.Stop()
	w.forget()
	next()
	return true
}

func (w *waiting) abandon() {
	w.end(func() {
		w.h.last.add(func() { w.h.giveUp(w.ctx, w.failed, w.done) })
	})
}

func (w *waiting) resubmit() {
	if !w.end(w.h.resubmitting.add) {
		return
	}
	defer w.h.resubmitting.done()
	w.failed.Resubmit(w.ctx, w.failed.Message, func(err error) {
		switch {
		case err == nil:
			w.done(nil)
		case errors.Is(err, component.ErrStopped):
			w.h.giveUp(w.ctx, w.failed, w.done)
		default:
			w.failed.Err = err
			w.h.retry(w.ctx, w.failed, w.n+1, w.done)
		}
	})
}

// giveUp hands the message to the service, or back to its source when it only gave up because the workflow stops.
func (h *RetryErrorHandler) giveUp(ctx context.Context, f component.Failed, done func(error)) {
	h.mu.Lock()
	stopped := h.stopped || ctx.Err() != nil
	h.mu.Unlock()
	if h.Service == nil && stopped {
		done(fmt.Errorf("%w: it waited to be sent again, after: %w", component.ErrStopped, f.Err))
		return
	}
	runService(ctx, h.Service, f, done)
}
