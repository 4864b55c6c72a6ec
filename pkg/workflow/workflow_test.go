package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestStandardProcessesOneMessageAtATimeInOrder(t *testing.T) {
	_, p := run[*Standard](t, simpleWith(""), Surroundings{})
	var mu sync.Mutex
	var inside, most int
	p.probes["service"].apply = func(context.Context, *message.Message) error {
		mu.Lock()
		defer mu.Unlock()
		inside++
		most = max(most, inside)
		return nil
	}
	var produced []string
	p.sinks["sink"].produce = func(_ context.Context, m *message.Message) error {
		mu.Lock()
		defer mu.Unlock()
		inside--
		produced = append(produced, string(m.Payload()))
		return nil
	}
	var want []string
	var all []*offered
	for i := range 50 {
		want = append(want, fmt.Sprint(i))
		all = append(all, p.source.offer(fmt.Sprint(i)))
	}
	if diff := cmp.Diff(want, produced); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	var aside []*offered // as HTTP requests come
	for i := range 50 {
		aside = append(aside, p.source.offerAside(fmt.Sprint(i)))
	}
	for _, o := range append(all, aside...) {
		if err := o.outcome(t); err != nil {
			t.Error(err)
		}
	}
	if most != 1 {
		t.Errorf("%d messages were processed at once", most)
	}
}

func TestStandardGoesOnWhileOutcomesAreMissing(t *testing.T) {
	w, p := run[*Standard](t, simpleWith(""), Surroundings{})
	var l later
	p.sinks["sink"].produce = l.produce
	a, b, c := p.source.offer("a"), p.source.offer("b"), p.source.offer("c")
	if a.over() || b.over() || c.over() {
		t.Fatal("a message was done before its outcome")
	}
	if n := w.Counts(); n.InFlight != 3 || n.Consumed != 3 {
		t.Errorf("counts: %+v", n)
	}
	l.end(2, nil)
	if a.outcome(t) != nil || b.outcome(t) != nil || c.over() {
		t.Error("wrong outcomes")
	}
	l.end(1, errTest)
	if err := c.outcome(t); !errors.Is(err, errTest) {
		t.Errorf("outcome: %v", err)
	}
	if diff := cmp.Diff(Counts{Consumed: 3, Delivered: 2, Failed: 1}, w.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestServicesWorkOnACloneOfTheMessage(t *testing.T) {
	_, p := run[*Standard](t, simpleWith(""), Surroundings{})
	p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
		m.SetPayload([]byte("changed"))
		m.SetMetadata("k", "changed")
		return nil
	}
	o := p.source.prepare("as consumed")
	o.m.SetMetadata("k", "v")
	p.source.send(o)
	if v, _ := o.m.Metadata("k"); string(o.m.Payload()) != "as consumed" || v != "v" {
		t.Errorf("the consumer's message is %q, k=%q", o.m.Payload(), v)
	}
	if diff := cmp.Diff([]string{"service as consumed", "sink changed"}, p.diary.all()[6:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAStoppedMessageIsDoneWithoutTheProducer is what stop-processing-service asks for.
func TestAStoppedMessageIsDoneWithoutTheProducer(t *testing.T) {
	w, p := run[*Standard](t, simpleWith(""), Surroundings{})
	p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
		m.StopProcessing()
		return nil
	}
	before := len(p.diary.all())
	if err := p.source.offer("stopped").outcome(t); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"service stopped"}, p.diary.all()[before:]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Counts{Consumed: 1, Delivered: 1}, w.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestPoolingRunsUpToPoolSizeSideBySide(t *testing.T) {
	xml := strings.ReplaceAll(simpleWith("<pool-size>3</pool-size>"), "standard-workflow", "pooling-workflow")
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Pooling](t, xml, Surroundings{})
		start(t, w)
		let := make(chan struct{})
		var mu sync.Mutex
		var inside, most int
		p.probes["service"].apply = func(context.Context, *message.Message) error {
			mu.Lock()
			inside++
			most = max(most, inside)
			mu.Unlock()
			<-let
			mu.Lock()
			inside--
			mu.Unlock()
			return nil
		}
		var all []*offered
		for i := range 3 {
			all = append(all, p.source.offer(fmt.Sprint(i))) // returns at once
		}
		for i := range 4 {
			all = append(all, p.source.offerAside(fmt.Sprint(i)))
		}
		synctest.Wait()
		if inside != 3 {
			t.Errorf("%d messages are processed at once, want 3", inside)
		}
		close(let)
		for _, o := range all {
			if err := o.outcome(t); err != nil {
				t.Error(err)
			}
		}
		if most != 3 {
			t.Errorf("%d messages were processed at once, want 3", most)
		}
		stop(t, w)
	})
}

func TestMultiProducerGivesEachProducerTheMessage(t *testing.T) {
	for _, c := range []struct {
		name, processed string
		want            []string
	}{
		{"as consumed", "<use-processed-message>false</use-processed-message>", []string{"sink changed", "second original", "third original"}},
		{"as consumed by default", "", []string{"sink changed", "second original", "third original"}},
		{"as processed", "<use-processed-message>true</use-processed-message>", []string{"sink changed", "second changed", "third changed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := `<standalone-producers><standalone-producer><producer class="test-sink"><name>second</name></producer></standalone-producer>
				<standalone-producer><producer class="test-sink"><name>third</name></producer></standalone-producer></standalone-producers>` + c.processed
			xml := strings.ReplaceAll(simpleWith(more), "standard-workflow", "multi-producer-workflow")
			w, p := run[*MultiProducer](t, xml, Surroundings{})
			p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
				m.SetPayload([]byte("changed"))
				return nil
			}
			before := len(p.diary.all())
			if err := p.source.offer("original").outcome(t); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(c.want, p.diary.all()[before+1:]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}

			// Each producer's outcome counts, also one that comes later.
			var l later
			p.sinks["second"].produce = l.produce
			o := p.source.offer("original")
			if o.over() {
				t.Error("done before the second producer was")
			}
			l.end(-1, errTest)
			if err := o.outcome(t); !errors.Is(err, errTest) {
				t.Errorf("outcome: %v", err)
			}
			// One that fails does not keep the message from the others.
			p.sinks["second"].produce = fails
			before = len(p.diary.all())
			if err := p.source.offer("original").outcome(t); !errors.Is(err, errTest) {
				t.Errorf("outcome: %v", err)
			}
			if diff := cmp.Diff(c.want, p.diary.all()[before+1:]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(Counts{Consumed: 3, Delivered: 1, Failed: 2}, w.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPanicFailsTheMessageOnly(t *testing.T) {
	for _, kind := range []struct{ name, more string }{
		{"a service", ""},
		{"a service that continues on fail", "<continue-on-fail>true</continue-on-fail>"}, // which leaves a delivery held
	} {
		t.Run(kind.name, func(t *testing.T) {
			w, p := run[*Standard](t, strings.Replace(simpleWith(""), "<name>service</name>", "<name>service</name>"+kind.more, 1), Surroundings{})
			p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
				if string(m.Payload()) == "bad" {
					panic("boom")
				}
				return nil
			}
			bad, good := p.source.offer("bad"), p.source.offer("good")
			if err := bad.outcome(t); err == nil || !strings.Contains(err.Error(), "boom") {
				t.Errorf("outcome of the message with the panic: %v", err)
			}
			if err := good.outcome(t); err != nil {
				t.Errorf("outcome of the next message: %v", err)
			}
			if diff := cmp.Diff(Counts{Consumed: 2, Delivered: 1, Failed: 1}, w.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a producer that has held the message", func(t *testing.T) {
		_, p := run[*Standard](t, simpleWith(""), Surroundings{})
		p.sinks["sink"].produce = func(_ context.Context, m *message.Message) error {
			m.Delivery().Hold()
			panic("boom")
		}
		if err := p.source.offer("bad").outcome(t); err == nil {
			t.Error("no failure")
		}
	})
}

func TestMessagesAreGivenBackWhileStopped(t *testing.T) {
	w, p := build[*Standard](t, simpleWith(""), Surroundings{})
	if err := p.source.offer("early").outcome(t); !errors.Is(err, component.ErrStopped) {
		t.Errorf("before the start: %v", err)
	}
	start(t, w)
	if err := p.source.offer("in time").outcome(t); err != nil {
		t.Error(err)
	}
	stop(t, w)
	if err := p.source.offer("late").outcome(t); !errors.Is(err, component.ErrStopped) {
		t.Errorf("after the stop: %v", err)
	}
	if diff := cmp.Diff(Counts{Consumed: 3, Delivered: 1, GivenBack: 2}, w.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
