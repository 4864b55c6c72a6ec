package component

import "context"

type failedKey struct{}

// WithFailed returns a context by which the services of an error handler, and the producers in them, know that what they get is a failed message.
func WithFailed(ctx context.Context, f Failed) context.Context {
	return context.WithValue(ctx, failedKey{}, f)
}

// FailedOf is the failed message that an error handler has in hand.
func FailedOf(ctx context.Context) (Failed, bool) {
	f, ok := ctx.Value(failedKey{}).(Failed)
	return f, ok
}
