package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestPartsStartFromWhereMessagesGoAndStopFromWhereTheyComeFrom(t *testing.T) {
	for _, c := range []struct {
		alias, more string
		want        []string
	}{
		{"standard-workflow", standardHandler, []string{
			"init handler", "init sink", "init service", "init source", "start handler", "start sink", "start service", "start source",
			"stop source", "stop service", "stop sink", "stop handler"}},
		{"multi-producer-workflow", `<standalone-producers><standalone-producer><producer class="test-sink"><name>second</name></producer></standalone-producer></standalone-producers>`, []string{
			"init second", "init sink", "init service", "init source", "start second", "start sink", "start service", "start source",
			"stop source", "stop service", "stop sink", "stop second"}},
		{"pooling-workflow", "", []string{"init sink", "init service", "init source", "start sink", "start service", "start source", "stop source", "stop service", "stop sink"}},
	} {
		t.Run(c.alias, func(t *testing.T) {
			w, p := build[Workflow](t, strings.ReplaceAll(simpleWith(c.more), "standard-workflow", c.alias), Surroundings{})
			start(t, w)
			stop(t, w)
			if diff := cmp.Diff(c.want, p.diary.all()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			stop(t, w)
			start(t, w)
			if err := p.source.offer("x").outcome(t); err != nil {
				t.Errorf("after a restart: %v", err)
			}
			stop(t, w)
		})
	}
}

func TestStartThatFailsCanBeStopped(t *testing.T) {
	for _, part := range []string{"sink", "service", "source"} {
		for _, phase := range []string{"init", "start"} {
			t.Run(part+" "+phase, func(t *testing.T) {
				w, p := build[*Standard](t, simpleWith(""), Surroundings{})
				switch part {
				case "sink":
					p.sinks["sink"].fail = phase
				case "service":
					p.probes["service"].fail = phase
				case "source":
					p.source.fail = phase
				}
				err := w.Init(t.Context())
				if phase == "start" {
					if err != nil {
						t.Fatal(err)
					}
					err = w.Start(t.Context())
				}
				if err == nil || !strings.Contains(err.Error(), "workflow w") || !strings.Contains(err.Error(), part+" can not "+phase) {
					t.Errorf("error: %v", err)
				}
				stop(t, w)
				stop(t, w)
				if err := p.source.offer("x").outcome(t); !errors.Is(err, component.ErrStopped) {
					t.Errorf("outcome: %v", err)
				}
			})
		}
	}
}

func TestStopTellsEveryError(t *testing.T) {
	w, p := build[*Standard](t, simpleWith(""), Surroundings{})
	start(t, w)
	p.sinks["sink"].fail, p.probes["service"].fail = "stop", "stop"
	err := w.Stop(t.Context())
	if err == nil || !strings.Contains(err.Error(), "sink can not stop") || !strings.Contains(err.Error(), "service can not stop") {
		t.Errorf("error: %v", err)
	}
}

func TestStopWaitsForWhatIsUnderWayAndGivesBackWhatWaits(t *testing.T) {
	for _, alias := range []string{"standard-workflow", "pooling-workflow"} {
		t.Run(alias, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				more := map[string]string{"pooling-workflow": "<pool-size>1</pool-size>"}[alias]
				w, p := build[Workflow](t, strings.ReplaceAll(simpleWith(more), "standard-workflow", alias), Surroundings{})
				start(t, w)
				p.probes["service"].apply = func(context.Context, *message.Message) error {
					time.Sleep(5 * time.Second)
					return nil
				}
				active := p.source.offerAside("active")
				synctest.Wait()
				var waiting []*offered
				for i := range 3 {
					waiting = append(waiting, p.source.offerAside(fmt.Sprint(i)))
				}
				synctest.Wait()
				began := time.Now()
				stopped := make(chan struct{})
				go func() {
					defer close(stopped)
					stop(t, w)
				}()
				synctest.Wait()
				for _, o := range append(waiting, active) {
					if o.over() != (o != active) {
						t.Errorf("message %s over: %v", o.m.Payload(), o.over())
					}
				}
				<-stopped
				if took := time.Since(began); took != 5*time.Second {
					t.Errorf("the stop took %v", took)
				}
				if err := active.outcome(t); err != nil {
					t.Errorf("what was under way: %v", err)
				}
				for _, o := range waiting {
					if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
						t.Errorf("what waited: %v", err)
					}
				}
				if diff := cmp.Diff(Counts{Consumed: 4, Delivered: 1, GivenBack: 3}, w.Counts()); diff != "" {
					t.Errorf("counts (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestStopFlushesWhatIsBuffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l later
		flushes := 0
		w, p := build[*Standard](t, simpleWith(""), Surroundings{Flush: func(context.Context) error {
			flushes++
			l.end(-1, nil)
			return nil
		}})
		start(t, w)
		p.sinks["sink"].produce = l.produce
		a, b := p.source.offer("a"), p.source.offer("b")
		stop(t, w)
		if a.outcome(t) != nil || b.outcome(t) != nil || flushes != 1 {
			t.Errorf("%d flushes", flushes)
		}
	})
}

// The records of error handlers are buffered too, and may be put at any moment of the stop.
func TestStopFlushesWhatErrorHandlersPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l, bad later
		more := `<message-error-handler class="retry-message-error-handler"><processing-exception-service class="standalone-producer">
			<producer class="test-sink"><name>bad</name></producer></processing-exception-service></message-error-handler>`
		w, p := build[*Standard](t, simpleWith(more), Surroundings{Flush: func(context.Context) error {
			l.end(-1, errTest)
			bad.end(-1, nil)
			return nil
		}})
		start(t, w)
		p.sinks["sink"].produce, p.sinks["bad"].produce = l.produce, bad.produce
		o := p.source.offer("a")
		began := time.Now()
		stop(t, w)
		if err := o.outcome(t); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the stop took %v", took)
		}
	})
}

func TestStopOutOfTimeEndsServicesAndGivesTheirMessagesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(standardHandler), Surroundings{})
		start(t, w)
		p.probes["service"].apply = func(ctx context.Context, m *message.Message) error {
			<-ctx.Done() // a service that waits for something that never comes
			return fmt.Errorf("interrupted: %w", ctx.Err())
		}
		active, waiting := p.source.offerAside("a"), p.source.offerAside("b")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		err := w.Stop(ctx)
		if err == nil {
			t.Error("no error")
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("the stop took %v", took)
		}
		for _, o := range []*offered{active, waiting} {
			if !o.over() {
				t.Fatal("a message has no outcome after the stop")
			}
			if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
				t.Errorf("outcome: %v", err)
			}
		}
		if n := w.Counts(); n.GivenBack != 2 || n.InFlight != 0 {
			t.Errorf("counts: %+v", n)
		}
	})
}

func TestStopOutOfTimeEndsErrorHandlersToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(standardHandler), Surroundings{})
		start(t, w)
		p.probes["service"].apply = fails
		p.probes["handler"].apply = func(ctx context.Context, _ *message.Message) error {
			<-ctx.Done()
			return ctx.Err()
		}
		o := p.source.offer("a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.Stop(ctx); err == nil {
			t.Error("no error")
		}
		if !o.over() {
			t.Fatal("the message has no outcome after the stop")
		}
		if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
			t.Errorf("outcome: %v", err)
		}
	})
}

func TestPoolingStopsAfterItsShutdownWaitTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		xml := strings.ReplaceAll(simpleWith("<shutdown-wait-time><unit>SECONDS</unit><interval>7</interval></shutdown-wait-time>"), "standard-workflow", "pooling-workflow")
		w, p := build[*Pooling](t, xml, Surroundings{})
		start(t, w)
		p.probes["service"].apply = func(ctx context.Context, m *message.Message) error {
			<-ctx.Done()
			return ctx.Err()
		}
		o := p.source.offer("a")
		synctest.Wait()
		began := time.Now()
		err := w.Stop(t.Context())
		if err == nil || time.Since(began) != 7*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
			t.Errorf("outcome: %v", err)
		}
	})
}

// A service may ignore that its time is over, and an outcome may come after the stop, and after the next start.
func TestStragglersOfAStopThatRanOutOfTimeDisturbNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(""), Surroundings{})
		start(t, w)
		let := make(chan struct{})
		p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
			if string(m.Payload()) == "stubborn" {
				<-let
			}
			return nil
		}
		var l later
		p.sinks["sink"].produce = l.produce
		unknown := p.source.offer("without outcome")
		stubborn := p.source.offerAside("stubborn")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := w.Stop(ctx)
		if err == nil || !strings.Contains(err.Error(), "1 messages are still in services") || !strings.Contains(err.Error(), "2 messages have no outcome yet") {
			t.Errorf("error: %v", err)
		}
		if unknown.over() || stubborn.over() {
			t.Error("an outcome was made up")
		}
		start(t, w)
		next := p.source.offerAside("next")
		synctest.Wait()
		close(let)
		synctest.Wait()
		l.end(-1, nil)
		for _, o := range []*offered{unknown, stubborn, next} {
			if err := o.outcome(t); err != nil {
				t.Errorf("outcome: %v", err)
			}
		}
		stop(t, w)
		if diff := cmp.Diff(Counts{Consumed: 3, Delivered: 3}, w.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	})
}

// What the connection refuses because it stops first, after the workflow ran out of time, is given back and bothers no error handler.
func TestOutcomesOfAStoppedConnectionAreGivenBack(t *testing.T) {
	w, p := build[*Standard](t, simpleWith(standardHandler), Surroundings{})
	start(t, w)
	var l later
	p.sinks["sink"].produce = l.produce
	o := p.source.offer("a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Stop(ctx); err == nil {
		t.Error("no error")
	}
	l.end(-1, fmt.Errorf("closed: %w", component.ErrStopped))
	if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
		t.Errorf("outcome: %v", err)
	}
}
