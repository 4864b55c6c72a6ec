package service

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Retrying runs a service, and again if it fails. Interlok: RetryingServiceWrapper.
//
// It runs the service on the same message, as the failed run left it. It sees what fails while the service runs: a record that an
// asynchronous producer in it took has its own attempts, and if it is refused in the end the message fails. A message that is given back,
// because the workflow stops, is not tried again.
type Retrying struct {
	component.ServiceBase
	NumRetries          int                `xml:"num-retries" default:"10" min:"0" doc:"how often the service runs again at most; 0 for any number"`
	DelayBetweenRetries component.Interval `xml:"delay-between-retries" default:"10s" min:"0s" doc:"how long to wait before it runs again"`
	RestartOnFailure    bool               `xml:"restart-on-failure" default:"false" doc:"true stops the service and starts it again before it runs again"`
	Service             component.Service  `xml:"service" default:"null-service" doc:"the service that may fail"`

	inside restartable
}

// Check implements component.Checker.
func (w *Retrying) Check(*component.Report) {
	w.inside.parts = func() []component.Component { return []component.Component{w.Service} }
}

// Apply runs the service until it succeeds or has been tried often enough.
func (w *Retrying) Apply(ctx context.Context, m *message.Message) error {
	for retries := 0; ; retries++ {
		err := w.inside.run(ctx, func() error { return component.Apply(ctx, w.Service, m) })
		switch {
		case err == nil || givenBack(ctx, err):
			return err
		case w.NumRetries > 0 && retries == w.NumRetries:
			return fmt.Errorf("retrying-service-wrapper: still failing after %d retries: %w", retries, err)
		}
		log := component.Logger(ctx)
		log.Warn("service failed; it is tried again", zap.String("service", w.UniqueID), zap.String("message", m.ID()), zap.Int("retries", retries),
			zap.Duration("after", w.DelayBetweenRetries.Duration), zap.Error(err))
		if w.RestartOnFailure {
			if err := w.inside.restart(ctx, always); err != nil {
				log.Warn("service does not start again; that is tried anew with the next retry", zap.String("service", w.UniqueID), zap.Error(err))
			}
		}
		if waiting := pause(ctx, w.DelayBetweenRetries.Duration); waiting != nil {
			return fmt.Errorf("retrying-service-wrapper: %w; the service had failed: %w", waiting, err)
		}
	}
}

// Init implements component.Lifecycle.
func (w *Retrying) Init(ctx context.Context) error { return component.Init(ctx, w.Service) }

// Start implements component.Lifecycle.
func (w *Retrying) Start(ctx context.Context) error { return component.Start(ctx, w.Service) }

// Stop implements component.Lifecycle.
func (w *Retrying) Stop(ctx context.Context) error { return component.Stop(ctx, w.Service) }

func (w *Retrying) contained() []component.Service { return []component.Service{w.Service} }

func init() {
	component.Register[Retrying]("retrying-service-wrapper", "com.adaptris.core.services.RetryingServiceWrapper", component.KindService,
		"runs a service, and again when it fails")
}
