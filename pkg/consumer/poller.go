package consumer

import (
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// FixedIntervalPoller is Interlok's FixedIntervalPoller: the first poll comes at once, each following one an interval after the end of the
// one before.
type FixedIntervalPoller struct {
	Interval     component.Interval `xml:"poll-interval" default:"20s" min:"1ms" doc:"time between two polls"`
	ShutdownWait component.Interval `xml:"shutdown-wait-time" effect:"none" doc:"accepted for compatibility: a stop does not wait for the next poll"`
}

// Next implements component.Poller.
func (p *FixedIntervalPoller) Next(now, previous time.Time) time.Time {
	if previous.IsZero() {
		return now
	}
	return previous.Add(p.Interval.Duration)
}

// RandomIntervalPoller is Interlok's RandomIntervalPoller: each poll comes after a random part of the interval.
type RandomIntervalPoller struct {
	Interval     component.Interval `xml:"poll-interval" default:"20s" min:"1ms" doc:"the longest time between two polls"`
	ShutdownWait component.Interval `xml:"shutdown-wait-time" effect:"none" doc:"accepted for compatibility: a stop does not wait for the next poll"`
}

// Next implements component.Poller.
func (p *RandomIntervalPoller) Next(now, _ time.Time) time.Time {
	return now.Add(rand.N(p.Interval.Duration)) //nolint:gosec // spreads load; nobody gains by guessing it
}

// GaussianIntervalPoller is Interlok's GaussianIntervalPoller: each poll comes after a time of the normal distribution; times that are not
// positive are drawn again.
type GaussianIntervalPoller struct {
	Mean         component.Interval `xml:"mean-interval" default:"0s" min:"0s" doc:"the mean of the times between two polls"`
	Deviation    component.Interval `xml:"standard-deviation-interval" default:"20s" min:"1ms" doc:"their standard deviation"`
	ShutdownWait component.Interval `xml:"shutdown-wait-time" effect:"none" doc:"accepted for compatibility: a stop does not wait for the next poll"`
}

// Next implements component.Poller.
func (p *GaussianIntervalPoller) Next(now, _ time.Time) time.Time {
	for {
		// At least every second draw is positive, since the mean is not negative. One beyond a Duration would be never.
		delay := rand.NormFloat64()*float64(p.Deviation.Duration) + float64(p.Mean.Duration) //nolint:gosec // spreads load; nobody gains by guessing it
		if delay >= 1 && delay < math.MaxInt64 {
			return now.Add(time.Duration(delay))
		}
	}
}

// CronPoller is Interlok's QuartzCronPoller: polls at the times of a cron expression in Quartz syntax, in the local time zone. A time that
// passes while a poll still runs is left out.
type CronPoller struct {
	Expression string `xml:"cron-expression,required" example:"0 */5 * * * ?" doc:"seconds, minutes, hours, day of month, month, day of week, and a year if wanted"`
	ID         string `xml:"quartz-id" effect:"none" doc:"accepted for compatibility"`
	Group      string `xml:"scheduler-group" effect:"none" doc:"accepted for compatibility"`
	OwnPool    bool   `xml:"use-custom-thread-pool" effect:"none" doc:"accepted for compatibility"`

	times *quartz
}

// Check implements component.Checker.
func (p *CronPoller) Check(r *component.Report) {
	if p.Expression == "" {
		return // reported by the decoder
	}
	times, err := parseQuartz(p.Expression)
	if err != nil {
		r.Errorf("cron-expression", "bad-value", "is %q, no Quartz cron expression (seconds minutes hours day-of-month month day-of-week [year], such as 0 */5 * * * ?): %v",
			p.Expression, strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	if times.next(time.Now()).IsZero() {
		r.Errorf("cron-expression", "bad-value", "is %q, which never comes; give it a time that lies ahead", p.Expression)
		return
	}
	p.times = times
}

// Next implements component.Poller.
func (p *CronPoller) Next(now, _ time.Time) time.Time { return p.times.next(now) }

func init() {
	component.Register[FixedIntervalPoller]("fixed-interval-poller", "com.adaptris.core.FixedIntervalPoller", component.KindPoller, "polls at once and then after each interval")
	component.Register[RandomIntervalPoller]("random-interval-poller", "com.adaptris.core.RandomIntervalPoller", component.KindPoller, "polls after random times up to an interval")
	component.Register[GaussianIntervalPoller]("gaussian-interval-poller", "com.adaptris.core.GaussianIntervalPoller", component.KindPoller, "polls after times of the normal distribution")
	component.Register[CronPoller]("quartz-cron-poller", "com.adaptris.core.QuartzCronPoller", component.KindPoller, "polls at the times of a Quartz cron expression")
}
