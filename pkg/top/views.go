package top

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// view is one thing to look at: a table made of the state.
type view struct {
	name    string
	columns func(*state) []column
	rows    func(*state, *time.Location) []row
	// none is what stands there when there is no row.
	none string
}

// The places of views.
const (
	viewChannels = iota
	viewStreams
	viewShards
	viewFailures
	viewErrors
	viewCount
)

var views = [viewCount]view{
	{"Channels", fixed(
		column{title: "CHANNEL", wide: true}, column{title: "STATE"}, column{title: "MSG/S", right: true}, column{title: "IN FLIGHT", right: true, drop: 2},
		column{title: "DELIVERED", right: true, drop: 1}, column{title: "HANDLED", right: true, drop: 4}, column{title: "FAILED", right: true},
		column{title: "P99", right: true, drop: 3}, column{title: "BUFFERED", right: true, drop: 5}, column{title: "GIVEN BACK", right: true, drop: 6},
	), channelRows, "the document has no channel"},
	{"Streams", fixed(
		column{title: "STREAM", wide: true}, column{title: "REC/S", right: true}, column{title: "BYTES/S", right: true, drop: 3}, column{title: "P99", right: true, drop: 4},
		column{title: "WAITING", right: true, drop: 5}, column{title: "IN FLIGHT", right: true, drop: 6}, column{title: "STORED", right: true, drop: 2},
		column{title: "FAILED", right: true}, column{title: "THROTTLED", right: true, drop: 1}, column{title: "SHARDS", right: true, drop: 7}, column{title: "CONNECTION", drop: 8},
	), streamRows, "nothing was sent to a stream in the last ten minutes"},
	{"Shards", shardColumns, shardRows, "no shard is known: nothing was sent to a stream in the last ten minutes"},
	{"Failures", fixed(
		column{title: "AT"}, column{title: "WORKFLOW", drop: 2}, column{title: "CODE", drop: 3}, column{title: "TRIES", right: true, drop: 4},
		column{title: "HANDLED", drop: 1}, column{title: "REASON", wide: true},
	), failureRows, "no message has failed"},
	{"Errors", fixed(column{title: " "}, column{title: "WHERE", drop: 1}, column{title: "COUNT", right: true}, column{title: "WHAT", wide: true}), errorRows, "nothing is the matter"},
}

func fixed(columns ...column) func(*state) []column {
	return func(*state) []column { return columns }
}

// stateLevel is how bad a state is.
func stateLevel(st string) level {
	switch st {
	case adapter.StateStarted:
		return fine
	case adapter.StateFailed:
		return bad
	case adapter.StateStopped:
		return plain
	}
	return warn
}

// key makes one text of ids that may contain anything.
func key(ids ...string) string {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "%q ", id)
	}
	return b.String()
}

func latency(l kpl.Latency) cell {
	if l.Count == 0 {
		return cell{text: "-", n: -1}
	}
	return figure(span(l.P99), float64(l.P99))
}

func channelRows(s *state, _ *time.Location) []row {
	var out []row
	for _, c := range s.Channels {
		var buffered int64
		var slowest kpl.Latency
		about := []string{}
		if c.Error != "" {
			about = append(about, clean(c.Error))
		}
		for _, w := range c.Workflows {
			buffered += w.BufferedBytes
			if w.Latency.P99 >= slowest.P99 {
				slowest = w.Latency
			}
			l := fmt.Sprintf("%s: %s to %s, %s, %s messages/s, %s in flight", w.ID, w.Consumer, w.Producer, w.State, rate(w.MessagesPerSecond), count(w.Counts.InFlight))
			if w.Latency.Count > 0 {
				l += fmt.Sprintf(", p50 %s, p99 %s", span(w.Latency.P50), span(w.Latency.P99))
			}
			about = append(about, clean(l))
		}
		if c.ConsumeConnection != "" || c.ProduceConnection != "" {
			about = append(about, clean(fmt.Sprintf("connections: consumes by %s, produces by %s", orNone(c.ConsumeConnection), orNone(c.ProduceConnection))))
		}
		if !c.AutoStart {
			about = append(about, "the document does not start it")
		}
		out = append(out, row{c.ID, []cell{
			text(c.ID), marked(text(c.State), stateLevel(c.State)), figure(rate(perSecond(c)), perSecond(c)), number(c.Counts.InFlight), number(c.Counts.Delivered),
			counted(c.Counts.Handled, warn), counted(c.Counts.Failed, bad), latency(slowest), figure(size(float64(buffered)), float64(buffered)), number(c.Counts.GivenBack),
		}, about})
	}
	return out
}

func orNone(id string) string {
	if id == "" {
		return "none"
	}
	return id
}

func streamRows(s *state, _ *time.Location) []row {
	var out []row
	for _, c := range s.Connections {
		if c.Producer == nil {
			continue
		}
		p := c.Producer
		for _, st := range p.Streams {
			kind := "not aggregating"
			if st.Aggregating {
				kind = "aggregating"
				if st.KinesisRecords > 0 {
					kind += ", " + rate(float64(st.Stored)/float64(st.KinesisRecords)) + " user records in a Kinesis record"
				}
			}
			about := []string{clean(fmt.Sprintf("connection %s: %s of %s records and %s of %s outstanding, %s, %d of %d requests under way", c.ID,
				count(p.OutstandingRecords), count(p.MaxOutstandingRecords), size(float64(p.OutstandingBytes)), size(float64(p.MaxOutstandingBytes)),
				plural(int64(p.BlockedPuts), "put waits", "puts wait"), p.RequestsInFlight, p.MaxConnections))}
			about = append(about, fmt.Sprintf("%s; %s, %s in the wrong shard, %s expired; requests take %s (p99 %s)", kind, plural(st.Retries, "retry", "retries"),
				count(st.WrongShard), count(st.Expired), span(st.RequestTime.P50), span(st.RequestTime.P99)))
			if len(st.ErrorsByCode) > 0 {
				about = append(about, "failed attempts: "+codes(st.ErrorsByCode))
			}
			if st.ShardMapError != "" {
				about = append(about, clean(fmt.Sprintf("the shard map, %s old, can not be renewed: %s", span(st.ShardMapAge), st.ShardMapError)))
			}
			name := text(st.Stream)
			if st.ShardMapError != "" {
				name.level = warn
			}
			out = append(out, row{key(c.ID, st.Stream), []cell{
				name, figure(rate(st.RecordsPerSecond), st.RecordsPerSecond), figure(size(st.BytesPerSecond), st.BytesPerSecond), latency(st.Latency),
				number(st.Buffered + st.Retrying), number(st.InFlight), number(st.Stored), counted(st.Failed, bad), counted(st.Throttled, warn),
				number(int64(st.OpenShards)), text(c.ID),
			}, about})
		}
	}
	return out
}

// tellsLanded says whether the server knows where records landed.
func tellsLanded(s *state) bool {
	for _, c := range s.more.Connections {
		if c.Producer == nil {
			continue
		}
		for _, st := range c.Producer.Streams {
			for _, sh := range st.Shards {
				if sh.Landed != nil {
					return true
				}
			}
		}
	}
	return false
}

func shardColumns(s *state) []column {
	out := []column{
		{title: " "}, {title: "SHARD", wide: true, tail: true}, {title: "STREAM", drop: 6}, {title: "REC/S", right: true}, {title: "BYTES/S", right: true, drop: 8},
		{title: "PACED AT", right: true, drop: 9}, {title: "THROTTLED", right: true, drop: 1}, {title: "IN FLIGHT", right: true, drop: 5}, {title: "WAITING", right: true, drop: 7},
		{title: "PREDICTED", right: true, drop: 4},
	}
	if tellsLanded(s) {
		out = append(out, column{title: "LANDED", right: true, drop: 3})
	}
	return append(out, column{title: "FAILED", right: true, drop: 2})
}

func shardRows(s *state, _ *time.Location) []row {
	hot := map[string]adapter.HotShard{}
	for _, h := range s.HotShards {
		hot[key(h.Connection, h.Stream, h.ShardID)] = h
	}
	landed := tellsLanded(s)
	var out []row
	for i, c := range s.Connections {
		if c.Producer == nil {
			continue
		}
		for j, st := range c.Producer.Streams {
			var total float64
			for _, sh := range st.Shards {
				total += sh.RecordsPerSecond
			}
			for k, sh := range st.Shards {
				id := key(c.ID, st.Stream, sh.ShardID)
				more := s.moreOf(i, j, k)
				sign, name := cell{text: " "}, text(sh.ShardID)
				var about []string
				if h, is := hot[id]; is {
					sign, name.level = cell{text: warn.mark(), level: warn}, warn
					about = append(about, clean("hot: "+h.Reason))
				}
				var load float64
				if total > 0 {
					load = 100 * sh.RecordsPerSecond / total
				}
				about = append(about, clean(fmt.Sprintf("%s of the records per second of %s, with %s of its hash keys; connection %s; %s and %s stored", percent(load), st.Stream, hashKeys(sh), c.ID,
					plural(sh.Stored, "record", "records"), size(float64(sh.StoredBytes)))))
				var keys []string
				for _, h := range more.HotKeys {
					keys = append(keys, clean(h.Key)+" "+percent(100*h.Share))
				}
				if len(keys) > 0 {
					about = append(about, "hottest partition keys: "+strings.Join(keys, ", "))
				}
				if len(sh.ErrorsByCode) > 0 {
					about = append(about, "failed attempts: "+codes(sh.ErrorsByCode))
				}
				pace := figure(percent(sh.RatePercent), sh.RatePercent)
				cells := []cell{
					sign, name, text(st.Stream), figure(rate(sh.RecordsPerSecond), sh.RecordsPerSecond), figure(size(sh.BytesPerSecond), sh.BytesPerSecond), pace,
					counted(sh.Throttled, warn), number(sh.InFlight), number(sh.Buffered), number(sh.Stored),
				}
				if landed {
					there := cell{text: "-", n: -1}
					if more.Landed != nil {
						if there = number(*more.Landed); *more.Landed != sh.Stored {
							there.level = warn
						}
					}
					cells = append(cells, there)
				}
				out = append(out, row{id, append(cells, counted(sh.Failed, bad)), about})
			}
		}
	}
	return out
}

// hashKeys is the part of the hash key space that a shard has.
func hashKeys(sh kpl.ShardStats) string {
	const digits = 39 // of 2^128
	if len(sh.StartingHashKey) > digits || len(sh.EndingHashKey) > digits {
		return "an unknown part"
	}
	from, ok := new(big.Int).SetString(sh.StartingHashKey, 10)
	to, good := new(big.Int).SetString(sh.EndingHashKey, 10)
	if !ok || !good {
		return "an unknown part"
	}
	all, _ := new(big.Float).SetInt(new(big.Int).Lsh(big.NewInt(1), 128)).Float64()
	part, _ := new(big.Float).SetInt(to.Sub(to, from)).Float64()
	return percent(100 * part / all)
}

func failureRows(s *state, zone *time.Location) []row {
	var out []row
	for _, f := range s.failures {
		handled := marked(text("no"), bad)
		outcome := "no error handler took it, so its source was told"
		if f.Handled {
			handled, outcome = marked(text("yes"), fine), "an error handler took it"
		}
		tries := cell{text: "-"}
		if f.Attempts > 0 {
			tries = number(int64(f.Attempts))
		}
		about := []string{clean(f.Reason)}
		if f.Remedy != "" {
			about = append(about, "what to do: "+clean(f.Remedy))
		}
		where := fmt.Sprintf("message %s; %s", f.Message, outcome)
		if f.Stream != "" {
			where += "; stream " + f.Stream
		}
		if f.ShardID != "" {
			where += ", " + f.ShardID
		}
		out = append(out, row{key(f.At.Format(time.RFC3339Nano), f.Channel, f.Workflow, f.Message), []cell{
			{text: clock(f.At, s.Now, zone)}, text(f.Workflow + "@" + f.Channel), text(f.ErrorCode), tries, handled, text(f.Reason),
		}, append(about, clean(where))})
	}
	return out
}

// clock is the time of day, with the date if that is another one.
func clock(at, now time.Time, zone *time.Location) string {
	at, now = at.In(zone), now.In(zone)
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format("01-02 15:04")
}

func errorRows(s *state, _ *time.Location) []row {
	var out []row
	for _, m := range matters(s) {
		out = append(out, row{key(m.where, m.text), []cell{{text: m.level.mark(), level: m.level}, {text: m.where}, {text: "-"}, {text: m.text}}, []string{m.text}})
	}
	for _, c := range s.Connections {
		if c.Producer == nil {
			continue
		}
		for _, st := range c.Producer.Streams {
			for code, n := range st.ErrorsByCode {
				out = append(out, row{key(c.ID, st.Stream, code), []cell{{text: " "}, text("stream " + st.Stream), number(n), text(code)},
					[]string{clean(fmt.Sprintf("%s with %s in stream %s by connection %s", plural(n, "attempt of a user record failed", "attempts of user records failed"), code, st.Stream, c.ID))}})
			}
		}
	}
	sortErrors(out)
	return out
}
