package workflow

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// handling holds the fields that all error handlers have; error handlers embed it.
type handling struct {
	UniqueID string `xml:"unique-id" doc:"name in logs"`
	Always   bool   `xml:"always-handle-exception" default:"false" doc:"true takes also messages that a nearer handler, of a channel or workflow, has taken"`
}

func (h *handling) handlesAlways() bool { return h.Always }

// Nearest is what takes the failed messages of a workflow or channel: its own error handler, or without one that of what is around it.
// Handlers further out with always-handle-exception (Interlok: RootProcessingExceptionHandler) take them after it. Both may be nil.
func Nearest(own, outer component.ErrorHandler) component.ErrorHandler {
	if own == nil {
		return outer
	}
	all := chain{own}
	further, ok := outer.(chain)
	if !ok && outer != nil {
		further = chain{outer}
	}
	for _, h := range further {
		if a, ok := h.(interface{ handlesAlways() bool }); ok && a.handlesAlways() {
			all = append(all, h)
		}
	}
	if len(all) == 1 {
		return own
	}
	return all
}

// chain are error handlers that all take a failed message, one after the other, unless it was delivered meanwhile.
type chain []component.ErrorHandler

// HandleError implements component.ErrorHandler. A message that one of them could not take is not dealt with.
func (c chain) HandleError(ctx context.Context, f component.Failed, done func(error)) {
	var delivered atomic.Bool
	resubmit := f.Resubmit
	f.Resubmit = func(ctx context.Context, m *message.Message, done func(error)) {
		resubmit(ctx, m, func(err error) {
			if err == nil {
				delivered.Store(true)
			}
			done(err)
		})
	}
	c.handle(ctx, f, &delivered, nil, done)
}

func (c chain) handle(ctx context.Context, f component.Failed, delivered *atomic.Bool, before error, done func(error)) {
	c[0].HandleError(ctx, f, func(err error) {
		err = errors.Join(before, err)
		if len(c) == 1 || delivered.Load() || errors.Is(err, component.ErrStopped) {
			done(err)
			return
		}
		c[1:].handle(ctx, f, delivered, err, done)
	})
}
