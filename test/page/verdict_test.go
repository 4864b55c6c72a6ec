package page

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// The line on top is what is read at night, so what it says of each kind of trouble is fixed here.
func TestVerdict(t *testing.T) {
	b := modules(t)
	state := func(i int, s string) func(*adapter.Status) {
		return func(st *adapter.Status) { st.Channels[i].State = s }
	}
	lost := []adapter.Failure{{At: base.Add(-time.Minute), Channel: "orders", Message: "1"}}
	handled := []adapter.Failure{{At: base.Add(-time.Minute), Handled: true}, {At: base.Add(-9 * time.Minute), Handled: true}, {At: base.Add(-11 * time.Minute)}}
	many := make([]adapter.Failure, 200)
	for i := range many {
		many[i] = adapter.Failure{At: base.Add(-time.Second), Message: fmt.Sprint(i)}
	}
	const fine = "12,400 records/s; nothing failed in the last 10 min"
	for _, c := range []struct {
		name     string
		change   func(*adapter.Status)
		failures []adapter.Failure
		level    string
		line     string
		point    string
	}{
		{"all is well", func(*adapter.Status) {}, nil, "ok", "All 3 channels run; " + fine, ""},
		{"one channel", func(st *adapter.Status) { st.Channels = st.Channels[:1] }, nil, "ok", "Channel orders runs; " + fine, ""},
		{"two channels", func(st *adapter.Status) { st.Channels = st.Channels[:2] }, nil, "ok", "Both channels run; " + fine, ""},
		{"no channel", func(st *adapter.Status) { st.Channels = nil }, nil, "warn", "There is no channel; " + fine, ""},
		{"no Kinesis", func(st *adapter.Status) { st.Connections = nil }, nil, "ok", "All 3 channels run; 12,400 messages/s; nothing failed in the last 10 min", ""},
		{"one paused", state(1, adapter.StatePaused), nil, "warn", "2 of 3 channels run; invoices is paused; " + fine, ""},
		{"one stopped", state(2, adapter.StateStopped), nil, "warn", "2 of 3 channels run; audit is stopped; " + fine, ""},
		{"one that is to be stopped", func(st *adapter.Status) { st.Channels[2].State, st.Channels[2].AutoStart = adapter.StateStopped, false }, nil, "ok", "2 of 3 channels run; audit is stopped; " + fine, ""},
		{"one failed", func(st *adapter.Status) { st.Channels[2].State, st.Channels[2].Error = adapter.StateFailed, "no port" }, nil, "bad", "2 of 3 channels run; audit failed; " + fine, "Channel audit: no port"},
		{"none runs", func(st *adapter.Status) {
			st.Channels[0].State, st.Channels[1].State, st.Channels[2].State = adapter.StateStopped, adapter.StateStopped, adapter.StateFailed
		}, nil, "bad", "No channel runs; audit failed; orders, invoices are stopped; " + fine, ""},
		{"it starts", func(st *adapter.Status) {
			st.Channels, st.State, st.NotReady = nil, adapter.StateStarting, []string{"the document is being read"}
		}, nil, "warn", "The adapter is starting", "the document is being read"},
		{"it did not start", func(st *adapter.Status) {
			st.Channels, st.State, st.NotReady = nil, adapter.StateFailed, []string{"adapter.xml:3:1: no"}
		}, nil, "bad", "The adapter did not start", "adapter.xml:3:1: no"},
		{"it stops", func(st *adapter.Status) { st.State = adapter.StateStopping }, nil, "warn", "The adapter is stopping; " + fine, ""},
		{"a message is lost to its source", func(*adapter.Status) {}, lost, "bad", "All 3 channels run; 12,400 records/s; 1 message failed in the last 10 min", ""},
		{"messages are handled", func(*adapter.Status) {}, handled, "warn", "All 3 channels run; 12,400 records/s; 2 messages failed in the last 10 min, all taken by error handlers", ""},
		{"more failures than are kept", func(*adapter.Status) {}, many, "bad", "All 3 channels run; 12,400 records/s; 200 or more messages failed in the last 10 min", ""},
		{"a hot shard", func(st *adapter.Status) {
			st.HotShards = []adapter.HotShard{{Stream: "orders", ShardID: "shardId-7", Reason: "too much"}}
		}, nil, "warn", "All 3 channels run; " + fine, "Hot shard shardId-7 of orders: too much"},
		{"a full producer", func(st *adapter.Status) { st.Connections[0].Producer.BlockedPuts = 1 }, nil, "warn", "All 3 channels run; " + fine, "1 put waits for room in connection kinesis"},
		{"no shard map", func(st *adapter.Status) { st.Connections[0].Producer.Streams[0].ShardMapError = "denied" }, nil, "warn", "All 3 channels run; " + fine, "The shard map of audit-trail"},
		{"not ready, as the line says", func(st *adapter.Status) {
			st.Channels[2].State, st.NotReady = adapter.StateStarting, []string{"channel audit is starting"}
		}, nil, "warn", "2 of 3 channels run; audit is starting; " + fine, ""},
		{"a reload was refused", func(st *adapter.Status) { st.LastReload = &adapter.ReloadStatus{Error: "3 errors"} }, nil, "warn", "All 3 channels run; " + fine, "The last reload was refused: 3 errors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := calm(0)
			for i := range st.Channels {
				for j := range st.Channels[i].Workflows {
					st.Channels[i].Workflows[j].MessagesPerSecond = 12_400 / 4
				}
			}
			for i := range st.Connections[0].Producer.Streams {
				st.Connections[0].Producer.Streams[i].RecordsPerSecond = 12_400 / 2
			}
			c.change(&st)
			text, err := json.Marshal([]any{st, c.failures})
			if err != nil {
				t.Fatal(err)
			}
			v := tell[verdict](b.in(t), fmt.Sprintf(`import("./static/js/verdict.js").then((m) => m.judge(...%s.map((x) => x ?? [])))`, text))
			line := v.Head
			if v.Throughput != "" {
				line = strings.ReplaceAll(strings.Join([]string{v.Head, v.Throughput, v.Failures.Text}, "; "), "\u00a0", " ")
			}
			if v.Level != c.level || line != c.line {
				t.Errorf("%s: %s\nnot %s: %s", v.Level, line, c.level, c.line)
			}
			var points []string
			for _, p := range v.Points {
				points = append(points, p.Text)
			}
			if c.point == "" && len(points) > 0 || !strings.Contains(strings.Join(points, "\n"), c.point) {
				t.Errorf("the points are %q, not %q", points, c.point)
			}
		})
	}
}

type verdict struct {
	Level, Head, Throughput string
	Failures                struct{ Text string }
	Points                  []struct{ Level, Text string }
}

// modules is a tab that scripts are tried in.
func modules(t *testing.T) *tab {
	t.Helper()
	a := newAPI(t, calm(0))
	b := newTab(t, 800, 600, nil)
	b.show(a)
	return b
}

// Events are the same wherever the network cuts them.
func TestEventsInPieces(t *testing.T) {
	b := modules(t)
	for _, c := range []struct{ name, text, want string }{
		{"lines with \\n", "retry: 2000\n\nevent: status\ndata: {\"a\":1}\n\n: nothing\n\nevent: failure\ndata: x\n\n", `[["status","{\"a\":1}"],["failure","x"]]`},
		{"lines with \\r\\n", "event: status\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", `[["status","1"],["message","2"]]`},
		{"data of several lines", "data: a\ndata:b\ndata\n\n", `[["message","a\nb\n"]]`},
		{"one that does not end", "data: a\n\ndata: b\n", `[["message","a"]]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wrong := tell[[]string](b.in(t), fmt.Sprintf(`import("./static/js/stream.js").then(({ splitter }) => {
				const text = %q, want = %q, wrong = [];
				for (let i = 0; i <= text.length; i++)
					for (let j = i; j <= text.length; j++) {
						const split = splitter();
						const got = [text.slice(0, i), text.slice(i, j), text.slice(j)].flatMap((p) => split(p)).map((e) => [e.name, e.data]);
						if (JSON.stringify(got) !== want) wrong.push(i + "," + j + ": " + JSON.stringify(got));
					}
				return wrong.slice(0, 5);
			})`, c.text, c.want))
			if len(wrong) > 0 {
				t.Errorf("cut at %q", wrong)
			}
		})
	}
}
