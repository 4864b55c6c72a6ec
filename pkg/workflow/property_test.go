package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// behaviour is what a component does with a message, as the property draws it.
type behaviour int

const (
	succeeds behaviour = iota
	failsNow
	panics
	holdsAndSucceeds
	holdsAndFails
	holdsAndStops
	behaviours
)

// actor does with each message what was drawn for it.
type actor struct {
	does []behaviour
	mu   sync.Mutex
	n    int
	wg   sync.WaitGroup
}

func (a *actor) act(_ context.Context, m *message.Message) error {
	a.mu.Lock()
	b := a.does[a.n%len(a.does)]
	a.n++
	a.mu.Unlock()
	d := m.Delivery()
	later := func(err error) error {
		d.Hold()
		a.wg.Go(func() { d.Release(err) })
		return nil
	}
	switch b {
	case failsNow:
		return errTest
	case panics:
		panic("as the test wants it")
	case holdsAndSucceeds:
		return later(nil)
	case holdsAndFails:
		return later(errTest)
	case holdsAndStops:
		return later(component.ErrStopped)
	}
	return nil
}

func actorOf(t *rapid.T, label string) *actor {
	return &actor{does: rapid.SliceOfN(rapid.Map(rapid.IntRange(0, int(behaviours)-1), func(n int) behaviour { return behaviour(n) }), 1, 6).Draw(t, label)}
}

// Every message that is offered ends in exactly one done, whatever services, producers and error handlers do, and whenever the workflow
// stops; what is acknowledged was produced or handled.
func TestEveryMessageEndsOnce(outer *testing.T) {
	handlers := map[string]string{
		"none": "", "null": `<message-error-handler class="null-processing-exception-handler"/>`, "standard": standardHandler,
		"retry":             retryHandler("<retry-limit>2</retry-limit><retry-interval><unit>MILLISECONDS</unit><interval>1</interval></retry-interval>"),
		"retry and service": retryHandler("<retry-limit>1</retry-limit><retry-interval><unit>MILLISECONDS</unit><interval>1</interval></retry-interval>" + retryService),
	}
	rapid.Check(outer, func(t *rapid.T) {
		alias := rapid.SampledFrom([]string{"standard-workflow", "pooling-workflow", "multi-producer-workflow"}).Draw(t, "workflow")
		xml := strings.ReplaceAll(simpleWith(handlers[rapid.SampledFrom([]string{"none", "null", "standard", "retry", "retry and service"}).Draw(t, "handler")]), "standard-workflow", alias)
		if rapid.Bool().Draw(t, "continue on fail") {
			xml = strings.Replace(xml, "<name>service</name>", "<name>service</name><continue-on-fail>true</continue-on-fail>", 1)
		}
		if alias == "multi-producer-workflow" {
			xml = strings.Replace(xml, "</"+alias, "<standalone-producers><test-probe><name>second</name></test-probe></standalone-producers></"+alias, 1)
		}
		w, p := build[Workflow](outer, xml, Surroundings{})
		var actors []*actor
		for name, probe := range p.probes {
			a := actorOf(t, name)
			probe.apply = a.act
			actors = append(actors, a)
		}
		a := actorOf(t, "sink")
		p.sinks["sink"].produce = a.act
		actors = append(actors, a)

		var all []*offered
		var mu sync.Mutex
		for round := range rapid.IntRange(1, 3).Draw(t, "rounds") {
			if err := errors.Join(w.Init(context.Background()), w.Start(context.Background())); err != nil {
				t.Fatal(err)
			}
			var offering sync.WaitGroup
			for g := range rapid.IntRange(1, 4).Draw(t, "goroutines") {
				offering.Go(func() {
					for i := range 5 {
						o := p.source.offer(fmt.Sprint(round, g, i))
						mu.Lock()
						all = append(all, o)
						mu.Unlock()
					}
				})
			}
			if !rapid.Bool().Draw(t, "stop while messages come") {
				offering.Wait()
			}
			if err := w.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			offering.Wait()
		}
		for _, a := range actors {
			a.wg.Wait()
		}
		var want Counts
		for _, o := range all {
			if !o.over() {
				t.Fatalf("message %s has no outcome", o.m.Payload())
			}
			o.mu.Lock()
			if o.times != 1 {
				t.Errorf("message %s has %d outcomes", o.m.Payload(), o.times)
			}
			switch {
			case o.err == nil:
				want.Delivered++
			case errors.Is(o.err, component.ErrStopped):
				want.GivenBack++
			default:
				want.Failed++
			}
			o.mu.Unlock()
		}
		n := w.Counts()
		if n.Consumed != int64(len(all)) || n.InFlight != 0 || n.Delivered+n.Handled != want.Delivered || n.GivenBack != want.GivenBack || n.Failed != want.Failed {
			t.Errorf("counts %+v, the source saw %+v", n, want)
		}
	})
}
