package history

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

var base = time.Date(2026, 11, 24, 14, 3, 12, 0, time.UTC)

// column is a column of the history of these states, as JSON.
func column(t *testing.T, states []adapter.Status, of func(History) Column) string {
	t.Helper()
	r := New(base)
	for i := range states {
		r.Add(&states[i])
	}
	text, err := json.Marshal(of(r.History()))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Rates are made of totals, which begin anew now and then.
func TestRates(t *testing.T) {
	at := func(second float64, handled, throttled int64) adapter.Status {
		st := adapter.Status{Now: base.Add(time.Duration(second * float64(time.Second))), StartedAt: base}
		st.Counts.Handled = handled
		st.Connections = []adapter.ConnectionStatus{{Producer: &kpl.Stats{Streams: []kpl.StreamStats{{Totals: kpl.Totals{Throttled: throttled}}}}}}
		return st
	}
	again := at(4, 500, 0)
	again.StartedAt = base.Add(3 * time.Second)
	aside := at(1, 5, 0)
	aside.Connections = nil
	for _, c := range []struct {
		name      string
		states    []adapter.Status
		failed    string
		throttled string
	}{
		{"no state", nil, "[]", "[]"},
		{"rates per second", []adapter.Status{at(0, 5, 0), at(1, 7, 40), at(3, 17, 40)}, "[null,2,5]", "[null,40,0]"},
		{"parts of a second", []adapter.Status{at(0, 0, 0), at(0.5, 1, 0), at(0.75, 1, 1)}, "[null,2,0]", "[null,0,4]"},
		{"totals that begin anew", []adapter.Status{at(0, 5, 90), at(1, 6, 3)}, "[null,1]", "[null,0]"},
		{"a state that comes twice", []adapter.Status{at(0, 5, 0), at(0, 5, 0)}, "[null]", "[null]"},
		{"a gap", []adapter.Status{at(0, 0, 0), at(10, 20, 0)}, "[null,2]", "[null,0]"},
		{"another start", []adapter.Status{at(0, 5, 0), at(1, 5, 0), again}, "[null,0,null]", "[null,0,null]"},
		{"what is older than ten minutes", []adapter.Status{at(0, 0, 0), at(1, 0, 0), at(2, 0, 0), at(602, 0, 0)}, "[0,0]", "[0,0]"},
		{"a clock that is set back", []adapter.Status{at(100, 9, 0), at(101, 9, 0), at(1, 9, 0)}, "[null]", "[null]"},
		{"a producer that comes and goes", []adapter.Status{at(0, 5, 1), aside, at(2, 5, 1)}, "[null,0,0]", "[null,null,null]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := column(t, c.states, func(h History) Column { return h.Failed }); got != c.failed {
				t.Errorf("failed: %s, not %s", got, c.failed)
			}
			if got := column(t, c.states, func(h History) Column { return h.Throttled }); got != c.throttled {
				t.Errorf("throttled: %s, not %s", got, c.throttled)
			}
		})
	}
}

// What is taken now is told by the sums of two moments, of the workflow that is slowest now.
func TestMeanLatencyOfLate(t *testing.T) {
	l := func(count, meanMS int64) kpl.Latency {
		return kpl.Latency{Count: count, Mean: time.Duration(meanMS) * time.Millisecond}
	}
	at := func(second int, workflows ...kpl.Latency) adapter.Status {
		st := adapter.Status{Now: base.Add(time.Duration(second) * time.Second), StartedAt: base, Channels: []adapter.ChannelStatus{{ID: "c"}}}
		for i, l := range workflows {
			st.Channels[0].Workflows = append(st.Channels[0].Workflows, adapter.WorkflowStatus{ID: fmt.Sprint(i), Latency: l, LatencySum: l.Mean * time.Duration(l.Count)})
		}
		return st
	}
	streams := func(second int, workflow kpl.Latency, streams ...kpl.Latency) adapter.Status {
		st := at(second, workflow)
		p := &kpl.Stats{}
		for i, l := range streams {
			p.Streams = append(p.Streams, kpl.StreamStats{Stream: fmt.Sprint(i), Latency: l})
		}
		// The names are those of the channel and its workflow, which are something else.
		st.Connections = []adapter.ConnectionStatus{{ID: "c", Producer: p}}
		return st
	}
	exact := at(0, l(1e9, 10))
	exactLater := at(1, l(1e9+1, 10))
	exactLater.Channels[0].Workflows[0].LatencySum = exact.Channels[0].Workflows[0].LatencySum + 7*time.Microsecond
	none := kpl.Latency{}
	for _, c := range []struct {
		name   string
		states []adapter.Status
		want   string
	}{
		{"ten times as slow", []adapter.Status{at(0, l(1000, 10)), at(1, l(2000, 55))}, "[null,100000000]"},
		{"the slower one", []adapter.Status{at(0, l(100, 10), l(100, 10)), at(1, l(200, 10), l(200, 20))}, "[null,30000000]"},
		{"nothing has ended", []adapter.Status{at(0, l(100, 10)), at(1, l(100, 10))}, "[null,null]"},
		{"over ten seconds", []adapter.Status{at(0, l(100, 10)), at(3, l(200, 10)), at(6, l(200, 10)), at(9, l(200, 10)), at(12, l(300, 20))}, "[null,10000000,10000000,10000000,40000000]"},
		{"counts that begin anew", []adapter.Status{at(0, l(100, 10)), at(1, l(5, 70)), at(2, l(10, 70))}, "[null,null,70000000]"},
		{"the sum, not the mean, which is rounded", []adapter.Status{exact, exactLater}, "[null,7000]"},
		{"one that was away", []adapter.Status{at(0, l(100, 10)), at(1), at(2, l(200, 10)), at(3, l(300, 10))}, "[null,null,null,10000000]"},
		{"streams without messages", []adapter.Status{streams(0, none, l(100, 10)), streams(1, none, l(200, 10), l(100, 10))}, "[null,10000000]"},
		{"streams until there are messages", []adapter.Status{streams(0, none, l(100, 10)), streams(1, l(200, 30), l(200, 10)), streams(2, l(300, 30), l(200, 10))}, "[null,null,30000000]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := column(t, c.states, func(h History) Column { return h.Lately }); got != c.want {
				t.Errorf("%s, not %s", got, c.want)
			}
		})
	}
}

func TestSample(t *testing.T) {
	wf := func(p50, p99 time.Duration, bytes int64) adapter.WorkflowStatus {
		return adapter.WorkflowStatus{MessagesPerSecond: 1.5, BufferedBytes: bytes, Latency: kpl.Latency{Count: min(1, int64(p99)), P50: p50, P99: p99}}
	}
	stream := func(perSecond float64, p99 time.Duration) kpl.StreamStats {
		return kpl.StreamStats{RecordsPerSecond: perSecond, Latency: kpl.Latency{Count: 1, P50: 1, P99: p99}}
	}
	channels := func(workflows ...adapter.WorkflowStatus) []adapter.ChannelStatus {
		return []adapter.ChannelStatus{{Workflows: workflows[:1]}, {Workflows: workflows[1:]}}
	}
	kinesis := []adapter.ConnectionStatus{
		{}, {Producer: &kpl.Stats{OutstandingBytes: 5, Streams: []kpl.StreamStats{stream(10, 3), stream(20, 9)}}}, {Producer: &kpl.Stats{OutstandingBytes: 2}},
	}
	for _, c := range []struct {
		name  string
		state adapter.Status
		want  string
	}{
		{"nothing", adapter.Status{}, `"records":null,"messages":0,"lately":null,"p50":null,"p99":null,"failed":null,"throttled":null,"inWorkflows":0,"inProducers":null`},
		{
			"no Kinesis", adapter.Status{Channels: channels(wf(2, 7, 10), wf(6, 6, 20), wf(0, 0, 0))},
			`"records":null,"messages":4.5,"lately":null,"p50":2,"p99":7,"failed":null,"throttled":null,"inWorkflows":30,"inProducers":null`,
		},
		{
			"no message yet", adapter.Status{Channels: channels(wf(0, 0, 10)), Connections: kinesis},
			`"records":30,"messages":1.5,"lately":null,"p50":1,"p99":9,"failed":null,"throttled":null,"inWorkflows":10,"inProducers":7`,
		},
		{
			"both", adapter.Status{Channels: channels(wf(2, 7, 10)), Connections: kinesis},
			`"records":30,"messages":1.5,"lately":null,"p50":2,"p99":7,"failed":null,"throttled":null,"inWorkflows":10,"inProducers":7`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.state.Now = base.Add(123456 * time.Microsecond)
			s, ok := New(base).Add(&c.state)
			text, err := json.Marshal(s)
			if want := `{"time":1795528992.123,` + c.want + `}`; err != nil || !ok || string(text) != want {
				t.Errorf("%v, %v\n%s, not\n%s", err, ok, text, want)
			}
		})
	}
}

// However long an adapter is looked at, and however often, what is kept stays as small.
func TestTheLastTenMinutesAreKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		every time.Duration
		want  int
	}{{"once a second", time.Second, Most}, {"every two seconds", 2 * time.Second, 301}, {"ten times a second", 100 * time.Millisecond, Most}, {"once an hour", time.Hour, 1}} {
		t.Run(c.name, func(t *testing.T) {
			r := New(base)
			st := adapter.Status{StartedAt: base}
			const states = 5*Most + 7
			for i := range states {
				st.Now = base.Add(time.Duration(i) * c.every)
				r.Add(&st)
			}
			h := r.History()
			if len(h.Times) != c.want || len(h.InProducers) != c.want {
				t.Fatalf("%d and %d samples", len(h.Times), len(h.InProducers))
			}
			for i, at := range h.Times {
				want := base.Add(time.Duration(states-c.want+i) * c.every)
				if at != Figure(want.UnixMilli())/1000 {
					t.Fatalf("sample %d is of %v, not %v", i, at, want)
				}
			}
		})
	}
}
