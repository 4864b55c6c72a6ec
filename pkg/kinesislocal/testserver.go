package kinesislocal

import (
	"context"
	"time"
)

// TB is what NewTest needs of a *testing.T, so that this package does not
// import testing.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// testCloseTimeout is how long NewTest gives the requests under way at the end
// of a test.
const testCloseTimeout = 10 * time.Second

// NewTest starts a server on a free port of the loopback interface for the
// length of a test, and fails the test if it does not start or end.
func NewTest(t TB, opts Options) *Server {
	t.Helper()
	s, err := Listen(context.Background(), "127.0.0.1:0", opts)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), testCloseTimeout)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("%v", err)
		}
	})
	return s
}
