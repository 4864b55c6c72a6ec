package main

import (
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/logging"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// figures are what the live line tells of a run.
type figures struct {
	counts workflow.Counts
	// running is since when it runs.
	running time.Duration
	// kinesis says that there are engines of connections to Kinesis, records how many user records a second they stored of late, throttled
	// how many attempts of user records were throttled.
	kinesis         bool
	records         float64
	throttled       int64
	throttledLately bool
	// messages ended in a second of late.
	messages float64
	// waiting are the messages that the sources still hold, if that is known.
	waiting int64
	known   bool
	// idle is since when there is nothing to do; zero while there is.
	idle time.Time
}

// speed is how fast records leave, or messages where there is no Kinesis.
func (f *figures) speed() part {
	if f.kinesis {
		return part{logging.Grouped(int64(f.records+0.5)) + " records/s", plain}
	}
	return part{logging.Grouped(int64(f.messages+0.5)) + " messages/s", plain}
}

// ended are the messages that have their outcome.
func (f *figures) ended() int64 { return f.counts.Consumed - f.counts.InFlight }

// lately is how long a rate looks back.
const lately = 10 * time.Second

// meter reads the figures of an adapter. It is used by one goroutine.
type meter struct {
	adapter *adapter.Adapter
	began   time.Time
	// stored and throttled are the sums over all engines and streams, those that are gone included; seen are the last totals of those that
	// are there.
	stored, throttled int64
	seen              map[engineStream]kpl.Totals
	// past are the samples of the last seconds, the oldest first.
	past []sample
}

type engineStream struct {
	engine *kpl.Producer
	stream string
}

type sample struct {
	at                       time.Time
	ended, stored, throttled int64
}

func newMeter(a *adapter.Adapter) *meter {
	return &meter{adapter: a, began: time.Now(), seen: make(map[engineStream]kpl.Totals)}
}

// read takes a sample.
func (m *meter) read() figures {
	now := time.Now()
	f := figures{counts: m.adapter.Counts(), running: now.Sub(m.began), idle: m.adapter.IdleSince()}
	f.kinesis = m.engines()
	f.waiting, f.known = waitingIn(m.adapter)
	f.throttled = m.throttled
	m.rates(&f, now)
	return f
}

// engines adds up what they have done since the last sample, and says whether there are some.
func (m *meter) engines() bool {
	producers := m.adapter.Producers()
	there := make(map[engineStream]kpl.Totals, len(m.seen))
	for _, p := range producers {
		for _, s := range p.Stats().Streams {
			key := engineStream{p, s.Stream}
			before := m.seen[key]
			if s.Stored < before.Stored || s.Throttled < before.Throttled { // it was given up for a while, and counts anew
				before = kpl.Totals{}
			}
			m.stored += s.Stored - before.Stored
			m.throttled += s.Throttled - before.Throttled
			there[key] = s.Totals
		}
	}
	m.seen = there
	return len(producers) > 0
}

// rates takes the sample into account.
func (m *meter) rates(f *figures, now time.Time) {
	m.past = append(m.past, sample{now, f.ended(), m.stored, m.throttled})
	for len(m.past) > 2 && now.Sub(m.past[1].at) >= lately {
		m.past = m.past[1:]
	}
	oldest := m.past[0]
	if span := now.Sub(oldest.at).Seconds(); span > 0 {
		f.records = float64(m.stored-oldest.stored) / span
		f.messages = float64(f.ended()-oldest.ended) / span
	}
	f.throttledLately = m.throttled > oldest.throttled
}

// waitingIn is how many messages the sources of an adapter still hold, if all of them know.
func waitingIn(a *adapter.Adapter) (messages int64, known bool) {
	for _, c := range a.Channels() {
		if !c.AutoStart {
			continue
		}
		for _, w := range c.All() {
			source, ok := w.Source().(component.Counted)
			if !ok {
				return 0, false
			}
			n, ok := source.Waiting()
			if !ok {
				return 0, false
			}
			messages += n
		}
	}
	return messages, true
}
