package workflow

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/telemetry"
)

// followed runs a workflow whose spans the test can read.
func followed[W Workflow](t testing.TB, xml string, around Surroundings) (W, *parts, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	ctx := telemetry.With(t.Context(), &telemetry.Telemetry{
		Traces: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)), Propagator: propagation.TraceContext{},
	})
	w, p := build[W](t, xml, around)
	if err := errors.Join(w.Init(ctx), w.Start(ctx)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, w) })
	return w, p, spans
}

func outcomeOf(s sdktrace.ReadOnlySpan) (outcome string, tries int64) {
	for _, a := range s.Attributes() {
		switch a.Key {
		case telemetry.OutcomeKey:
			outcome = a.Value.AsString()
		case telemetry.TriesKey:
			tries = a.Value.AsInt64()
		}
	}
	return outcome, tries
}

func TestEachMessageHasASpanUntilItsOutcome(t *testing.T) {
	_, p, spans := followed[*Standard](t, simpleWith(""), Surroundings{})
	var held later
	p.sinks["sink"].produce = func(ctx context.Context, m *message.Message) error {
		if telemetry.JourneyOf(ctx) == nil {
			t.Error("the producer can not tell of its record")
		}
		return held.produce(ctx, m)
	}
	o := p.source.prepare("a")
	o.m.SetMetadata("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	p.source.send(o)
	if len(spans.Started()) != 1 || len(spans.Ended()) != 0 {
		t.Fatalf("%d spans have begun, %d ended, before the outcome", len(spans.Started()), len(spans.Ended()))
	}
	held.end(-1, nil)
	if err := o.outcome(t); err != nil {
		t.Error(err)
	}
	s := spans.Ended()[0]
	if outcome, tries := outcomeOf(s); outcome != telemetry.Delivered || tries != 1 || s.Name() != "process w" || s.Parent().SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("%s after %d tries, %s below %v", outcome, tries, s.Name(), s.Parent())
	}
}

func TestSpansTellWhatBecameOfFailedMessages(t *testing.T) {
	retry := `<message-error-handler class="retry-message-error-handler"><retry-interval><unit>MILLISECONDS</unit><interval>1</interval></retry-interval><retry-limit>3</retry-limit></message-error-handler>`
	for _, c := range []struct {
		name, handler string
		failures      int
		outcome       string
		tries         int64
	}{
		{"without an error handler", "", 9, telemetry.Failed, 1},
		{"with one", `<message-error-handler class="null-processing-exception-handler"/>`, 9, telemetry.Handled, 1},
		{"sent again until it is through", retry, 2, telemetry.Delivered, 3},
		{"sent again in vain", retry, 9, telemetry.Failed, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p, spans := followed[*Standard](t, simpleWith(c.handler), Surroundings{})
			failures := 0
			p.probes["service"].apply = func(context.Context, *message.Message) error {
				if failures++; failures <= c.failures {
					return errTest
				}
				return nil
			}
			_ = p.source.offer("a").outcome(t)
			if len(spans.Ended()) != 1 {
				t.Fatalf("%d spans", len(spans.Ended()))
			}
			s := spans.Ended()[0]
			outcome, tries := outcomeOf(s)
			if outcome != c.outcome || tries != c.tries {
				t.Errorf("%s after %d tries, want %s after %d", outcome, tries, c.outcome, c.tries)
			}
			if want := min(c.failures, int(c.tries)); len(s.Events()) != want {
				t.Errorf("%d events, want %d: %v", len(s.Events()), want, s.Events())
			}
		})
	}
}

func TestErrorHandlersTellOfTheirRecords(t *testing.T) {
	_, p, _ := followed[*Standard](t, simpleWith(standardHandler), Surroundings{})
	p.probes["service"].apply = fails
	var found *telemetry.Journey
	p.probes["handler"].apply = func(ctx context.Context, _ *message.Message) error {
		found = telemetry.JourneyOf(ctx)
		return nil
	}
	if err := p.source.offer("a").outcome(t); err != nil || found == nil {
		t.Errorf("%v %v", found, err)
	}
}

func TestMessagesThatAreGivenBackHaveASpanToo(t *testing.T) {
	w, p, spans := followed[*Standard](t, simpleWith(""), Surroundings{})
	entered, let := make(chan struct{}), make(chan struct{})
	p.probes["service"].apply = func(context.Context, *message.Message) error {
		close(entered)
		<-let
		return nil
	}
	first := p.source.offerAside("a")
	<-entered
	waits := p.source.prepare("b")
	begun := make(chan struct{})
	go func() { close(begun); p.source.send(waits) }()
	<-begun
	stopped := make(chan struct{})
	go func() { stop(t, w); close(stopped) }()
	if err := waits.outcome(t); !errors.Is(err, component.ErrStopped) {
		t.Error(err)
	}
	close(let)
	_ = first.outcome(t)
	<-stopped
	for _, s := range spans.Ended() { // the second has none if it came after the workflow had begun to stop
		if outcome, tries := outcomeOf(s); outcome != telemetry.Delivered && (outcome != telemetry.GivenBack || tries != 0) {
			t.Errorf("%s after %d tries", outcome, tries)
		}
	}
}

// What a message costs must not depend on telemetry that is switched off.
func TestTelemetryCostsNothingWhenItIsOff(t *testing.T) {
	var off *journeys
	m := message.New(nil)
	ctx := context.Background()
	done := func(error) {}
	if n := testing.AllocsPerRun(1000, func() {
		told := off.begin(m, done)
		outcome := off.tried(m, told)
		if off.context(ctx, m) != ctx {
			t.Error("another context")
		}
		outcome(nil)
	}); n != 0 {
		t.Errorf("%v allocations for each message", n)
	}
}

// What does a message cost on its way, and what does its span add?
func BenchmarkMessage(b *testing.B) {
	for _, c := range []struct {
		name string
		told *telemetry.Telemetry
	}{
		{"telemetry off", nil},
		{"not sampled", &telemetry.Telemetry{Traces: sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))}},
		{"sampled", &telemetry.Telemetry{Traces: sdktrace.NewTracerProvider()}},
	} {
		b.Run(c.name, func(b *testing.B) {
			w, p := build[*Standard](b, fmt.Sprintf(simple, ""), Surroundings{})
			p.source.diary, p.probes["service"].diary, p.sinks["sink"].diary = nil, nil, nil
			ctx := context.Background()
			if c.told != nil {
				ctx = telemetry.With(ctx, c.told)
			}
			if err := errors.Join(w.Init(ctx), w.Start(ctx)); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				p.source.handle(ctx, message.New(nil), func(err error) {
					if err != nil {
						b.Error(err)
					}
				})
			}
			stop(b, w)
		})
	}
}
