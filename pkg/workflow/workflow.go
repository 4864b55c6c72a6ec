// Package workflow brings a message from its consumer through the services to its producer, decides what happens when one of them fails,
// and tells the source when the message is done.
package workflow

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
)

// Workflow is a consumer, services and a producer that belong together. Lifecycle as in component.Lifecycle; Stop gives back to their
// sources what has not begun, flushes what is buffered, and waits for every outcome until its context ends.
type Workflow interface {
	component.Lifecycle
	// Attach names what is around the workflow. It is called once, before Init.
	Attach(Surroundings)
	// Connect hands the channel's connections to consumer and producer, while the document is checked.
	Connect(consume, produce component.Connection, r *component.Report)
	// ID is the unique-id; SetID gives one to a workflow without.
	ID() string
	SetID(string)
	// Source is the consumer.
	Source() component.Consumer
	// Target is the producer.
	Target() component.Producer
	// Counts says how many messages came in and how they ended. Safe for concurrent use.
	Counts() Counts
	// Gauges say what it is doing. Safe for concurrent use.
	Gauges() Gauges
	// Pause lets no message in until Resume: what is under way goes on. A consumer keeps the message that it has in hand; requests over HTTP
	// are answered with 503. A pause outlives Stop and Start. All three are safe for concurrent use.
	Pause()
	Resume()
	Paused() bool
	// Inherit goes on with the counts of a workflow that this one replaces, which goes on counting its last messages, and with what its
	// consumer remembers. It is called at most once, before Init.
	Inherit(Workflow)
	// Statistics are what interceptors have counted. Safe for concurrent use.
	Statistics() []Statistic
}

// Surroundings are what a workflow needs of its channel.
type Surroundings struct {
	// Channel is the channel's unique-id.
	Channel string
	// ErrorHandler is the channel's or the adapter's; nil if there is none. The workflow's own comes first.
	ErrorHandler component.ErrorHandler
	// Flush sends what the connections buffer now, so that a stopping workflow need not wait for their timers; may be nil.
	Flush func(context.Context) error
	// Restart asks the channel to restart the workflow with that id, or itself, and returns at once; may be nil.
	Restart func(id string, scope Scope)
	// Failed is told of each message that failed for good, when it is known who took it; it returns at once. May be nil.
	Failed func(Failure)
	// Throttles are shared by all workflows of an adapter; nil gives the workflow its own.
	Throttles *Throttles
}

// Failure is a message that failed for good.
type Failure struct {
	Workflow string // its unique-id
	Message  string // its id
	Err      error
	// Handled says that an error handler took it; else its source was told.
	Handled bool
}

// Counts are totals since the start of the process.
type Counts struct {
	// Consumed messages came from the consumer.
	Consumed int64 `json:"consumed"`
	// Delivered messages ended well.
	Delivered int64 `json:"delivered"`
	// Handled messages failed and were taken by an error handler.
	Handled int64 `json:"handled"`
	// Failed messages failed and no error handler took them; their source was told.
	Failed int64 `json:"failed"`
	// InFlight messages have no outcome yet.
	InFlight int64 `json:"inFlight"`
	// GivenBack messages were left with their source because the workflow stopped.
	GivenBack int64 `json:"givenBack"`
}

// Add adds the counts of another workflow.
func (c *Counts) Add(n Counts) {
	c.Consumed += n.Consumed
	c.Delivered += n.Delivered
	c.Handled += n.Handled
	c.Failed += n.Failed
	c.InFlight += n.InFlight
	c.GivenBack += n.GivenBack
}
