package component_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// scripted is a service that fails at once, later, or not.
type scripted struct {
	component.ServiceBase
	now, later error
	ran        int
	held       *message.Delivery
}

func (s *scripted) Apply(_ context.Context, m *message.Message) error {
	s.ran++
	if s.later != nil {
		s.held = m.Delivery()
		s.held.Hold()
	}
	return s.now
}

func TestApplyHonoursTheCommonFields(t *testing.T) {
	boom := errors.New("boom")
	back := fmt.Errorf("given back: %w", component.ErrStopped)
	for _, c := range []struct {
		name                  string
		service               scripted
		wantErr, wantOutcome  error
		wantRan               int
		enabled, continueFail bool
	}{
		{name: "plain", enabled: true, wantRan: 1},
		{name: "disabled", service: scripted{now: boom}, wantRan: 0},
		{name: "failing", enabled: true, service: scripted{now: boom}, wantErr: boom, wantRan: 1},
		{name: "failing later", enabled: true, service: scripted{later: boom}, wantOutcome: boom, wantRan: 1},
		{name: "failing, continue-on-fail", enabled: true, continueFail: true, service: scripted{now: boom}, wantRan: 1},
		{name: "failing later, continue-on-fail", enabled: true, continueFail: true, service: scripted{later: boom}, wantRan: 1},
		{name: "given back, continue-on-fail", enabled: true, continueFail: true, service: scripted{now: back}, wantErr: component.ErrStopped, wantOutcome: component.ErrStopped, wantRan: 1},
		{name: "given back later, continue-on-fail", enabled: true, continueFail: true, service: scripted{later: back}, wantOutcome: component.ErrStopped, wantRan: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.service
			s.Enabled, s.ContinueOnFail = c.enabled, c.continueFail
			done := 0
			var outcome error
			d := message.NewDelivery(func(err error) { done++; outcome = err })
			m := message.New(nil)
			m.SetDelivery(d)
			err := component.Apply(t.Context(), &s, m)
			if !errors.Is(err, c.wantErr) {
				t.Errorf("error %v, want %v", err, c.wantErr)
			}
			if m.Delivery() != d {
				t.Error("the message has another delivery than before")
			}
			d.Release(nil)
			if s.held != nil {
				s.held.Release(s.later)
			}
			if done != 1 || !errors.Is(outcome, c.wantOutcome) || s.ran != c.wantRan {
				t.Errorf("done %d times with %v after %d runs, want once with %v after %d", done, outcome, s.ran, c.wantOutcome, c.wantRan)
			}
		})
	}
}
