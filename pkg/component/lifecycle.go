package component

import (
	"context"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/message"
)

// ErrPaused says that a message was given back because its workflow is paused. It is an ErrStopped too.
var ErrPaused error = pausedError{}

type pausedError struct{}

func (pausedError) Error() string { return "it is paused" }

func (pausedError) Unwrap() error { return ErrStopped }

// ErrStopped says that a message was given back because its workflow stops: it is to be left with its source, not reported as failed.
var ErrStopped = message.ErrStopped

// Init initialises c if it has a lifecycle.
func Init(ctx context.Context, c Component) error {
	if l, ok := c.(Lifecycle); ok {
		return l.Init(ctx)
	}
	return nil
}

// Start starts c if it has a lifecycle.
func Start(ctx context.Context, c Component) error {
	if l, ok := c.(Lifecycle); ok {
		return l.Start(ctx)
	}
	return nil
}

// Stop stops c if it has a lifecycle.
func Stop(ctx context.Context, c Component) error {
	if l, ok := c.(Lifecycle); ok {
		return l.Stop(ctx)
	}
	return nil
}

type loggerKey struct{}

// WithLogger returns a context whose Logger is l. Channels and workflows put their names into l.
func WithLogger(ctx context.Context, l *zap.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, l)
}

// Logger returns the context's logger, or one that writes nothing.
func Logger(ctx context.Context) *zap.Logger {
	if l, ok := ctx.Value(loggerKey{}).(*zap.Logger); ok {
		return l
	}
	return zap.NewNop()
}
