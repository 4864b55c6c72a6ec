package service

import (
	"context"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// StopProcessing ends a message's way: no service after it, at any depth, and no producer of the workflow sees it, and it counts as done,
// not as failed. Of a part of a split message, or a clone, only that part's way ends. Interlok: StopProcessingService.
type StopProcessing struct {
	component.ServiceBase
}

// Apply stops m.
func (s *StopProcessing) Apply(ctx context.Context, m *message.Message) error {
	m.StopProcessing()
	component.Logger(ctx).Debug("message stops here", zap.String("service", s.UniqueID), zap.String("message", m.ID()))
	return nil
}

func init() {
	component.Register[StopProcessing]("stop-processing-service", "com.adaptris.core.services.StopProcessingService", component.KindService,
		"ends the message's way without failing it: nothing after it sees the message")
}
