// Package component is what an adapter is made of: the contracts that consumers, services, producers and connections keep, the registry
// that knows each by its Interlok alias, and the decoder that turns an element of a document into a component's struct.
package component

import (
	"context"
	"time"

	"github.com/adapterd/adapterd/pkg/message"
)

// Component is anything that a document names by an alias. Its struct's fields are its configuration.
type Component any

// Lifecycle is what a component that runs has in addition. The phases, in order:
//
//  1. Init may fail; it touches the network only to check. Nothing is consumed yet.
//  2. Start begins the work. The context ends when Start has returned, not when the component stops: goroutines belong to the
//     component, which ends them in Stop.
//  3. Stop takes nothing new, brings what is under way to its end, or gives it back when ctx ends first, and waits for its goroutines.
//     It is safe to call twice, and after an Init or Start that failed or never happened.
//
// A component may be started again after Stop. Whoever decoded or linked a component into itself forwards the phases to it with the
// functions Init, Start and Stop of this package, which leave out components without a lifecycle.
type Lifecycle interface {
	Init(ctx context.Context) error
	Start(ctx context.Context) error
	Stop(ctx context.Context) error
}

// Handler takes a consumed message into a workflow. It returns when the consumer may offer the next one: once the services have run and the producer has
// taken the message, which may be long before its outcome is known. done is called exactly once with that outcome, possibly before
// Handler returns, from any goroutine: nil when the message is delivered or an error handler took it, ErrStopped (wrapped) when it was
// given back because the workflow stops, else why it failed. done must not block on the consumer's own loop.
type Handler func(ctx context.Context, m *message.Message, done func(error))

// Consumer is where messages come from.
type Consumer interface {
	Lifecycle
	// Bind names the workflow's handler. It is called once, before Init.
	Bind(Handler)
}

// SideBySide is a consumer that offers each message in a goroutine of its own, which the workflow may keep for the message's whole way.
type SideBySide interface {
	OffersSideBySide() bool
}

// Idler is a consumer that can say since when it has had nothing to do.
type Idler interface {
	// IdleSince is the time since when the source has been empty and unused; zero while it is not. Safe for concurrent use.
	IdleSince() time.Time
}

// Pauser is a consumer that can leave everything with its source for a while, without a stop. A pause outlasts Stop and Start. Both are safe
// to call twice and for concurrent use.
type Pauser interface {
	// Pause lets the consumer take nothing more, and returns at once: what it is about to take it may still offer.
	Pause()
	// Resume ends a pause.
	Resume()
}

// Counted is a consumer that can say how many messages its source still holds, for those who watch a job that has an end.
type Counted interface {
	// Waiting is how many messages are there to be taken, as of the last look at the source; known is false if that can not be said, or not yet.
	// Safe for concurrent use.
	Waiting() (messages int64, known bool)
}

// Producer is where messages go. Produce is safe for concurrent use.
//
// A producer that learns the outcome later holds the message's delivery before it returns nil and releases it with the outcome; one
// that knows at once returns the error. It reads the message only until it returns.
type Producer interface {
	Produce(ctx context.Context, m *message.Message) error
}

// Service changes a message, or does something with it, on its way. Apply is safe for concurrent use on different messages.
// Run a service with Apply of this package, which honours enabled and continue-on-fail.
type Service interface {
	Apply(ctx context.Context, m *message.Message) error
	Base() *ServiceBase
}

// ServiceBase holds the fields that every service has; services embed it.
type ServiceBase struct {
	UniqueID           string `xml:"unique-id" doc:"name of the service in logs and errors"`
	Enabled            bool   `xml:"enabled" default:"true" doc:"false leaves the service out"`
	ContinueOnFail     bool   `xml:"continue-on-fail" default:"false" doc:"true logs a failure and goes on with the next service"`
	Comments           string `xml:"comments" doc:"free text"`
	IsTrackingEndpoint bool   `xml:"is-tracking-endpoint" default:"false" effect:"none" doc:"accepted for compatibility"`

	// instead is what Apply does in place of applying the service; nil but where Observe was called.
	instead func(context.Context, *message.Message) error
}

// Base returns the common fields.
func (b *ServiceBase) Base() *ServiceBase { return b }

// Splitter cuts a message into parts. It is safe for concurrent use.
type Splitter interface {
	// Split yields the parts in order. The parts share metadata with m; yield's error ends the split and is returned.
	Split(m *message.Message, yield func(*message.Message) error) error
}

// Condition decides something about a message. It is safe for concurrent use.
type Condition interface {
	Evaluate(ctx context.Context, m *message.Message) (bool, error)
}

// Connection is what consumers and producers share. What a producer needs of it, the producer says in Connect.
type Connection interface {
	// ConnectionID is the unique-id that a shared-connection looks up; may be empty.
	ConnectionID() string
}

// Flusher is a connection that buffers: Flush sends what is buffered now and returns when all of it has its outcome, or ctx ends.
type Flusher interface {
	Flush(ctx context.Context) error
}

// Connectable is a consumer or producer that needs a connection. Connect is called once, while the document is checked, with the
// connection itself, never with a shared-connection; its error says which connections would do.
type Connectable interface {
	Connect(Connection) error
}

// Referer is a connection that stands for another one (shared-connection).
type Referer interface {
	Connection
	// Target is the connection meant; nil until linked.
	Target() Connection
}

// Resolve follows references to the connection itself.
func Resolve(c Connection) Connection {
	for {
		r, ok := c.(Referer)
		if !ok || r.Target() == nil {
			return c
		}
		c = r.Target()
	}
}

// Poller says when a polling consumer looks for work. It is used by one goroutine.
type Poller interface {
	// Next returns the time of the next poll. previous is when the poll before ended, zero before the first. The zero time means never again.
	Next(now, previous time.Time) time.Time
}

// Failed is a message that a workflow could not bring to its end.
type Failed struct {
	// Message is the message as the consumer made it, with the exception's metadata added.
	Message *message.Message
	// Consumed is the same message without that metadata; nil where nobody keeps it.
	Consumed *message.Message
	// Err is why.
	Err error
	// Workflow names the workflow, as workflow@channel.
	Workflow string
	// Resubmit sends a message through the workflow again; done is called with the outcome, like a Handler's. It does not call the error handler.
	Resubmit func(ctx context.Context, m *message.Message, done func(error))
}

// ErrorHandler decides what becomes of a failed message. HandleError may wait (for a retry); it calls done exactly once, from any
// goroutine: nil when the message is dealt with, ErrStopped (wrapped) when the handler stopped first, else why it could not be.
// It is safe for concurrent use.
type ErrorHandler interface {
	HandleError(ctx context.Context, f Failed, done func(error))
}
