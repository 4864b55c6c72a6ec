package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Switch runs the service of the first case whose condition holds; without one the message goes on. Interlok: Switch.
type Switch struct {
	component.ServiceBase
	Cases []*Case `xml:"case,implicit" doc:"the cases, in the order in which they are asked"`
}

// Case is a case of a switch. Interlok: Case.
type Case struct {
	Condition component.Condition `xml:"condition,required" doc:"what must hold; case-default always does"`
	Service   component.Service   `xml:"service" default:"service-list" doc:"what runs then, often a service-list"`
}

// Check warns of cases that can never be reached.
func (s *Switch) Check(r *component.Report) {
	for i, c := range s.Cases {
		if _, always := c.Condition.(*CaseDefault); always && i < len(s.Cases)-1 {
			r.Warnf("case", "unreachable", "with case-default stands before others, which are never asked; put it last")
			return
		}
	}
}

// Apply runs the service of the first case that holds.
func (s *Switch) Apply(ctx context.Context, m *message.Message) error {
	for i, c := range s.Cases {
		holds, err := c.Condition.Evaluate(ctx, m)
		if err != nil {
			return fmt.Errorf("switch: <condition> of case %d: %w", i+1, err)
		}
		if holds {
			return component.Apply(ctx, c.Service, m)
		}
	}
	return nil
}

// Init implements component.Lifecycle.
func (s *Switch) Init(ctx context.Context) error { return initAll(ctx, s.contained()) }

// Start implements component.Lifecycle.
func (s *Switch) Start(ctx context.Context) error { return startAll(ctx, s.contained()) }

// Stop implements component.Lifecycle.
func (s *Switch) Stop(ctx context.Context) error { return stopAll(ctx, s.contained()) }

func (s *Switch) contained() []component.Service {
	all := make([]component.Service, len(s.Cases))
	for i, c := range s.Cases {
		all[i] = c.Service
	}
	return all
}

// CaseDefault always holds: the last case of a switch. Interlok: CaseDefault.
type CaseDefault struct{}

// Evaluate implements component.Condition.
func (*CaseDefault) Evaluate(context.Context, *message.Message) (bool, error) { return true, nil }

func init() {
	component.Register[Switch]("switch", "com.adaptris.core.services.conditional.Switch", component.KindService, "runs the service of the first case that holds")
	component.Register[Case]("case", "com.adaptris.core.services.conditional.Case", component.KindPart, "a condition and what runs when it holds")
	component.Register[CaseDefault]("case-default", "com.adaptris.core.services.conditional.conditions.CaseDefault", component.KindCondition,
		"always holds, for the last case of a switch")
}
