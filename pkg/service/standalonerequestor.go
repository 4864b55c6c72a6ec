package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// requester is a producer that gets an answer.
type requester interface {
	// Request sends m, and reads the answer into it.
	Request(ctx context.Context, m *message.Message) error
}

// StandaloneRequestor sends a message to a producer that gets an answer, and goes on with the answer. Interlok: StandaloneRequestor.
type StandaloneRequestor struct {
	StandaloneProducer
	ReplyTimeout component.Interval `xml:"reply-timeout" min:"1ms" doc:"how long to wait for the answer; as long as the producer does by default"`
}

// Check refuses a producer that gets no answer.
func (s *StandaloneRequestor) Check(r *component.Report) {
	if s.Producer == nil {
		return
	}
	if _, ok := s.Producer.(requester); !ok {
		r.Errorf("producer", "misplaced", "is %s, which gets no answer; use standalone-producer, or one that does, such as standard-http-producer", component.AliasOf(s.Producer))
	}
}

// Apply sends m.
func (s *StandaloneRequestor) Apply(ctx context.Context, m *message.Message) error {
	if s.ReplyTimeout.Set {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.ReplyTimeout.Duration, fmt.Errorf("no answer came within the <reply-timeout> of %s", s.ReplyTimeout.Duration))
		defer cancel()
	}
	if err := s.Producer.(requester).Request(ctx, m); err != nil {
		return fmt.Errorf("standalone-requestor: %w", err)
	}
	return nil
}

func init() {
	component.Register[StandaloneRequestor]("standalone-requestor", "com.adaptris.core.StandaloneRequestor", component.KindService,
		"sends the message to a producer of its own that gets an answer, and goes on with the answer")
}
