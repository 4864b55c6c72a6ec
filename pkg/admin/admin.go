// Package admin serves what operators see of an adapter and do with it, over HTTP: probes, metrics, state, failures, actions and a page.
//
// It is a room of its own above the adapter: it takes snapshots through [Source], and changes nothing but what an operator asks for. Who may
// ask is decided before anything else, in this order: the name that the server was called by, the site that a browser's request comes from,
// the rate, the token or the certificate, and for what changes something a header that no foreign page can send.
//
// Every path, answer and error is described in openapi.json, which the server serves too.
package admin

import (
	"context"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// Source is the adapter that is looked at and steered; *adapter.Adapter is one. It is safe for concurrent use, and what it returns does not
// change any more.
type Source interface {
	Status() adapter.Status
	// Failures are the last ones, newest first.
	Failures() []adapter.Failure
	// OnFailure has a function called with each failure from now on. The function returns at once.
	OnFailure(func(adapter.Failure))
	// The next five are called with the id of a channel that Status had a moment before.
	StartChannel(ctx context.Context, id string) error
	StopChannel(ctx context.Context, id string) error
	RestartChannel(ctx context.Context, id string) error
	PauseChannel(ctx context.Context, id string) error
	ResumeChannel(ctx context.Context, id string) error
	// Flush has everything sent that is buffered, and returns when it has its result.
	Flush(ctx context.Context) error
	// Reload reads the document anew. Its error is adapter.ErrRefused when the document has errors, which are in the problems.
	Reload(ctx context.Context) (adapter.Reloaded, error)
}

// Producing is a Source that shows its Kinesis producers to /metrics, by the ids of their connections.
type Producing interface {
	Producers() map[string]*kpl.Producer
}

// LogLevel is the least level that is logged. It is safe for concurrent use.
type LogLevel interface {
	Level() string
	// SetLevel takes one of Levels.
	SetLevel(string)
	Levels() []string
}
