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
// workflow stops, is no failure of a service and never forgotten: its source would take it for delivered. No service runs on a message
// that has been stopped (message.StopProcessing).
func Apply(ctx context.Context, s Service, m *message.Message) error {
	base := s.Base()
	if base.instead != nil {
		return base.instead(ctx, m)
	}
	return apply(ctx, s, base, m)
}

// Observe lets instead run in place of s, wherever Apply is asked to apply it. ApplyObserved applies it after all. It is for those who explain
// what services do to a message, and may only be used on a document that does not run.
func Observe(s Service, instead func(context.Context, *message.Message) error) {
	s.Base().instead = instead
}

// ApplyObserved is Apply for who is called in place of s.
func ApplyObserved(ctx context.Context, s Service, m *message.Message) error {
	return apply(ctx, s, s.Base(), m)
}

func apply(ctx context.Context, s Service, base *ServiceBase, m *message.Message) error {
	if !base.Enabled || m.Stopped() {
		return nil
	}
	if !base.ContinueOnFail {
		if err := run(ctx, s, m); err != nil {
			return named(base, err)
		}
		return nil
	}
	id := m.ID()
	forget := func(err error) error {
		if givenBack(ctx, err) {
			return err
		}
		Logger(ctx).Warn("service failed; going on because continue-on-fail is set", append(ErrorFields(err), zap.String("service", base.UniqueID), zap.String("message", id))...)
		return nil
	}
	outer := m.Delivery()
	inner := outer.Child(forget)
	m.SetDelivery(inner)
	err := run(ctx, s, m)
	m.SetDelivery(outer)
	inner.Release(err)
	if givenBack(ctx, err) {
		return named(base, err)
	}
	return nil
}

func run(ctx context.Context, s Service, m *message.Message) error {
	if err := Load(s, m); err != nil {
		return err
	}
	return s.Apply(ctx, m)
}

// givenBack says that a message did not fail, but could not be brought to its end because the workflow stops.
func givenBack(ctx context.Context, err error) bool {
	return errors.Is(err, ErrStopped) || ctx.Err() != nil && errors.Is(err, context.Canceled)
}

func named(base *ServiceBase, err error) error {
	if base.UniqueID == "" {
		return err
	}
	return fmt.Errorf("service %s: %w", base.UniqueID, err)
}
