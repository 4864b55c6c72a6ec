package component

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/message"
)

// Apply runs a service on a message the way its common fields ask: a disabled one not at all, and with continue-on-fail a failure is
// logged and forgotten, also one that becomes known only later because a record was refused.
func Apply(ctx context.Context, s Service, m *message.Message) error {
	base := s.Base()
	if !base.Enabled {
		return nil
	}
	if !base.ContinueOnFail {
		if err := s.Apply(ctx, m); err != nil {
			return named(base, err)
		}
		return nil
	}
	forget := func(err error) error {
		Logger(ctx).Warn("service failed; going on because continue-on-fail is set",
			zap.String("service", base.UniqueID), zap.String("message", m.ID()), zap.Error(err))
		return nil
	}
	outer := m.Delivery()
	inner := outer.Child(forget)
	m.SetDelivery(inner)
	err := s.Apply(ctx, m)
	m.SetDelivery(outer)
	inner.Release(err)
	return nil
}

func named(base *ServiceBase, err error) error {
	if base.UniqueID == "" {
		return err
	}
	return fmt.Errorf("service %s: %w", base.UniqueID, err)
}
