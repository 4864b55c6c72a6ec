package component

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/message"
)

// Apply runs a service on a message the way its common fields ask: a disabled one not at all, and with continue-on-fail a failure is
// logged and forgotten, also one that becomes known only later because a record was refused. That a message was given back, because the
// workflow stops, is no failure of a service and never forgotten: its source would take it for delivered.
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
	id := m.ID()
	forget := func(err error) error {
		if givenBack(err) {
			return err
		}
		Logger(ctx).Warn("service failed; going on because continue-on-fail is set", zap.String("service", base.UniqueID), zap.String("message", id), zap.Error(err))
		return nil
	}
	outer := m.Delivery()
	inner := outer.Child(forget)
	m.SetDelivery(inner)
	err := s.Apply(ctx, m)
	m.SetDelivery(outer)
	inner.Release(err)
	if givenBack(err) {
		return named(base, err)
	}
	return nil
}

func givenBack(err error) bool {
	return errors.Is(err, ErrStopped) || errors.Is(err, context.Canceled)
}

func named(base *ServiceBase, err error) error {
	if base.UniqueID == "" {
		return err
	}
	return fmt.Errorf("service %s: %w", base.UniqueID, err)
}
