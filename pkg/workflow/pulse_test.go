package workflow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestGaugesFollowMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(""), Surroundings{})
		end := new(later)
		p.sinks["sink"].produce = end.produce
		start(t, w)
		for range 30 {
			p.source.offer("0123456789")
		}
		if g := w.Gauges(); g.BufferedBytes != 300 || g.Latency.Count != 0 || g.MessagesPerSecond != 0 {
			t.Errorf("%+v", g)
		}
		time.Sleep(3 * time.Second)
		end.end(20, nil)
		end.end(5, errTest)
		end.end(5, component.ErrStopped)
		time.Sleep(time.Second)
		g := w.Gauges()
		if g.BufferedBytes != 0 || g.Latency.Count != 25 || g.Latency.Mean != 3*time.Second || g.Latency.Max != 3*time.Second || g.Latency.P50 != 3*time.Second {
			t.Errorf("%+v", g)
		}
		if g.MessagesPerSecond != 2.5 {
			t.Errorf("%v messages/s, want 25 in ten seconds", g.MessagesPerSecond)
		}
		time.Sleep(pulseSeconds * time.Second)
		if g := w.Gauges(); g.MessagesPerSecond != 0 || g.Latency.Count != 25 {
			t.Errorf("%+v", g)
		}
		stop(t, w)
	})
}

// What is said to be exact to a quarter is.
func TestQuantilesAreExactToAQuarter(t *testing.T) {
	for _, c := range []struct {
		name string
		draw func(*rand.Rand) time.Duration
	}{
		{"even", func(r *rand.Rand) time.Duration {
			return time.Duration(r.Int64N(int64(time.Second))) + 2*time.Microsecond
		}},
		{"long tail", func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(time.Minute)) }},
		{"one value", func(*rand.Rand) time.Duration { return 7 * time.Millisecond }},
		{"tiny", func(*rand.Rand) time.Duration { return 100 }},
		{"hours", func(*rand.Rand) time.Duration { return 5 * time.Hour }},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			var p pulse
			var all []time.Duration
			now := clock()
			for range 10_000 {
				d := c.draw(random)
				all = append(all, d)
				p.ended(passage{0, now - d}, now)
			}
			slices.Sort(all)
			l := p.gauges(now).Latency
			if l.Count != 10_000 || l.Max != all[len(all)-1] {
				t.Errorf("%+v, the longest is %v", l, all[len(all)-1])
			}
			for _, q := range []struct {
				share float64
				got   time.Duration
			}{{0.5, l.P50}, {0.99, l.P99}} {
				want := all[int(q.share*10_000)]
				if q.got < want || q.got > want+want/4+1<<10 {
					t.Errorf("quantile %v is %v, want %v and up to a quarter more", q.share, q.got, want)
				}
			}
		})
	}
}

func TestEveryDurationHasItsBucket(t *testing.T) {
	for d := time.Duration(1); d > 0 && d < 20*time.Minute; d += d/7 + 1 {
		i := pulseBucket(d)
		if d > pulseBucketEnd(i) || i > 0 && d <= pulseBucketEnd(i-1) {
			t.Fatalf("%v is in bucket %d, from %v to %v", d, i, pulseBucketEnd(i-1), pulseBucketEnd(i))
		}
	}
}

func TestPulsesTakeMessagesFromManyGoroutines(t *testing.T) {
	var p pulse
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				p.ended(p.began(3), clock())
				p.gauges(clock())
			}
		})
	}
	all.Wait()
	if g := p.gauges(clock()); g.Latency.Count != 8000 || g.BufferedBytes != 0 {
		t.Errorf("%+v", g)
	}
}

// A counter that falls looks like a program that began anew.
func TestTheSumOfLatenciesNeverFalls(t *testing.T) {
	var p pulse
	last := time.Duration(0)
	for _, took := range []time.Duration{11, 0, 0, 5, 0, 0} {
		p.ended(passage{}, took)
		if sum := p.gauges(0).LatencySum; sum != last+took {
			t.Errorf("%v, and after %v more %v", last, took, sum)
		}
		last += took
	}
}

// What a message is measured with allocates nothing.
func TestMeasuringAllocatesNothing(t *testing.T) {
	var p pulse
	if n := testing.AllocsPerRun(1000, func() {
		p.ended(p.began(10), clock())
	}); n != 0 {
		t.Errorf("%v allocations for each message", n)
	}
}

// What does it cost to measure a message, alone and from all processors at once?
func BenchmarkPulse(b *testing.B) {
	for _, parallel := range []bool{false, true} {
		b.Run(fmt.Sprintf("parallel=%v", parallel), func(b *testing.B) {
			var p pulse
			one := func() { p.ended(p.began(10), clock()) }
			b.ReportAllocs()
			if parallel {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						one()
					}
				})
				return
			}
			for b.Loop() {
				one()
			}
		})
	}
}
