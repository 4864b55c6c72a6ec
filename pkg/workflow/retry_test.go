package workflow

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func retryHandler(fields string) string {
	return `<message-error-handler class="retry-message-error-handler">` + fields + `</message-error-handler>`
}

const (
	retryService = `<processing-exception-service class="test-probe"><name>handler</name></processing-exception-service>`
	everyMinute  = `<retry-interval><unit>MINUTES</unit><interval>1</interval></retry-interval>`
)

func TestRetrySendsTheMessageAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields string
		fails  int           // how often the message fails
		after  time.Duration // when it is done
		times  int           // how often the service saw it
		want   string        // in the outcome
		counts Counts
	}{
		{"delivered at the second retry", everyMinute + retryService, 2, 2 * time.Minute, 3, "", Counts{Consumed: 1, Delivered: 1}},
		{"limit, then the service", everyMinute + "<retry-limit>3</retry-limit>" + retryService, 100, 3 * time.Minute, 4, "", Counts{Consumed: 1, Handled: 1}},
		{"limit, without service", everyMinute + "<retry-limit>3</retry-limit>", 100, 3 * time.Minute, 4, "as the test wants it", Counts{Consumed: 1, Failed: 1}},
		{"ten times every ten minutes by default", retryService, 100, 100 * time.Minute, 11, "", Counts{Consumed: 1, Handled: 1}},
		{"for ever", everyMinute + "<retry-limit>0</retry-limit>", 500, 500 * time.Minute, 501, "", Counts{Consumed: 1, Delivered: 1}},
		{"for ever, negative", everyMinute + "<retry-limit>-1</retry-limit>", 20, 20 * time.Minute, 21, "", Counts{Consumed: 1, Delivered: 1}},
	} {
		for _, asynchronous := range []bool{false, true} {
			name := c.name
			if asynchronous {
				name += ", asynchronously"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, p := build[*Standard](t, simpleWith(retryHandler(c.fields)), Surroundings{})
					start(t, w)
					times := 0
					p.sinks["sink"].produce = func(_ context.Context, m *message.Message) error {
						times++
						if string(m.Payload()) != "original" {
							t.Errorf("sent again: %q", m.Payload())
						}
						if times > c.fails {
							return nil
						}
						if !asynchronous {
							return errTest
						}
						m.Delivery().Hold()
						d := m.Delivery()
						go d.Release(errTest)
						return nil
					}
					began := time.Now()
					o := p.source.offer("original")
					err := o.outcome(t)
					if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
						t.Errorf("outcome: %v", err)
					}
					if took := time.Since(began); took != c.after || times != c.times {
						t.Errorf("done after %v and %d times, want %v and %d", took, times, c.after, c.times)
					}
					if diff := cmp.Diff(c.counts, w.Counts()); diff != "" {
						t.Errorf("counts (-want +got):\n%s", diff)
					}
					stop(t, w)
				})
			})
		}
	}
}

func TestRetryLetsOtherMessagesPassMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(retryHandler(everyMinute)), Surroundings{})
		start(t, w)
		var healthy atomic.Bool
		p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
			if string(m.Payload()) == "bad" && !healthy.Load() {
				return errTest
			}
			return nil
		}
		bad := p.source.offer("bad")
		if err := p.source.offer("good").outcome(t); err != nil {
			t.Error(err)
		}
		healthy.Store(true)
		if err := bad.outcome(t); err != nil {
			t.Error(err)
		}
		stop(t, w)
	})
}

func TestStopEndsTheWaitForTheNextRetry(t *testing.T) {
	for _, c := range []struct {
		name, fields string
		stopped      bool // the outcome is ErrStopped
		want         []string
	}{
		{"with a service", everyMinute + retryService, false, []string{"handler a", "handler b"}},
		{"without", everyMinute, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p := build[*Standard](t, simpleWith(retryHandler(c.fields)), Surroundings{})
				start(t, w)
				p.probes["service"].apply = fails
				if h := p.probes["handler"]; h != nil { // which has time
					h.apply = func(ctx context.Context, _ *message.Message) error { return ctx.Err() }
				}
				a, b := p.source.offer("a"), p.source.offer("b")
				time.Sleep(90 * time.Second) // one retry
				synctest.Wait()
				began := time.Now()
				stop(t, w)
				if time.Since(began) != 0 {
					t.Errorf("the stop took %v", time.Since(began))
				}
				for _, o := range []*offered{a, b} {
					if err := o.outcome(t); errors.Is(err, component.ErrStopped) != c.stopped || !c.stopped && err != nil {
						t.Errorf("outcome: %v", err)
					}
				}
				var handled []string
				for _, line := range p.diary.all() {
					if strings.HasPrefix(line, "handler ") {
						handled = append(handled, line)
					}
				}
				if len(handled) == 2 && handled[0] > handled[1] { // side by side
					handled[0], handled[1] = handled[1], handled[0]
				}
				if diff := cmp.Diff(c.want, handled); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestStopWhileAMessageIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(retryHandler(everyMinute)), Surroundings{})
		start(t, w)
		let := make(chan error)
		p.probes["service"].apply = func(context.Context, *message.Message) error { return <-let }
		o := p.source.offerAside("a")
		let <- errTest
		time.Sleep(time.Minute)
		synctest.Wait() // the retry is in the service
		stopping := make(chan error)
		go func() { stopping <- w.Stop(context.Background()) }()
		synctest.Wait()
		let <- errTest // fails again, and there is no time to wait
		if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
			t.Errorf("outcome: %v", err)
		}
		if err := <-stopping; err != nil {
			t.Error(err)
		}
	})
}

// A handler of a channel outlives its workflows; it must not keep what they gave it.
func TestRetryHandlerThatStopsFirstGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := handler(t, `<retry-message-error-handler/>`)
		r := h.(*RetryErrorHandler)
		start(t, r)
		var got error
		r.HandleError(t.Context(), component.Failed{Message: message.New(nil), Err: errTest}, func(err error) { got = err })
		stop(t, r)
		if !errors.Is(got, component.ErrStopped) || !errors.Is(got, errTest) {
			t.Errorf("outcome: %v", got)
		}
		r.HandleError(t.Context(), component.Failed{Message: message.New(nil), Err: errTest}, func(err error) { got = err })
		if !errors.Is(got, component.ErrStopped) {
			t.Errorf("after the stop: %v", got)
		}
	})
}

func TestOuterHandlersTakeNothingThatARetryDelivered(t *testing.T) {
	for _, delivered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			outer, probes := handler(t, `<standard-processing-exception-handler><always-handle-exception>true</always-handle-exception>
				<processing-exception-service class="test-probe"><name>outer</name></processing-exception-service></standard-processing-exception-handler>`)
			took := 0
			probes["outer"].apply = func(context.Context, *message.Message) error {
				took++
				return nil
			}
			w, p := build[*Standard](t, simpleWith(retryHandler("<retry-limit>1</retry-limit>"+retryService)), Surroundings{ErrorHandler: outer})
			start(t, w)
			times := 0
			p.probes["service"].apply = func(context.Context, *message.Message) error {
				if times++; delivered && times > 1 {
					return nil
				}
				return errTest
			}
			if err := p.source.offer("x").outcome(t); err != nil {
				t.Error(err)
			}
			if (took == 0) != delivered {
				t.Errorf("delivered: %v, the outer handler took it %d times", delivered, took)
			}
			stop(t, w)
		})
	}
}
