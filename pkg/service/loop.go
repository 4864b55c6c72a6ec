package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// looping holds the fields of the two loops.
type looping struct {
	component.ServiceBase
	Condition component.Condition `xml:"condition,required" doc:"the loop goes on while it holds"`
	Then      *Then               `xml:"then,required" doc:"what runs in each round"`
	MaxLoops  int                 `xml:"max-loops" default:"10" doc:"how many rounds there are at most; 0 or less for any number"`
	OnMax     MaxLoopsBehaviour   `xml:"on-max-loops" default:"max-loops-no-behaviour" doc:"what happens after the last round that max-loops allows"`
}

// MaxLoopsBehaviour is what happens to a message whose loop has had all its rounds. It is safe for concurrent use.
type MaxLoopsBehaviour interface {
	// AtMax may stop the message; its error fails it.
	AtMax(m *message.Message, rounds int) error
}

// loop runs the service until the condition does not hold, the message is stopped or the rounds are over. first says whether the condition
// is asked before the first round.
func (l *looping) loop(ctx context.Context, m *message.Message, first bool) error {
	for rounds := 0; !m.Stopped(); {
		if rounds > 0 || first {
			holds, err := l.Condition.Evaluate(ctx, m)
			if err != nil {
				return fmt.Errorf("<condition> before round %d: %w", rounds+1, err)
			}
			if !holds {
				return nil
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted before round %d: %w", rounds+1, err)
		}
		if err := component.Apply(ctx, l.Then.Service, m); err != nil {
			return fmt.Errorf("round %d: %w", rounds+1, err)
		}
		rounds++
		if l.MaxLoops > 0 && rounds >= l.MaxLoops {
			return l.OnMax.AtMax(m, rounds)
		}
	}
	return nil
}

// Init implements component.Lifecycle.
func (l *looping) Init(ctx context.Context) error { return component.Init(ctx, l.Then.Service) }

// Start implements component.Lifecycle.
func (l *looping) Start(ctx context.Context) error { return component.Start(ctx, l.Then.Service) }

// Stop implements component.Lifecycle.
func (l *looping) Stop(ctx context.Context) error { return component.Stop(ctx, l.Then.Service) }

func (l *looping) contained() []component.Service { return []component.Service{l.Then.Service} }

// While runs a service as long as a condition holds, which is asked before each round. Interlok: While.
type While struct {
	looping
}

// Apply runs the loop.
func (w *While) Apply(ctx context.Context, m *message.Message) error {
	if err := w.loop(ctx, m, true); err != nil {
		return fmt.Errorf("while: %w", err)
	}
	return nil
}

// DoWhile runs a service once, and again as long as a condition holds. Interlok: DoWhile.
type DoWhile struct {
	looping
}

// Apply runs the loop.
func (w *DoWhile) Apply(ctx context.Context, m *message.Message) error {
	if err := w.loop(ctx, m, false); err != nil {
		return fmt.Errorf("do-while: %w", err)
	}
	return nil
}

// The behaviours of Interlok: OnMaxNoOp lets the message go on, OnMaxStopProcessing stops it, OnMaxThrowException fails it.
type (
	OnMaxNoOp           struct{}
	OnMaxStopProcessing struct{}
	OnMaxThrowException struct{}
)

// AtMax implements MaxLoopsBehaviour.
func (*OnMaxNoOp) AtMax(*message.Message, int) error { return nil }

// AtMax implements MaxLoopsBehaviour.
func (*OnMaxStopProcessing) AtMax(m *message.Message, _ int) error {
	m.StopProcessing()
	return nil
}

// errMaxLoops says that a loop had more rounds to go than it may.
var errMaxLoops = errors.New("the loop has had all the rounds that <max-loops> allows; raise it, or see why the condition still holds")

// AtMax implements MaxLoopsBehaviour.
func (*OnMaxThrowException) AtMax(_ *message.Message, rounds int) error {
	return fmt.Errorf("after round %d: %w", rounds, errMaxLoops)
}

func init() {
	const pkg = "com.adaptris.core.services.conditional."
	component.Register[While]("while", pkg+"While", component.KindService, "runs a service as long as a condition holds")
	component.Register[DoWhile]("do-while", pkg+"DoWhile", component.KindService, "runs a service once, and again as long as a condition holds")
	component.Register[OnMaxNoOp]("max-loops-no-behaviour", pkg+"OnMaxNoOp", component.KindPart, "the message goes on after the last round")
	component.Register[OnMaxStopProcessing]("max-loops-stop-processing", pkg+"OnMaxStopProcessing", component.KindPart, "the message is stopped after the last round")
	component.Register[OnMaxThrowException]("max-loops-throw-exception", pkg+"OnMaxThrowException", component.KindPart, "the message fails after the last round")
}
