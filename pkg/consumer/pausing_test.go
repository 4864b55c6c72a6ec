package consumer

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

// Every consumer that polls can pause.
var _ = []component.Pauser{new(FS), new(TraversingFS), new(NonDeletingFS), new(SQS), new(Trigger)}

func TestAPausedTriggerMakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := decode[*Trigger](t, `<polling-trigger><poller class="fixed-interval-poller"/></polling-trigger>`) // each 20 s
		k := &taker{at: func(o offer) { o.done(nil) }}
		tr.Pause() // a pause may come before the start
		start(t, tr, k.handle)
		time.Sleep(time.Hour)
		if n := len(k.take()); n != 0 {
			t.Errorf("%d messages while it is paused", n)
		}
		tr.Resume()
		synctest.Wait()
		if n := len(k.take()); n != 1 {
			t.Errorf("%d messages at once after the pause, want the one that was due", n)
		}
		time.Sleep(50 * time.Second)
		if n := len(k.take()); n != 2 {
			t.Errorf("%d messages in 50 s after the pause, want 2", n)
		}
		tr.Pause()
		tr.Pause()
		stop(t, tr) // a pause outlasts a stop
		if err := errors.Join(tr.Init(t.Context()), tr.Start(t.Context())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := len(k.take()); n != 0 {
			t.Errorf("%d messages, though the pause goes on", n)
		}
		stop(t, tr)
		tr.Resume()
		tr.Resume()
	})
}

// What a poll makes while a pause begins is not made again.
func TestAPauseDoesNotDoubleAMessageOfATrigger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := decode[*Trigger](t, `<polling-trigger><poller class="fixed-interval-poller"/></polling-trigger>`)
		held := make(chan struct{})
		k := &taker{at: func(o offer) { <-held; o.done(nil) }}
		start(t, tr, k.handle)
		synctest.Wait() // its message is in the workflow
		tr.Pause()
		time.Sleep(time.Minute)
		close(held)
		synctest.Wait()
		tr.Resume()
		synctest.Wait()
		if n := len(k.take()); n != 1 {
			t.Errorf("%d messages, want 1", n)
		}
		stop(t, tr)
	})
}

// A pause ends a poll between two files, and the rest comes right after it, though the next poll is a day away.
func TestAPauseCutsAPollShortAndItGoesOn(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("f%d", i))
	}
	write(t, dir, names...)
	synctest.Test(t, func(t *testing.T) {
		f := decode[*FS](t, fmt.Sprintf(`<fs-consumer><base-directory-url>%s</base-directory-url>
<poller class="fixed-interval-poller"><poll-interval><unit>DAYS</unit><interval>1</interval></poll-interval></poller></fs-consumer>`, dir))
		first := true
		k := &taker{at: func(o offer) {
			if first {
				first = false
				f.Pause()
			}
			o.done(nil)
		}}
		start(t, f, k.handle)
		time.Sleep(time.Hour)
		all := k.take()
		if left, err := os.ReadDir(dir); err != nil || len(left) != 9 || len(all) != 1 {
			t.Errorf("%d files were taken, %d are left: %v", len(all), len(left), err)
		}
		before := time.Now()
		f.Resume()
		synctest.Wait()
		got := payloads(append(all, k.take()...))
		slices.Sort(got)
		if diff := cmp.Diff(names, got); diff != "" || time.Since(before) > 0 {
			t.Errorf("each file once, at once (-want +got):\n%s", diff)
		}
		stop(t, f)
	})
}
