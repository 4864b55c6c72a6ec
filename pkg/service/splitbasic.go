package service

import (
	"context"
	"fmt"
	"strconv"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// BasicSplit cuts a message into parts and gives each to a producer, one after the other; then the message itself goes on. Interlok:
// BasicMessageSplitterService. What SplitMessage says of failures and acknowledgement holds here too.
type BasicSplit struct {
	component.ServiceBase
	Connection                 component.Connection `xml:"connection" default:"null-connection" doc:"what the producer produces to"`
	Producer                   component.Producer   `xml:"producer,required" doc:"where the parts go"`
	Splitter                   component.Splitter   `xml:"splitter,required" doc:"how the message is cut"`
	IgnoreSplitMessageFailures bool                 `xml:"ignore-split-message-failures" default:"false" doc:"true logs the failure of a part and goes on with the next one"`

	parts *SplitMessage
}

// toProducer is a producer as the service of a part.
type toProducer struct {
	component.ServiceBase
	producer component.Producer
}

func (p *toProducer) Apply(ctx context.Context, m *message.Message) error {
	return p.producer.Produce(ctx, m)
}

// Check implements component.Checker.
func (s *BasicSplit) Check(*component.Report) {
	s.parts = &SplitMessage{ServiceBase: s.ServiceBase, Service: &toProducer{component.ServiceBase{Enabled: true}, s.Producer}}
}

// Wire gives the connection to the producer.
func (s *BasicSplit) Wire(r *component.Report) {
	if c, ok := s.Producer.(component.Connectable); ok {
		if err := c.Connect(component.Resolve(s.Connection)); err != nil {
			r.Errorf("connection", "wrong-connection", ": %v", err)
		}
	}
}

// Apply splits m and produces its parts.
func (s *BasicSplit) Apply(ctx context.Context, m *message.Message) error {
	number := 0
	err := s.Splitter.Split(m, func(part *message.Message) error {
		number++
		part.SetPart(number)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted before part %d: %w", number, err)
		}
		if s.IgnoreSplitMessageFailures {
			return s.parts.applyIgnoring(ctx, part, number)
		}
		if err := s.Producer.Produce(ctx, part); err != nil {
			return fmt.Errorf("part %d: %w", number, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("basic-message-splitter-service: %w", err)
	}
	m.SetMetadata(MetadataSplitCount, strconv.Itoa(number))
	return nil
}

// Streams implements component.Streamer: all depends on the splitter.
func (s *BasicSplit) Streams() bool { return component.Streams(s.Splitter) }

// Init implements component.Lifecycle.
func (s *BasicSplit) Init(ctx context.Context) error { return initAll(ctx, s.running()) }

// Start implements component.Lifecycle.
func (s *BasicSplit) Start(ctx context.Context) error { return startAll(ctx, s.running()) }

// Stop implements component.Lifecycle: the producer first, then what it produces to.
func (s *BasicSplit) Stop(ctx context.Context) error { return stopAll(ctx, s.running()) }

// running is what has a lifecycle, in the order of starting.
func (s *BasicSplit) running() []component.Component {
	return []component.Component{s.Connection, s.Producer}
}

func init() {
	component.Register[BasicSplit]("basic-message-splitter-service", "com.adaptris.core.services.splitter.BasicMessageSplitterService", component.KindService,
		"cuts the message into parts and gives each to a producer")
}
