package service

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Stateless runs a service and starts it again from time to time, as its strategy says. Interlok: StatelessServiceWrapper. When the service
// does not start again, messages fail until it does; each tries.
type Stateless struct {
	component.ServiceBase
	Service  component.Service `xml:"service,required" doc:"the service"`
	Strategy RestartStrategy   `xml:"restart-strategy" default:"always-restart-strategy" doc:"when it is started again"`

	inside restartable
}

// RestartStrategy says when a service is started again. It is safe for concurrent use.
type RestartStrategy interface {
	// Due says whether the service is to be started again before the next message.
	Due() bool
	// Restarted says that it has been.
	Restarted()
	// Processed says that a message has been through.
	Processed()
}

// Check implements component.Checker.
func (w *Stateless) Check(*component.Report) {
	w.inside.parts = func() []component.Component { return []component.Component{w.Service} }
	w.inside.restarted = func() { w.Strategy.Restarted() }
}

// Apply starts the service again if that is due, and runs it.
func (w *Stateless) Apply(ctx context.Context, m *message.Message) error {
	if w.Strategy.Due() {
		if err := w.inside.restart(ctx, w.Strategy.Due); err != nil { // asked again: another message may have been quicker
			return fmt.Errorf("stateless-service-wrapper: %w", err)
		}
	}
	if err := w.inside.run(ctx, func() error { return component.Apply(ctx, w.Service, m) }); err != nil {
		return err
	}
	w.Strategy.Processed()
	return nil
}

// Init implements component.Lifecycle.
func (w *Stateless) Init(ctx context.Context) error { return component.Init(ctx, w.Service) }

// Start implements component.Lifecycle.
func (w *Stateless) Start(ctx context.Context) error { return component.Start(ctx, w.Service) }

// Stop implements component.Lifecycle.
func (w *Stateless) Stop(ctx context.Context) error { return component.Stop(ctx, w.Service) }

func (w *Stateless) contained() []component.Service { return []component.Service{w.Service} }

// AlwaysRestart is due before every message. Interlok: AlwaysRestartStrategy.
type AlwaysRestart struct{}

// Due implements RestartStrategy.
func (*AlwaysRestart) Due() bool { return true }

// Restarted implements RestartStrategy.
func (*AlwaysRestart) Restarted() {}

// Processed implements RestartStrategy.
func (*AlwaysRestart) Processed() {}

// CountRestart is due after a number of messages. Interlok: MessageCountRestartStrategy.
type CountRestart struct {
	MaxMessagesCount int `xml:"max-messages-count" default:"50" min:"1" doc:"after how many messages"`

	// mu guards count.
	mu    sync.Mutex
	count int
}

// Due implements RestartStrategy.
func (s *CountRestart) Due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count >= s.MaxMessagesCount
}

// Restarted implements RestartStrategy.
func (s *CountRestart) Restarted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count = 0
}

// Processed implements RestartStrategy.
func (s *CountRestart) Processed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
}

// InactivityRestart is due when no message has been through for a while. Interlok: TimedInactivityRestartStrategy.
type InactivityRestart struct {
	InactivityPeriod component.Interval `xml:"inactivity-period" default:"2m" min:"0s" doc:"after how long"`

	// mu guards last.
	mu   sync.Mutex
	last time.Time
}

// Due implements RestartStrategy. Before the first message nothing has been idle.
func (s *InactivityRestart) Due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.last.IsZero() && time.Since(s.last) > s.InactivityPeriod.Duration
}

// Restarted implements RestartStrategy.
func (s *InactivityRestart) Restarted() { s.Processed() }

// Processed implements RestartStrategy.
func (s *InactivityRestart) Processed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = time.Now()
}

func init() {
	const pkg = "com.adaptris.core.services."
	component.Register[Stateless]("stateless-service-wrapper", pkg+"StatelessServiceWrapper", component.KindService, "runs a service and starts it again from time to time")
	component.Register[AlwaysRestart]("always-restart-strategy", pkg+"AlwaysRestartStrategy", component.KindPart, "before every message")
	component.Register[CountRestart]("message-count-restart-strategy", pkg+"MessageCountRestartStrategy", component.KindPart, "after a number of messages")
	component.Register[InactivityRestart]("timed-inactivity-restart-strategy", pkg+"TimedInactivityRestartStrategy", component.KindPart, "after a time without messages")
}
