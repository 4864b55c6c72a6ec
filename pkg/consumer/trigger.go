package consumer

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Trigger is Interlok's PollingTrigger: each poll makes a message.
type Trigger struct {
	polling
	Provider messageProvider `xml:"message-provider" doc:"what the messages hold; empty ones by default"`
}

// messageProvider makes the messages of a polling trigger.
type messageProvider interface {
	provide(ctx context.Context) (*message.Message, error)
}

// StaticTemplate is Interlok's StaticPollingTemplate.
type StaticTemplate struct {
	Text string `xml:"template" doc:"the payload of every message"`
}

func (t *StaticTemplate) provide(context.Context) (*message.Message, error) {
	return message.New([]byte(t.Text)), nil
}

// DynamicTemplate is Interlok's DynamicPollingTemplate: each poll asks a template provider. Interlok's providers are services of scripting
// and database modules; here any service is one: it gets an empty message, and what it makes of it is the message.
type DynamicTemplate struct {
	Provider component.Service `xml:"template,required" doc:"the service that fills an empty message at each poll"`
}

func (t *DynamicTemplate) provide(ctx context.Context) (m *message.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("the service panicked: %v", p)
		}
	}()
	m = message.New(nil)
	if err := component.Apply(ctx, t.Provider, m); err != nil {
		return nil, err
	}
	return m, nil
}

// Init implements component.Lifecycle.
func (t *DynamicTemplate) Init(ctx context.Context) error { return component.Init(ctx, t.Provider) }

// Start implements component.Lifecycle.
func (t *DynamicTemplate) Start(ctx context.Context) error { return component.Start(ctx, t.Provider) }

// Stop implements component.Lifecycle.
func (t *DynamicTemplate) Stop(ctx context.Context) error { return component.Stop(ctx, t.Provider) }

// Check implements component.Checker.
func (t *Trigger) Check(r *component.Report) {
	t.whole = true
	if _, ok := t.Poller.(*EventPoller); ok {
		r.Errorf("poller", "misplaced", "is fs-immediate-event-poller, which only consumers of files can have; use one such as fixed-interval-poller")
	}
}

// Init implements component.Lifecycle.
func (t *Trigger) Init(ctx context.Context) error {
	if t.Provider == nil {
		t.Provider = new(StaticTemplate)
	}
	return component.Init(ctx, t.Provider)
}

// Start implements component.Lifecycle.
func (t *Trigger) Start(ctx context.Context) error {
	if err := component.Start(ctx, t.Provider); err != nil {
		return fmt.Errorf("message-provider: %w", err)
	}
	log := component.Logger(ctx)
	return t.start(ctx, func(ctx context.Context, _ int) bool {
		m, err := t.Provider.provide(ctx)
		if err != nil {
			log.Error("polling-trigger made no message: its message-provider failed; the next poll tries again", zap.Error(err))
			return true
		}
		id := m.ID()
		t.offer(ctx, m, func(err error) {
			if err != nil {
				log.Debug("message of a polling-trigger failed; the next poll makes a new one", zap.String("message", id), zap.Error(err))
			}
		})
		return true
	})
}

// Stop implements component.Lifecycle.
func (t *Trigger) Stop(ctx context.Context) error {
	return errors.Join(t.polling.Stop(ctx), component.Stop(ctx, t.Provider))
}

func init() {
	component.Register[Trigger]("polling-trigger", "com.adaptris.core.PollingTrigger", component.KindConsumer, "makes a message at each poll")
	component.Register[StaticTemplate]("static-polling-trigger-template", "com.adaptris.core.StaticPollingTemplate", component.KindPart,
		"gives every message of a polling-trigger the same payload")
	component.Register[DynamicTemplate]("dynamic-polling-trigger-template", "com.adaptris.core.DynamicPollingTemplate", component.KindPart,
		"lets a service make each message of a polling-trigger")
}
