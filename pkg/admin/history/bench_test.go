package history

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// large is a state with 20 workflows and as many streams.
func large() adapter.Status {
	st := adapter.Status{Now: base, StartedAt: base, Connections: []adapter.ConnectionStatus{{ID: "kinesis", Producer: &kpl.Stats{}}}}
	for i := range 20 {
		l := kpl.Latency{Count: 100, Mean: time.Millisecond, P50: time.Millisecond, P99: time.Second}
		st.Channels = append(st.Channels, adapter.ChannelStatus{ID: fmt.Sprint(i), Workflows: []adapter.WorkflowStatus{{ID: "w", Latency: l, MessagesPerSecond: float64(i) / 3}}})
		st.Connections[0].Producer.Streams = append(st.Connections[0].Producer.Streams, kpl.StreamStats{Stream: fmt.Sprint(i), Latency: l, RecordsPerSecond: float64(i) / 7})
	}
	return st
}

// next is the state a second later.
func next(st *adapter.Status) {
	st.Now = st.Now.Add(time.Second)
	for i := range st.Channels {
		w := &st.Channels[i].Workflows[0]
		w.Latency.Count += 10
		w.LatencySum += 13 * time.Millisecond
	}
}

// A sample is taken each second as long as the program runs, so it leaves nothing for the collector.
func TestASampleMakesNothing(t *testing.T) {
	r, st := New(base), large()
	take := func() {
		next(&st)
		r.Add(&st)
	}
	for range 2 * Most {
		take()
	}
	if n := testing.AllocsPerRun(100, take); n != 0 {
		t.Errorf("a sample makes %v things", n)
	}
}

// What does a sample cost?
func BenchmarkAdd(b *testing.B) {
	r, st := New(base), large()
	b.ReportAllocs()
	for b.Loop() {
		next(&st)
		r.Add(&st)
	}
}

// What does it cost to tell ten minutes?
func BenchmarkHistoryAsJSON(b *testing.B) {
	r, st := New(base), large()
	for range Most {
		next(&st)
		r.Add(&st)
	}
	b.ReportAllocs()
	for b.Loop() {
		text, err := json.Marshal(r.History())
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
	}
}
