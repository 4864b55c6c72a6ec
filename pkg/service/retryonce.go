package service

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// RetryOnce is a StandaloneProducer that, when its producer fails, waits, starts its connection and producer again, and produces once
// more. Interlok: RetryOnceStandaloneProducer. A connection that it shares with others is not restarted. A record that an asynchronous
// producer took has its own attempts, and is not put again here.
type RetryOnce struct {
	StandaloneProducer
	WaitBeforeRetry component.Interval `xml:"wait-before-retry" default:"30s" min:"0s" doc:"how long to wait before the second time"`

	inside restartable
}

// Check implements component.Checker.
func (s *RetryOnce) Check(*component.Report) { s.inside.parts = s.parts }

// Apply produces m, twice if need be.
func (s *RetryOnce) Apply(ctx context.Context, m *message.Message) error {
	produce := func() error { return s.Producer.Produce(ctx, m) }
	first := s.inside.run(ctx, produce)
	if first == nil {
		return nil
	}
	if givenBack(ctx, first) {
		return fmt.Errorf("retry-once-standalone-producer: %w", first)
	}
	component.Logger(ctx).Warn("producing failed; it is tried once more", append(component.ErrorFields(first), zap.String("service", s.UniqueID), zap.String("message", m.ID()),
		zap.Duration("after", s.WaitBeforeRetry.Duration))...)
	if err := pause(ctx, s.WaitBeforeRetry.Duration); err != nil {
		return fmt.Errorf("retry-once-standalone-producer: %w; producing had failed: %w", err, first)
	}
	if err := s.inside.restart(ctx, always); err != nil {
		return fmt.Errorf("retry-once-standalone-producer: %w; producing had failed: %w", err, first)
	}
	if err := s.inside.run(ctx, produce); err != nil {
		return fmt.Errorf("retry-once-standalone-producer: failed twice: %w", err)
	}
	return nil
}

func init() {
	component.Register[RetryOnce]("retry-once-standalone-producer", "com.adaptris.core.RetryOnceStandaloneProducer", component.KindService,
		"sends the message to a producer of its own, and once more when that fails")
}
