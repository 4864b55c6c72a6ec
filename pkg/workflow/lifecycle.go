package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

const (
	// flushAgain is how often a stopping workflow flushes while outcomes are missing: error handlers put records too, at any time.
	flushAgain = 100 * time.Millisecond
	// abortGrace is how long a workflow that ran out of time waits for services that were told to end, so that their messages can be
	// given back.
	abortGrace = 2 * time.Second
)

// parts are what the workflow consists of, in the order of starting: from where messages go to where they come from.
func (w *base) parts() []component.Component {
	return []component.Component{w.ErrorHandler, w.Producer, w.Services, w.Consumer}
}

// Init implements component.Lifecycle.
func (w *base) Init(ctx context.Context) error {
	ctx = w.named(ctx)
	for _, c := range w.parts() {
		if err := component.Init(ctx, c); err != nil {
			return w.wrap(err)
		}
	}
	return nil
}

// Start implements component.Lifecycle.
func (w *base) Start(ctx context.Context) error {
	ctx = w.named(ctx)
	w.mu.Lock()
	if w.shift == nil {
		w.shift = newShift(ctx)
		w.shift.journeys = w.journeys(ctx)
	}
	w.mu.Unlock()
	for _, c := range w.parts() {
		if err := component.Start(ctx, c); err != nil {
			return w.wrap(err)
		}
	}
	return nil
}

// Stop implements component.Lifecycle. New messages are given back from its first moment on, and so are those that wait for their turn;
// those in the services run to their end; then the connections are flushed, so that the outcomes that the consumer waits for come in.
// When ctx ends first, services are told to end, and what has no outcome by then is left to whoever stops the connections.
func (w *base) Stop(ctx context.Context) error {
	ctx = w.named(ctx)
	w.mu.Lock()
	s := w.shift
	w.shift = nil
	w.mu.Unlock()
	var errs []error
	if s != nil {
		s.beginToStop()
		defer s.abort()
		drained := make(chan error, 1)
		go func() { drained <- w.drain(ctx, s) }()
		errs = append(errs, component.Stop(ctx, w.Consumer), <-drained)
	} else {
		errs = append(errs, component.Stop(ctx, w.Consumer))
	}
	for _, c := range []component.Component{w.Services, w.Producer, w.ErrorHandler} {
		errs = append(errs, component.Stop(ctx, c))
	}
	if s != nil {
		w.tellStatistics(ctx)
	}
	return w.wrap(errors.Join(errs...))
}

// drain brings what is under way to its end.
func (w *base) drain(ctx context.Context, s *shift) error {
	select {
	case <-s.ways.none():
	case <-ctx.Done():
		return w.runOut(ctx, s)
	}
	again := time.NewTimer(0)
	defer again.Stop()
	for s.open.value() > 0 {
		if w.around.Flush != nil {
			if err := w.around.Flush(ctx); err != nil && ctx.Err() == nil {
				component.Logger(ctx).Warn("a connection can not be flushed; what it buffers is sent when its time has come", zap.Error(err))
			}
		}
		again.Reset(flushAgain)
		select {
		case <-s.open.none():
		case <-again.C:
		case <-ctx.Done():
			return w.runOut(ctx, s)
		}
	}
	return w.settled(ctx)
}

// settled waits for the goroutines that brought the last messages to their error handlers.
func (w *base) settled(ctx context.Context) error {
	select {
	case <-w.failures.none():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("an error handler still runs: %w", context.Cause(ctx))
	}
}

// runOut ends what still runs when there is no time left.
func (w *base) runOut(ctx context.Context, s *shift) error {
	s.abort()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortGrace)
	defer cancel()
	select {
	case <-s.ways.none():
	case <-grace.Done():
	}
	err := w.settled(grace)
	if n := s.ways.value(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d messages are still in services or the producer, which did not end when told to", n))
	}
	if n := s.open.value(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%d messages have no outcome yet: %w", n, context.Cause(ctx)))
	}
	return err
}
