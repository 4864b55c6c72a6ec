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

// pausable is a source that is told of pauses.
type pausable struct {
	source
	told []string
}

func (p *pausable) Pause()  { p.told = append(p.told, "pause") }
func (p *pausable) Resume() { p.told = append(p.told, "resume") }

// many is a source whose messages come by themselves, side by side, as requests over HTTP do.
type many struct{ source }

func (*many) OffersSideBySide() bool { return true }

func init() {
	component.Register[pausable]("test-pausable", "", component.KindConsumer, "")
	component.Register[many]("test-many", "", component.KindConsumer, "")
}

func TestAPauseHoldsTheNextMessageAndLosesNone(t *testing.T) {
	for _, alias := range []string{"standard-workflow", "pooling-workflow", "thread-context-workflow"} {
		t.Run(alias, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p := build[Workflow](t, strings.ReplaceAll(simpleWith(""), "standard-workflow", alias), Surroundings{})
				end := new(later)
				p.sinks["sink"].produce = end.produce
				start(t, w)
				before := p.source.offer("before")
				synctest.Wait()
				w.Pause()
				w.Pause()
				if !w.Paused() {
					t.Error("not paused")
				}
				during := p.source.offerAside("during")
				time.Sleep(time.Hour)
				end.end(-1, nil) // what is under way goes on
				if err := before.outcome(t); err != nil {
					t.Error(err)
				}
				if during.over() || len(p.diary.all()) == 0 || strings.Contains(strings.Join(p.diary.all(), "\n"), "during") {
					t.Errorf("the message has not waited: %v", p.diary.all())
				}
				w.Resume()
				w.Resume()
				synctest.Wait()
				end.end(-1, nil)
				if err := during.outcome(t); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(Counts{Consumed: 2, Delivered: 2}, w.Counts()); diff != "" || w.Paused() {
					t.Errorf("counts (-want +got):\n%s", diff)
				}
				stop(t, w)
			})
		})
	}
}

func TestAPauseOutlastsAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(""), Surroundings{})
		w.Pause()
		start(t, w)
		held := p.source.offerAside("held")
		synctest.Wait()
		stop(t, w)
		if err := held.outcome(t); !errors.Is(err, component.ErrStopped) {
			t.Errorf("error %v", err)
		}
		start(t, w)
		again := p.source.offerAside("again")
		synctest.Wait()
		if again.over() {
			t.Error("the pause is over")
		}
		w.Resume()
		if err := again.outcome(t); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(Counts{Consumed: 2, Delivered: 1, GivenBack: 1}, w.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		stop(t, w)
	})
}

func TestMessagesThatComeByThemselvesAreRefusedDuringAPause(t *testing.T) {
	w, p := build[*ThreadContext](t, strings.ReplaceAll(strings.ReplaceAll(simpleWith(""), "standard-workflow", "thread-context-workflow"), "test-source", "test-many"), Surroundings{})
	m := w.Consumer.(*many)
	m.diary = &p.diary
	start(t, w)
	w.Pause()
	if err := m.offer("refused").outcome(t); !errors.Is(err, component.ErrPaused) || !errors.Is(err, component.ErrStopped) {
		t.Errorf("error %v", err)
	}
	w.Resume()
	if err := m.offer("taken").outcome(t); err != nil {
		t.Error(err)
	}
	stop(t, w)
	if n := w.Gauges().Latency.Count; n != 1 {
		t.Errorf("%d outcomes were measured; what is given back has none", n)
	}
}

func TestConsumersThatCanPauseAreToldTo(t *testing.T) {
	w, p := build[*Standard](t, strings.ReplaceAll(simpleWith(""), "test-source", "test-pausable"), Surroundings{})
	c := w.Consumer.(*pausable)
	c.diary = &p.diary
	w.Pause()
	w.Resume()
	if diff := cmp.Diff([]string{"pause", "resume"}, c.told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFailuresAreToldOnceTheirEndIsKnown(t *testing.T) {
	for _, c := range []struct {
		name, handler string
		succeedsAt    int
		want          []Failure
	}{
		{"no handler", "", 99, []Failure{{Workflow: "w", Err: errTest}}},
		{"a handler", standardHandler, 99, []Failure{{Workflow: "w", Err: errTest, Handled: true}}},
		{"delivered when sent again", retryHandler("<retry-limit>3</retry-limit><retry-interval><unit>MILLISECONDS</unit><interval>1</interval></retry-interval>" + retryService), 2, nil},
		{"sent again in vain", retryHandler("<retry-limit>3</retry-limit><retry-interval><unit>MILLISECONDS</unit><interval>1</interval></retry-interval>" + retryService), 99, []Failure{{Workflow: "w", Err: errTest, Handled: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told []Failure
			w, p := build[*Standard](t, simpleWith(c.handler), Surroundings{Failed: func(f Failure) { told = append(told, f) }})
			tries := 0
			p.probes["service"].apply = func(context.Context, *message.Message) error {
				if tries++; tries >= c.succeedsAt {
					return nil
				}
				return errTest
			}
			start(t, w)
			o := p.source.offer("x")
			_ = o.outcome(t)
			stop(t, w)
			for i := range told {
				if told[i].Message != o.m.ID() || !errors.Is(told[i].Err, errTest) {
					t.Errorf("%+v", told[i])
				}
				told[i].Message, told[i].Err = "", errTest
			}
			if len(told) != len(c.want) || fmt.Sprint(told) != fmt.Sprint(c.want) {
				t.Errorf("told %v, want %v", told, c.want)
			}
		})
	}
}
