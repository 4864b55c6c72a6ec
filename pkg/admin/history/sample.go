package history

import (
	"math"
	"strconv"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// Figure is a number that may be unknown, which is NaN here and null in JSON.
type Figure float64

var unknown = Figure(math.NaN())

// MarshalJSON implements json.Marshaler.
func (f Figure) MarshalJSON() ([]byte, error) { return f.append(nil), nil }

func (f Figure) append(to []byte) []byte {
	if v := float64(f); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(to, v, 'f', -1, 64)
	}
	return append(to, "null"...)
}

// Sample is what is plotted of a moment.
type Sample struct {
	// Time is in seconds since 1970, exact to a millisecond.
	Time Figure `json:"time"`
	// Records are stored per second, Messages are those of workflows that ended per second, both in the last ten seconds.
	Records  Figure `json:"records"`
	Messages Figure `json:"messages"`
	// Lately is the mean time, in nanoseconds, that messages of the last ten seconds took where they took longest. P50 and P99 are since the start,
	// of the workflow whose P99 is largest.
	Lately Figure `json:"lately"`
	P50    Figure `json:"p50"`
	P99    Figure `json:"p99"`
	// Failed messages, and Throttled attempts, per second since the sample before.
	Failed    Figure `json:"failed"`
	Throttled Figure `json:"throttled"`
	// InWorkflows and InProducers are bytes that are not delivered yet.
	InWorkflows Figure `json:"inWorkflows"`
	InProducers Figure `json:"inProducers"`
}

// totals are what rates are made of.
type totals struct {
	time, failed, throttled Figure
}

// read takes from a state what stands in it.
func read(st *adapter.Status) (Sample, totals) {
	at := Figure(st.Now.UnixMilli()) / 1000
	s := Sample{Time: at, Records: unknown, Lately: unknown, P50: unknown, P99: unknown, Failed: unknown, Throttled: unknown, InProducers: unknown}
	t := totals{time: at, failed: Figure(st.Counts.Failed + st.Counts.Handled), throttled: unknown}
	for i := range st.Channels {
		for j := range st.Channels[i].Workflows {
			w := &st.Channels[i].Workflows[j]
			s.Messages += Figure(w.MessagesPerSecond)
			s.InWorkflows += Figure(w.BufferedBytes)
		}
	}
	for i := range st.Connections {
		p := st.Connections[i].Producer
		if p == nil {
			continue
		}
		if math.IsNaN(float64(s.InProducers)) {
			s.Records, s.InProducers, t.throttled = 0, 0, 0
		}
		s.InProducers += Figure(p.OutstandingBytes)
		for j := range p.Streams {
			s.Records += Figure(p.Streams[j].RecordsPerSecond)
			t.throttled += Figure(p.Streams[j].Throttled)
		}
	}
	// Quantiles can not be added up: those of the slowest are shown.
	most := Figure(-1)
	for _, took := range timed(st) {
		if p99 := Figure(took.P99); p99 > most {
			most, s.P50, s.P99 = p99, Figure(took.P50), p99
		}
	}
	return s, t
}

// perSecond is a rate between two totals; unknown if one of them is.
func perSecond(before, now, seconds Figure) Figure {
	if math.IsNaN(float64(before)) || math.IsNaN(float64(now)) {
		return unknown
	}
	// Totals of a stream that was not used for long begin anew.
	return max(0, now-before) / seconds
}
