package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/workflow"
)

func TestTheProgressLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		half := figures{counts: workflow.Counts{Consumed: 6200, InFlight: 80, Delivered: 6120}, waiting: 5800, known: true, messages: 24, kinesis: true, records: 1204}
		with := func(change func(*figures)) figures {
			f := half
			change(&f)
			return f
		}
		for _, c := range []struct {
			name     string
			f        figures
			width    int
			stopping bool
			want     string
		}{
			{"half", half, 100, false, "[############.............]  51 %  4m5s left  6,120 of 12,000 messages  1,204 records/s  0 failed"},
			{"wide", half, 130, false, "[###############...............]  51 %  4m5s left  6,120 of 12,000 messages  1,204 records/s  0 failed  0 throttled"},
			{"narrow", half, 39, false, "51 %  4m5s left"},
			{"nothing ended yet", with(func(f *figures) { f.counts, f.waiting, f.messages = workflow.Counts{}, 12000, 0 }), 80, false,
				"[....................]  0 %  time left not known yet  0 of 12,000 messages"},
			{"stands still", with(func(f *figures) { f.messages = 1e-9 }), 80, false, "[##########..........]  51 %  time left not known yet  6,120 of 12,000 messages"},
			{"one is left", with(func(f *figures) { f.counts, f.waiting = workflow.Counts{Consumed: 12000, InFlight: 1}, 0 }), 80, false,
				"[###################.]  99 %  0s left  11,999 of 12,000 messages"},
			{"all done", with(func(f *figures) {
				f.counts, f.waiting, f.idle = workflow.Counts{Consumed: 12000}, 0, time.Now().Add(-2*time.Second)
			}), 80, false,
				"[####################]  100 %  done; ends in 3s  12,000 of 12,000 messages"},
			{"draining", with(func(f *figures) { f.waiting = 0 }), 80, true, "[###################.]  98 %  draining  6,120 of 6,200 messages"},
			{"not known", with(func(f *figures) { f.known = false }), 120, false,
				"1,204 records/s  80 in flight  0 failed  0 throttled  6,120 delivered in 0s  how much is left is not known"},
			{"not known, idle", with(func(f *figures) { f.known, f.idle = false, time.Now() }), 120, false,
				"1,204 records/s  80 in flight  0 failed  0 throttled  6,120 delivered in 0s  done; ends in 5s"},
			{"nothing there", figures{known: true, idle: time.Now()}, 120, false, "0 messages/s  0 in flight  0 failed  0 delivered in 0s  done; ends in 5s"},
		} {
			if got := fitted(progressLine(&c.f, 5*time.Second, c.width, c.stopping), c.width, false); got != c.want {
				t.Errorf("%s: got  %q\nwant %q", c.name, got, c.want)
			}
		}
	})
}

func TestABarIsFullOnlyAtTheEnd(t *testing.T) {
	for _, total := range []int64{1, 3, 20, 1000, 1 << 60} {
		for _, done := range []int64{0, 1, total / 2, total - 1, total} {
			got := bar(done, total, 20)
			if full := got == "[####################]"; len(got) != 22 || full != (done == total) {
				t.Errorf("%d of %d: %s", done, total, got)
			}
		}
	}
}
