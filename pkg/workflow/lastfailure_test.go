package workflow

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// refusal is an error that tells metadata, as a refused record does.
type refusal struct{ metadata map[string]string }

func (r refusal) Error() string { return "refused" }
func (r refusal) Annotate(m *message.Message) {
	for k, v := range r.metadata {
		m.SetMetadata(k, v)
	}
}

func TestTheErrorHandlerSeesTheLastFailureOfARetriedMessage(t *testing.T) {
	first := refusal{map[string]string{"kinesisErrorCode": "InternalFailure", "kinesisAttempts": "7", "own": "changed"}}
	for _, c := range []struct {
		name string
		last error
		want map[string]string
	}{
		{"another refusal", fmt.Errorf("again: %w", refusal{map[string]string{"kinesisErrorCode": "Throttled"}}),
			map[string]string{"own": "kept", MetadataWorkflow: "w@ch", MetadataError: "producer: again: refused", "kinesisErrorCode": "Throttled"}},
		{"an error without metadata", errTest,
			map[string]string{"own": "kept", MetadataWorkflow: "w@ch", MetadataError: "producer: as the test wants it"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p := build[*Standard](t, simpleWith(retryHandler(everyMinute+"<retry-limit>1</retry-limit>"+retryService)), Surroundings{})
				start(t, w)
				times := 0
				p.sinks["sink"].produce = func(context.Context, *message.Message) error {
					if times++; times == 1 {
						return first
					}
					return c.last
				}
				got := map[string]string{}
				var object any
				p.probes["handler"].apply = func(_ context.Context, m *message.Message) error {
					for _, k := range m.MetadataKeys() {
						got[k], _ = m.Metadata(k)
					}
					object, _ = m.Object(ObjectError)
					return nil
				}
				o := p.source.prepare("x")
				o.m.SetMetadata("own", "kept")
				p.source.send(o)
				if err := o.outcome(t); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("metadata (-want +got):\n%s", diff)
				}
				if err, _ := object.(error); err == nil || err.Error() != c.want[MetadataError] {
					t.Errorf("object: %v", object)
				}
				stop(t, w)
			})
		})
	}
}

// A record that fails for good while its connection closes, after the workflow ran out of time, must not begin an error handler for which
// nobody waits.
func TestFailuresAfterAStopThatRanOutOfTimeAreGivenBack(t *testing.T) {
	w, p := build[*Standard](t, simpleWith(standardHandler), Surroundings{})
	start(t, w)
	var l later
	p.sinks["sink"].produce = l.produce
	p.probes["handler"].apply = func(context.Context, *message.Message) error {
		t.Error("the error handler ran")
		return nil
	}
	o := p.source.offer("a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Stop(ctx); err == nil {
		t.Error("no error")
	}
	l.end(-1, errTest)
	if !o.over() {
		t.Error("the outcome waits for something")
	}
	if err := o.outcome(t); !errors.Is(err, component.ErrStopped) || !errors.Is(err, errTest) {
		t.Errorf("outcome: %v", err)
	}
	if diff := cmp.Diff(Counts{Consumed: 1, GivenBack: 1}, w.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// Handlers that wait for their turn when there is no time left do not begin.
func TestErrorHandlersThatHaveNotBegunDoNotWhenThereIsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(standardHandler), Surroundings{})
		start(t, w)
		p.probes["service"].apply = fails
		begun := make(chan struct{}, 100)
		p.probes["handler"].apply = func(ctx context.Context, _ *message.Message) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}
		var all []*offered
		for range 3 * jobsAtOnce {
			all = append(all, p.source.offer("x"))
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := w.Stop(ctx); err == nil {
			t.Error("no error")
		}
		for _, o := range all {
			if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
				t.Errorf("outcome: %v", err)
			}
		}
		if n := len(begun); n != jobsAtOnce {
			t.Errorf("%d handlers began, want %d", n, jobsAtOnce)
		}
	})
}

func TestAWorkflowGoesOnWithTheCountsOfTheOneItReplaces(t *testing.T) {
	old, p := build[*Standard](t, simpleWith(""), Surroundings{})
	start(t, old)
	var l later
	p.sinks["sink"].produce = l.produce
	p.source.offer("a")
	late := p.source.offer("b")
	l.end(1, nil)
	next, q := build[*Pooling](t, `<pooling-workflow><unique-id>w</unique-id><consumer class="test-source"/></pooling-workflow>`, Surroundings{})
	next.Inherit(old)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := old.Stop(ctx); err == nil {
		t.Error("no error")
	}
	start(t, next)
	q.source.offer("c").outcome(t)
	if diff := cmp.Diff(Counts{Consumed: 3, Delivered: 2, InFlight: 1}, next.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	l.end(-1, nil) // the old one's last message
	late.outcome(t)
	if diff := cmp.Diff(Counts{Consumed: 3, Delivered: 3}, next.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	stop(t, next)
}
