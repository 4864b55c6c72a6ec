package channel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// restarting is a channel whose producers, which always fail, ask for a restart.
func restarting(t *testing.T, class string) (*Channel, map[string]*part, *log) {
	t.Helper()
	xml := strings.ReplaceAll(full, "</producer>", `</producer><produce-exception-handler class="`+class+`"/>`)
	c, parts, l := mustDecode(t, xml)
	if err := errors.Join(c.Init(t.Context()), c.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	return c, parts, l
}

// offer gives the nth workflow a message and waits for its end.
func offer(t *testing.T, c *Channel, n int) error {
	t.Helper()
	done := make(chan error, 1)
	c.All()[n].Source().(*testConsumer).handle(t.Context(), message.New(nil), func(err error) { done <- err })
	return <-done
}

// take empties the log.
func (l *log) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.lines
	l.lines = nil
	return out
}

func TestAFailedProduceRestartsItsWorkflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := restarting(t, "restart-produce-exception-handler")
		l.take()
		if err := offer(t, c, 0); err != nil { // the error handler has it
			t.Error(err)
		}
		synctest.Wait()
		want := []string{"stop source1", "stop sink1", "init sink1", "init source1", "start sink1", "start source1"}
		if diff := cmp.Diff(want, l.take()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAFailedProduceRestartsItsChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := restarting(t, "channel-restart-produce-exception-handler")
		l.take()
		offer(t, c, 0)
		synctest.Wait()
		got := l.take()
		if i := slices.Index(got, "init handler"); i != 7 || !slices.Contains(got[:i], "stop produce") || got[len(got)-1] != "start consume" {
			t.Errorf("got %v", got)
		}
		// The next ones come no sooner than after a pause, and are one.
		began := time.Now()
		offer(t, c, 0)
		offer(t, c, 1)
		synctest.Wait()
		if got := l.take(); len(got) > 0 {
			t.Errorf("restarted again at once: %v", got)
		}
		time.Sleep(restartPause)
		synctest.Wait()
		if got := l.take(); len(got) != 21 {
			t.Errorf("after %v: %d phases, want those of one restart, 21\n%v", time.Since(began), len(got), got)
		}
		if diff := cmp.Diff(workflow.Counts{Consumed: 3, Handled: 3}, c.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestARestartThatFailsIsTriedAgain(t *testing.T) {
	for _, class := range []string{"restart-produce-exception-handler", "channel-restart-produce-exception-handler"} {
		synctest.Test(t, func(t *testing.T) {
			c, parts, l := restarting(t, class)
			parts["sink1"].fail = "init"
			offer(t, c, 0)
			synctest.Wait()
			l.take()
			time.Sleep(5 * restartPause)
			synctest.Wait()
			l.mu.Lock()
			parts["sink1"].fail = ""
			l.mu.Unlock()
			l.take()
			time.Sleep(restartPause)
			synctest.Wait()
			if got := l.take(); len(got) == 0 || got[len(got)-1] != "start consume" {
				t.Errorf("%s: %v", class, got)
			}
			if err := offer(t, c, 1); err != nil {
				t.Errorf("%s: %v", class, err)
			}
			if err := c.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A stop during the pause before a restart, or in it, does not wait for it, and nothing runs afterwards.
func TestStopEndsARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := restarting(t, "channel-restart-produce-exception-handler")
		offer(t, c, 0)
		synctest.Wait()
		offer(t, c, 0) // waits for the pause
		synctest.Wait()
		began := time.Now()
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if time.Since(began) != 0 {
			t.Errorf("the stop took %v", time.Since(began))
		}
		l.take()
		time.Sleep(10 * restartPause)
		synctest.Wait()
		if got := l.take(); len(got) > 0 {
			t.Errorf("after the stop: %v", got)
		}
		if err := offer(t, c, 0); !errors.Is(err, component.ErrStopped) {
			t.Errorf("after the stop: %v", err)
		}
	})
}

func TestAChannelGoesOnWithTheCountsOfTheOneItReplaces(t *testing.T) {
	workflows := func(ids ...string) (*Channel, *log) {
		var xml strings.Builder
		for _, id := range ids {
			fmt.Fprintf(&xml, `<standard-workflow><unique-id>%s</unique-id><consumer class="test-consumer"/></standard-workflow>`, id)
		}
		c, _, l := mustDecode(t, "<channel><workflow-list>"+xml.String()+`<lifecycle-strategy class="workflow-retry-and-fail"/></workflow-list></channel>`)
		return c, l
	}
	ctx := context.Background()
	var before *Channel
	for i, ids := range [][]string{{"a", "b"}, {"b", "c"}, {"c"}} {
		c, _ := workflows(ids...)
		if before != nil {
			c.Inherit(before)
		}
		if err := errors.Join(c.Init(ctx), c.Start(ctx)); err != nil {
			t.Fatal(err)
		}
		for n := range ids {
			offer(t, c, n)
		}
		if err := c.Stop(ctx); err != nil {
			t.Error(err)
		}
		before = c
		if want := []int64{2, 4, 5}[i]; c.Counts().Delivered != want {
			t.Errorf("%v: %d delivered, want %d", ids, c.Counts().Delivered, want)
		}
		if own := c.All()[0].Counts().Delivered; own != []int64{1, 2, 2}[i] {
			t.Errorf("%v: the first workflow has %d", ids, own)
		}
	}
}

// A stop lets the drain of a restart go on as long as it has time itself.
func TestStopDrainsWhatARestartDrains(t *testing.T) {
	for _, c := range []struct {
		name string
		time time.Duration // of the stop
		want error
	}{{"in time", 30 * time.Second, nil}, {"out of time", time.Second, component.ErrStopped}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ch, _, l := restarting(t, "channel-restart-produce-exception-handler")
				slow := ch.All()[1].(*workflow.Pooling)
				slow.Producer = &slowProducer{after: 20 * time.Second}
				done := make(chan error, 1)
				slow.Consumer.(*testConsumer).handle(t.Context(), message.New(nil), func(err error) { done <- err })
				synctest.Wait() // it is in the producer
				offer(t, ch, 0)
				synctest.Wait() // the restart waits for the slow message
				l.take()
				ctx, cancel := context.WithTimeout(t.Context(), c.time)
				defer cancel()
				err := ch.Stop(ctx)
				if (err != nil) != (c.want != nil) && c.want == nil {
					t.Errorf("stop: %v", err)
				}
				if err := <-done; !errors.Is(err, c.want) {
					t.Errorf("outcome: %v", err)
				}
				if got := l.take(); slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, "start") }) {
					t.Errorf("started after the stop: %v", got)
				}
			})
		})
	}
}

// slowProducer takes its time, unless it is told to end.
type slowProducer struct{ after time.Duration }

func (p *slowProducer) Produce(ctx context.Context, _ *message.Message) error {
	select {
	case <-time.After(p.after):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// While workflow two drains for its restart, workflow one asks for one too: it must come.
func TestARestartThatIsAskedForDuringAnotherComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := restarting(t, "restart-produce-exception-handler")
		slow := c.All()[1].(*workflow.Pooling)
		slow.Producer = &slowProducer{after: 20 * time.Second}
		done := make(chan error, 1)
		slow.Consumer.(*testConsumer).handle(t.Context(), message.New(nil), func(err error) { done <- err })
		synctest.Wait()
		c.restart("two", workflow.RestartWorkflow) // drains for 20 s
		synctest.Wait()
		l.take()
		offer(t, c, 0) // asks for workflow one
		<-done
		synctest.Wait()
		time.Sleep(5 * restartPause)
		synctest.Wait()
		got := l.take()
		found := false
		for _, line := range got {
			found = found || line == "stop sink1"
		}
		if !found {
			t.Errorf("workflow one was never restarted: %v", got)
		}
		if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// The same for the whole channel.
func TestAChannelRestartThatIsAskedForDuringAWorkflowsComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := restarting(t, "channel-restart-produce-exception-handler")
		slow := c.All()[1].(*workflow.Pooling)
		slow.Producer = &slowProducer{after: 20 * time.Second}
		done := make(chan error, 1)
		slow.Consumer.(*testConsumer).handle(t.Context(), message.New(nil), func(err error) { done <- err })
		synctest.Wait()
		c.restart("two", workflow.RestartWorkflow)
		synctest.Wait()
		l.take()
		offer(t, c, 0)
		<-done
		time.Sleep(5 * restartPause)
		synctest.Wait()
		found := false
		for _, line := range l.take() {
			found = found || line == "stop produce"
		}
		if !found {
			t.Error("the channel was never restarted")
		}
		if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
}
