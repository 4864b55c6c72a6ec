package service

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Wait holds a message up for a while. A workflow that stops does not wait: the message is given back to its source, rather than sent on
// before its time. Interlok: WaitService.
type Wait struct {
	component.ServiceBase
	WaitInterval component.Interval `xml:"wait-interval" default:"20s" min:"0s" doc:"how long to wait"`
	Randomize    bool               `xml:"randomize" default:"false" doc:"true waits a random time, up to the interval"`

	ExceptionOnInterrupt bool `xml:"exception-on-interrupt" default:"false" effect:"none" doc:"accepted for compatibility: a wait that is interrupted gives the message back"`
}

// Apply waits.
func (s *Wait) Apply(ctx context.Context, _ *message.Message) error {
	d := s.WaitInterval.Duration
	if s.Randomize && d > 0 {
		d = rand.N(d)
	}
	if err := pause(ctx, d); err != nil {
		return fmt.Errorf("wait-service: %w", err)
	}
	return nil
}

// pause waits for d, or fails when ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("interrupted before a wait of %v: %w", d, err)
	}
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("interrupted during a wait of %v: %w", d, ctx.Err())
	}
}

func init() {
	component.Register[Wait]("wait-service", "com.adaptris.core.services.WaitService", component.KindService, "holds the message up for a while")
}
