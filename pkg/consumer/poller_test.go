package consumer

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

func cron(t testing.TB, expression string) (component.Poller, string) {
	t.Helper()
	return decodeAny[component.Poller](t, `<quartz-cron-poller><cron-expression>`+expression+`</cron-expression></quartz-cron-poller>`)
}

// The expressions are those of Quartz's own tutorial, and a few more of each special character.
func TestCronPollerReadsQuartzExpressions(t *testing.T) {
	const layout = "2006-01-02 15:04:05"
	for _, c := range []struct {
		expression, from string
		want             []string
	}{
		{"0 0 12 * * ?", "2030-01-01 11:59:59", []string{"2030-01-01 12:00:00", "2030-01-02 12:00:00"}},
		{"0 15 10 ? * *", "2030-01-01 10:15:00", []string{"2030-01-02 10:15:00"}},
		{"0 15 10 * * ? *", "2030-01-01 00:00:00", []string{"2030-01-01 10:15:00"}},
		{"0 15 10 * * ? 2031", "2030-05-01 00:00:00", []string{"2031-01-01 10:15:00"}},
		{"0 15 10 1 1 ? 2031,2033", "2030-05-01 00:00:00", []string{"2031-01-01 10:15:00", "2033-01-01 10:15:00"}},
		{"0 0 0 1 1 ? 2031-2032", "2030-05-01 00:00:00", []string{"2031-01-01 00:00:00", "2032-01-01 00:00:00"}},
		{"0 * 14 * * ?", "2030-01-01 14:58:30", []string{"2030-01-01 14:59:00", "2030-01-02 14:00:00"}},
		{"0 0/5 14,18 * * ?", "2030-01-01 14:50:00", []string{"2030-01-01 14:55:00", "2030-01-01 18:00:00"}},
		{"0 0-5 14 * * ?", "2030-01-01 14:04:00", []string{"2030-01-01 14:05:00", "2030-01-02 14:00:00"}},
		{"0 10,44 14 ? 3 WED", "2030-01-01 00:00:00", []string{"2030-03-06 14:10:00", "2030-03-06 14:44:00"}},
		{"0 15 10 ? * MON-FRI", "2030-01-04 10:15:00", []string{"2030-01-07 10:15:00"}}, // Friday, Monday
		{"0 15 10 ? * 2-6", "2030-01-04 10:15:00", []string{"2030-01-07 10:15:00"}},     // 1 is Sunday
		{"0 15 10 15 * ?", "2030-01-16 00:00:00", []string{"2030-02-15 10:15:00"}},
		{"0 15 10 L * ?", "2030-01-31 10:15:00", []string{"2030-02-28 10:15:00", "2030-03-31 10:15:00"}},
		{"0 15 10 L-2 * ?", "2030-01-01 00:00:00", []string{"2030-01-29 10:15:00", "2030-02-26 10:15:00"}},
		{"0 15 10 L * ?", "2032-02-01 00:00:00", []string{"2032-02-29 10:15:00"}},
		{"0 15 10 ? * 6L", "2030-01-01 00:00:00", []string{"2030-01-25 10:15:00", "2030-02-22 10:15:00"}}, // the last Friday
		{"0 15 10 ? * 6L 2030-2031", "2030-12-01 00:00:00", []string{"2030-12-27 10:15:00", "2031-01-31 10:15:00"}},
		{"0 15 10 ? * 6#3", "2030-01-01 00:00:00", []string{"2030-01-18 10:15:00", "2030-02-15 10:15:00"}}, // the third Friday
		{"0 0 0 ? * 1#5", "2030-01-01 00:00:00", []string{"2030-03-31 00:00:00"}},                          // a fifth Sunday
		{"0 0 12 1/5 * ?", "2030-01-27 00:00:00", []string{"2030-01-31 12:00:00", "2030-02-01 12:00:00"}},
		{"0 11 11 11 11 ?", "2030-01-01 00:00:00", []string{"2030-11-11 11:11:00"}},
		{"0 0 9 15W * ?", "2030-06-01 00:00:00", []string{"2030-06-14 09:00:00", "2030-07-15 09:00:00"}}, // 15 June is a Saturday
		{"0 0 9 15W * ?", "2030-09-01 00:00:00", []string{"2030-09-16 09:00:00"}},                        // a Sunday
		{"0 0 9 1W * ?", "2030-06-01 00:00:00", []string{"2030-06-03 09:00:00"}},                         // never into the month before
		{"0 0 9 LW * ?", "2030-06-01 00:00:00", []string{"2030-06-28 09:00:00", "2030-07-31 09:00:00"}},  // 30 June is a Sunday
		{"*/20 * * * * ?", "2030-01-01 00:00:05", []string{"2030-01-01 00:00:20", "2030-01-01 00:00:40", "2030-01-01 00:01:00"}},
		{"0 0 0 29 2 ?", "2030-01-01 00:00:00", []string{"2032-02-29 00:00:00"}},
		{"0 0 0 ? JAN,jul sun", "2030-01-27 00:00:00", []string{"2030-07-07 00:00:00"}},
		{"0 0 22-2 * * ?", "2030-01-01 23:30:00", []string{"2030-01-02 00:00:00", "2030-01-02 01:00:00", "2030-01-02 02:00:00", "2030-01-02 22:00:00"}},
		{"0 0 0 ? * FRI-MON", "2030-01-04 00:00:00", []string{"2030-01-05 00:00:00", "2030-01-06 00:00:00", "2030-01-07 00:00:00", "2030-01-11 00:00:00"}},
	} {
		t.Run(c.expression, func(t *testing.T) {
			p, problems := cron(t, c.expression)
			if problems != "" {
				t.Fatal(problems)
			}
			at, err := time.ParseInLocation(layout, c.from, time.Local)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range c.want {
				at = p.Next(at, at)
				got = append(got, at.Format(layout))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCronPollerRefuses(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"", "is blank"},
		{"every minute", "no Quartz cron expression (seconds minutes hours"},
		{"* * * * *", "no Quartz cron expression"},
		{"61 * * * * ?", "no Quartz cron expression"},
		{"0 0 25 * * ?", "no Quartz cron expression"},
		{"0 0 0 ? * 8", "no Quartz cron expression"},
		{"0 0 0 ? * 0", "no Quartz cron expression"},
		{"0 0 12 * * ? 2001", "never comes"},
		{"0 0 0 30 2 ?", "never comes"},
		{"0 0 0 1 1 ? 2031 x", "no Quartz cron expression"},
	} {
		t.Run(c.expression, func(t *testing.T) {
			if _, problems := cron(t, c.expression); !strings.Contains(problems, c.want) || !strings.Contains(problems, "<cron-expression> of quartz-cron-poller") {
				t.Errorf("got %q, want %q", problems, c.want)
			}
		})
	}
}

func TestCronPollerEnds(t *testing.T) {
	p, problems := cron(t, "0 0 0 1 1 ? 2035")
	if problems != "" {
		t.Fatal(problems)
	}
	if at := p.Next(time.Date(2035, 1, 1, 0, 0, 0, 0, time.Local), time.Time{}); !at.IsZero() {
		t.Errorf("next time after the last: %v", at)
	}
}

// Whatever a document writes, it is refused, or it names times that lie ahead.
func FuzzCron(f *testing.F) {
	for _, seed := range []string{"0 0 12 * * ?", "0 15 10 ? * 6#3", "0 15 10 L-3 * ?", "0 0 9 LW * ? 2030-2040", "0/5 0,30 8-17 15W JAN-JUN ?", "0 0 0 30 2 ?", "@daily"} {
		f.Add(seed)
	}
	now := time.Date(2030, 3, 1, 12, 0, 0, 0, time.Local)
	f.Fuzz(func(t *testing.T, expression string) {
		times, err := parseQuartz(expression)
		if err != nil {
			return
		}
		p := &CronPoller{times: times}
		at := now
		for range 3 {
			next := p.Next(at, at)
			if next.IsZero() {
				return
			}
			if !next.After(at) {
				t.Fatalf("after %v comes %v", at, next)
			}
			at = next
		}
	})
}

func TestFixedIntervalPoller(t *testing.T) {
	for _, c := range []struct {
		fields string
		want   time.Duration
	}{
		{"", 20 * time.Second},
		{"<poll-interval><unit>MILLISECONDS</unit><interval>250</interval></poll-interval>", 250 * time.Millisecond},
		{"<poll-interval/>", 10 * time.Second}, // Interlok's default of an interval that is there
	} {
		synctest.Test(t, func(t *testing.T) {
			tr := decode[*Trigger](t, `<polling-trigger><poller class="fixed-interval-poller">`+c.fields+`</poller></polling-trigger>`)
			began := time.Now()
			var at []time.Duration
			k := taker{at: func(o offer) {
				at = append(at, time.Since(began))
				time.Sleep(time.Second) // a slow poll: the interval begins at its end
				o.done(nil)
			}}
			start(t, tr, k.handle)
			time.Sleep(2*(c.want+time.Second) + time.Second/2)
			stop(t, tr)
			if diff := cmp.Diff([]time.Duration{0, c.want + time.Second, 2 * (c.want + time.Second)}, at); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.fields, diff)
			}
		})
	}
}

func TestRandomIntervalPoller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := decode[*Trigger](t, `<polling-trigger><poller class="random-interval-poller"><poll-interval><unit>SECONDS</unit><interval>8</interval></poll-interval></poller></polling-trigger>`)
		last := time.Now()
		var waits []time.Duration
		k := taker{at: func(o offer) {
			waits = append(waits, time.Since(last))
			last = time.Now()
			o.done(nil)
		}}
		start(t, tr, k.handle)
		time.Sleep(time.Hour)
		stop(t, tr)
		short, long := 0, 0
		for _, w := range waits {
			switch {
			case w > 8*time.Second:
				t.Errorf("a wait of %v", w)
			case w < 4*time.Second:
				short++
			default:
				long++
			}
		}
		if short < 300 || long < 300 { // of about 900
			t.Errorf("%d short waits, %d long ones", short, long)
		}
	})
}

func TestCronPollerPollsAtItsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := decode[*Trigger](t, `<polling-trigger><poller class="quartz-cron-poller"><cron-expression>0 0/10 * * * ?</cron-expression></poller></polling-trigger>`)
		var at []string
		k := taker{at: func(o offer) {
			at = append(at, time.Now().Format("04:05"))
			if len(at) == 1 {
				time.Sleep(25 * time.Minute) // times that pass meanwhile are left out
			}
			o.done(nil)
		}}
		start(t, tr, k.handle)
		time.Sleep(55 * time.Minute)
		stop(t, tr)
		// The bubble's clock begins at midnight.
		if diff := cmp.Diff([]string{"10:00", "40:00", "50:00"}, at); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestStopDoesNotWaitForTheNextPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := decode[*Trigger](t, `<polling-trigger><poller class="quartz-cron-poller"><cron-expression>0 0 0 1 1 ?</cron-expression></poller></polling-trigger>`)
		start(t, tr, new(taker).handle)
		synctest.Wait()
		began := time.Now()
		stop(t, tr)
		if time.Since(began) != 0 {
			t.Errorf("the stop took %v", time.Since(began))
		}
		if err := tr.Start(t.Context()); err != nil {
			t.Errorf("restart: %v", err)
		}
		stop(t, tr)
	})
}

// A source that never polls again has nothing to do as soon as its last message has an outcome.
func TestIdleAfterTheLastPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := decode[*Trigger](t, `<polling-trigger><poller class="quartz-cron-poller"><cron-expression>0 30 0 1 1 ? 2000</cron-expression></poller></polling-trigger>`)
		k := new(taker)
		start(t, tr, k.handle)
		if !tr.IdleSince().IsZero() {
			t.Error("idle before the poll")
		}
		time.Sleep(40 * time.Minute)
		offers := k.take()
		if len(offers) != 1 || !tr.IdleSince().IsZero() {
			t.Errorf("%d messages, idle since %v", len(offers), tr.IdleSince())
		}
		offers[0].done(nil)
		if !tr.IdleSince().Equal(time.Now()) {
			t.Errorf("idle since %v", tr.IdleSince())
		}
		stop(t, tr)
	})
}
