package consumer

import (
	"context"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// Null is Interlok's NullMessageConsumer: no message ever comes.
type Null struct {
	UniqueID         string `xml:"unique-id" doc:"name of the consumer in logs"`
	Encoder          string `xml:"encoder" effect:"none" doc:"accepted for compatibility"`
	TrackingEndpoint bool   `xml:"is-tracking-endpoint" effect:"none" doc:"accepted for compatibility"`
	MessageFactory   string `xml:"message-factory" effect:"none" doc:"accepted for compatibility"`

	made time.Time
}

// Bind implements component.Consumer.
func (n *Null) Bind(component.Handler) { n.made = time.Now() }

// Init implements component.Lifecycle.
func (*Null) Init(context.Context) error { return nil }

// Start implements component.Lifecycle.
func (*Null) Start(context.Context) error { return nil }

// Stop implements component.Lifecycle.
func (*Null) Stop(context.Context) error { return nil }

// IdleSince implements component.Idler: always.
func (n *Null) IdleSince() time.Time { return n.made }

// Waiting implements component.Counted: nothing.
func (*Null) Waiting() (int64, bool) { return 0, true }

func init() {
	component.Register[Null]("null-message-consumer", "com.adaptris.core.NullMessageConsumer", component.KindConsumer, "consumes nothing")
}
