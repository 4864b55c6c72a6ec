package consumer

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

// stopWithin stops a consumer that has so long, and says what came of it.
func stopWithin(c component.Lifecycle, limit time.Duration) <-chan error {
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		stopped <- c.Stop(ctx)
	}()
	return stopped
}

func TestSQSStopTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, k := newMemoryQueue("a"), new(taker)
		q.visibility = 9 * time.Second
		failing := 4 // for 3.75 s: longer than a message can be left without being kept
		q.refuse = func(operation string) error {
			if operation == "DeleteMessage" && failing > 0 {
				failing--
				return errors.New("no service")
			}
			return nil
		}
		c := sqsOn(t, q, "")
		start(t, c, k.handle)
		synctest.Wait()
		stopped := stopWithin(c, 45*time.Second)
		synctest.Wait()
		k.take()[0].done(nil)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if left := q.left(); len(left) > 0 {
			t.Errorf("delivered, and left in the queue: %q", left)
		}
	})
}

func TestSQSGivesBackWhatADrainLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		after   time.Duration // from the end of the drain on; negative for never
		outcome error
		took    time.Duration // of the stop, from there on
		back    []string
	}{
		"given back in the grace":        {time.Second, component.ErrStopped, time.Second, []string{"a"}},
		"delivered in the grace":         {time.Second, nil, time.Second, nil},
		"without outcome":                {-1, nil, outcomeGrace, []string{"a"}},
		"given back when it is too late": {outcomeGrace + time.Second, component.ErrStopped, outcomeGrace, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, k := newMemoryQueue("a"), new(taker)
				q.visibility = time.Hour
				consumer := sqsOn(t, q, "")
				start(t, consumer, k.handle)
				synctest.Wait()
				o := k.take()[0]
				const drain = 5 * time.Second
				began := time.Now()
				stopped := stopWithin(consumer, drain)
				if c.after >= 0 {
					time.AfterFunc(drain+c.after, func() { o.done(c.outcome) })
				}
				if err := <-stopped; err == nil || !strings.Contains(err.Error(), "1 messages have no outcome yet") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began) - drain; took != c.took {
					t.Errorf("the stop took %v longer", took)
				}
				out, _, err := q.take(&sqs.ReceiveMessageInput{MaxNumberOfMessages: 10})
				if err != nil {
					t.Fatal(err)
				}
				var back []string
				for _, m := range out {
					back = append(back, *m.Body)
				}
				if diff := cmp.Diff(c.back, back); diff != "" {
					t.Errorf("to be had at once:\n%s", diff)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
			})
		})
	}
}

func TestSQSTakesNoMoreThanItCanDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		for i := range 2 * mostEnds {
			bodies = append(bodies, strconv.Itoa(i))
		}
		q := newMemoryQueue(bodies...)
		denied := true
		q.refuse = func(operation string) error {
			if denied && operation == "DeleteMessage" {
				return errors.New("AccessDenied")
			}
			return nil
		}
		taken := 0
		k := &taker{at: func(o offer) { taken++; o.done(nil) }}
		c := sqsOn(t, q, "<prefetch-count>10</prefetch-count>")
		start(t, c, k.handle)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if taken != mostEnds {
			t.Errorf("%d messages were taken", taken)
		}
		if !c.IdleSince().IsZero() {
			t.Error("idle, with messages in the queue")
		}
		q.mu.Lock()
		denied = false
		q.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		if left := q.left(); taken != len(bodies) || len(left) > 0 {
			t.Errorf("%d of %d messages were taken, and %d are left", taken, len(bodies), len(left))
		}
		q.mu.Lock()
		denied = true
		q.mu.Unlock()
		stop(t, c)
	})
}

func TestSQSStopsWhileItTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		for i := range 2 * mostEnds {
			bodies = append(bodies, strconv.Itoa(i))
		}
		q := newMemoryQueue(bodies...)
		q.refuse = func(operation string) error {
			if operation == "DeleteMessage" {
				return errors.New("AccessDenied")
			}
			return nil
		}
		c := sqsOn(t, q, "<prefetch-count>10</prefetch-count>")
		start(t, c, (&taker{at: func(o offer) { o.done(nil) }}).handle)
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := <-stopWithin(c, 10*time.Second); err == nil || !strings.Contains(err.Error(), "could not be told what became of 500 messages") {
			t.Errorf("got %v", err)
		}
	})
}
