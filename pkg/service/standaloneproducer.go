package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// StandaloneProducer sends a message to a producer in the middle of a workflow, the usual way to a second stream. Interlok:
// StandaloneProducer.
//
// What a producer that knows the result at once adds to the message's metadata is there for later services. A producer that learns it
// later holds the message's delivery: the source is acknowledged only when that result is in too, and a failure fails the message.
type StandaloneProducer struct {
	component.ServiceBase
	Connection component.Connection `xml:"connection" default:"null-connection" doc:"what the producer produces to"`
	Producer   component.Producer   `xml:"producer,required" doc:"where the message goes"`
}

// Wire gives the connection to the producer.
func (s *StandaloneProducer) Wire(r *component.Report) {
	if c, ok := s.Producer.(component.Connectable); ok {
		if err := c.Connect(component.Resolve(s.Connection)); err != nil {
			r.Errorf("connection", "wrong-connection", ": %v", err)
		}
	}
}

// Apply produces m.
func (s *StandaloneProducer) Apply(ctx context.Context, m *message.Message) error {
	if err := s.Producer.Produce(ctx, m); err != nil {
		return fmt.Errorf("standalone-producer: %w", err)
	}
	return nil
}

// Init implements component.Lifecycle.
func (s *StandaloneProducer) Init(ctx context.Context) error { return initAll(ctx, s.parts()) }

// Start implements component.Lifecycle.
func (s *StandaloneProducer) Start(ctx context.Context) error { return startAll(ctx, s.parts()) }

// Stop implements component.Lifecycle: the producer first, then what it produces to.
func (s *StandaloneProducer) Stop(ctx context.Context) error { return stopAll(ctx, s.parts()) }

// parts are in the order of starting. A shared-connection has no lifecycle of its own: the document starts what it stands for.
func (s *StandaloneProducer) parts() []component.Component {
	return []component.Component{s.Connection, s.Producer}
}

func init() {
	component.Register[StandaloneProducer]("standalone-producer", "com.adaptris.core.StandaloneProducer", component.KindService,
		"sends the message to a producer of its own, for instance to a second stream")
}
