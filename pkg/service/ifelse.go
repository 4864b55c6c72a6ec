package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// IfElse runs one service or another, by a condition. Interlok: IfElse.
type IfElse struct {
	component.ServiceBase
	Condition component.Condition `xml:"condition,required" doc:"what decides"`
	Then      *Then               `xml:"then,required" doc:"what runs when the condition holds"`
	Otherwise *Else               `xml:"otherwise" doc:"what runs when it does not; without it nothing does"`
}

// Then holds the service of a condition that holds. Interlok: ThenService.
type Then struct {
	Service component.Service `xml:"service" default:"service-list" doc:"the service, often a service-list"`
}

// Else holds the service of a condition that does not hold. Interlok: ElseService.
type Else struct {
	Service component.Service `xml:"service" default:"service-list" doc:"the service, often a service-list"`
}

// Apply asks the condition and runs the service.
func (s *IfElse) Apply(ctx context.Context, m *message.Message) error {
	holds, err := s.Condition.Evaluate(ctx, m)
	switch {
	case err != nil:
		return fmt.Errorf("if-then-otherwise: <condition>: %w", err)
	case holds:
		return component.Apply(ctx, s.Then.Service, m)
	case s.Otherwise != nil:
		return component.Apply(ctx, s.Otherwise.Service, m)
	}
	return nil
}

// Init implements component.Lifecycle.
func (s *IfElse) Init(ctx context.Context) error { return initAll(ctx, s.contained()) }

// Start implements component.Lifecycle.
func (s *IfElse) Start(ctx context.Context) error { return startAll(ctx, s.contained()) }

// Stop implements component.Lifecycle.
func (s *IfElse) Stop(ctx context.Context) error { return stopAll(ctx, s.contained()) }

func (s *IfElse) contained() []component.Service {
	all := []component.Service{s.Then.Service}
	if s.Otherwise != nil {
		all = append(all, s.Otherwise.Service)
	}
	return all
}

func init() {
	component.Register[IfElse]("if-then-otherwise", "com.adaptris.core.services.conditional.IfElse", component.KindService,
		"runs one service or another, by a condition")
	component.Register[Then]("then", "com.adaptris.core.services.conditional.ThenService", component.KindPart, "what runs when a condition holds")
	component.Register[Else]("else", "com.adaptris.core.services.conditional.ElseService", component.KindPart, "what runs when a condition does not hold")
}
