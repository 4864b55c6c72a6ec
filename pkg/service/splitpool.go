package service

import (
	"context"
	"fmt"
	"strconv"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// PoolSplit is a SplitMessage whose parts are worked on side by side, in any order. When a part fails all others go through all the same,
// and then the message fails, unless failures are ignored. Interlok: PoolingMessageSplitterService. Apply returns when all parts are
// through.
type PoolSplit struct {
	SplitMessage
	MaxThreads int `xml:"max-threads" default:"10" min:"1" max:"10000" doc:"how many parts are worked on side by side at most, of all messages together"`

	WarmStart     bool `xml:"warm-start" default:"false" effect:"none" doc:"accepted for compatibility: the service runs side by side without copies to start"`
	WaitWhileBusy bool `xml:"wait-while-busy" default:"false" effect:"none" doc:"accepted for compatibility: parts are cut only when there is room for them"`

	pool *pool
}

// Check implements component.Checker.
func (s *PoolSplit) Check(*component.Report) { s.pool = newPool(max(s.MaxThreads, 1)) }

// Apply splits m and runs the service on its parts.
func (s *PoolSplit) Apply(ctx context.Context, m *message.Message) error {
	work := s.pool.begin()
	parts := 0
	err := s.Splitter.Split(m, func(part *message.Message) error {
		parts++
		number := parts
		part.SetPart(number)
		return work.do(ctx, number, func() error {
			if s.IgnoreSplitMessageFailures {
				return s.applyIgnoring(ctx, part, number)
			}
			return component.Apply(ctx, s.Service, part)
		})
	})
	failures, returned := work.wait()
	switch {
	case returned != nil:
		err = returned
	case err == nil:
		err = firstFailure(failures)
	}
	if err != nil {
		return fmt.Errorf("pooling-message-splitter-service: %w", err)
	}
	m.SetMetadata(MetadataSplitCount, strconv.Itoa(parts))
	return nil
}

func init() {
	component.Register[PoolSplit]("pooling-message-splitter-service", "com.adaptris.core.services.splitter.PoolingMessageSplitterService",
		component.KindService, "cuts the message into parts and runs a service on them side by side")
}
