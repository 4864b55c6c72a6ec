package top

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// level says how bad something is.
type level int

const (
	plain level = iota
	fine
	warn
	bad
)

// mark is a level's shape: colours alone tell nothing to some.
func (l level) mark() string { return [...]string{" ", "●", "◆", "▲"}[l] }

// recently is how long a failure is news.
const recently = 10 * time.Minute

// matter is something to look at.
type matter struct {
	level level
	where string
	text  string
}

// verdict is what is read first.
type verdict struct {
	level level
	text  string
	// matters are what it is made of, the worst first.
	matters []matter
}

// judge comes to the same verdict as the status page.
func judge(s *state) verdict {
	if len(s.Channels) == 0 && s.State != adapter.StateStarted {
		v := verdict{level: warn, text: "the adapter is " + clean(s.State), matters: matters(s)}
		if s.State == adapter.StateFailed {
			v.level, v.text = bad, "the adapter did not start"
		}
		return v
	}
	v := verdict{level: fine, matters: matters(s)}
	raise := func(l level) { v.level = max(v.level, l) }
	for _, m := range v.matters {
		raise(m.level)
	}
	for _, c := range s.Channels {
		switch {
		case c.State == adapter.StateFailed:
			raise(bad)
		case c.State != adapter.StateStarted && (c.AutoStart || c.State != adapter.StateStopped):
			raise(warn) // one that the document does not start may well be stopped
		}
	}
	switch {
	case s.State == adapter.StateFailed:
		raise(bad)
	case s.State == adapter.StateStopping || len(s.Channels) == 0:
		raise(warn)
	}
	failures, how := lateFailures(s)
	raise(how)
	head := channelsLine(s.Channels)
	if s.State == adapter.StateStopping {
		head = "the adapter is stopping"
	}
	v.text = head + " · " + throughput(s) + " · " + failures
	return v
}

func channelsLine(all []adapter.ChannelStatus) string {
	by := map[string][]string{}
	for _, c := range all {
		by[c.State] = append(by[c.State], clean(c.ID))
	}
	n, running := len(all), len(by[adapter.StateStarted])
	var parts []string
	switch {
	case n == 0:
		return "there is no channel"
	case running == n && n == 1:
		return "channel " + clean(all[0].ID) + " runs"
	case running == n:
		return fmt.Sprintf("all %d channels run", n)
	case running == 0:
		parts = append(parts, "no channel runs")
	case running == 1:
		parts = append(parts, fmt.Sprintf("1 of %d channels runs", n))
	default:
		parts = append(parts, fmt.Sprintf("%d of %d channels run", running, n))
	}
	for _, st := range []string{adapter.StateFailed, adapter.StatePaused, adapter.StateStopped, adapter.StateStopping, adapter.StateStarting} {
		ids := by[st]
		if len(ids) == 0 {
			continue
		}
		verb := " is "
		if len(ids) > 1 {
			verb = " are "
		}
		if st == adapter.StateFailed {
			verb = " "
		}
		if len(ids) > 3 {
			ids = append(slices.Clone(ids[:3]), fmt.Sprintf("%d more", len(ids)-3))
		}
		parts = append(parts, strings.Join(ids, ", ")+verb+st)
	}
	return strings.Join(parts, "; ")
}

// throughput is of records where there are producers for Kinesis, else of messages.
func throughput(s *state) string {
	var records, messages float64
	kinesis := false
	for _, c := range s.Connections {
		if c.Producer == nil {
			continue
		}
		kinesis = true
		for _, st := range c.Producer.Streams {
			records += st.RecordsPerSecond
		}
	}
	if kinesis {
		return rate(records) + " records/s"
	}
	for _, c := range s.Channels {
		messages += perSecond(c)
	}
	return rate(messages) + " messages/s"
}

func perSecond(c adapter.ChannelStatus) (sum float64) {
	for _, w := range c.Workflows {
		sum += w.MessagesPerSecond
	}
	return sum
}

func lateFailures(s *state) (string, level) {
	var n, lost int64
	for _, f := range s.failures {
		if s.Now.Sub(f.At) >= recently {
			continue
		}
		if n++; !f.Handled {
			lost++
		}
	}
	messages := plural(n, "message", "messages")
	if n >= mostFailures {
		messages = count(n) + " messages or more"
	}
	switch {
	case n == 0:
		return "nothing failed in the last 10 min", fine
	case lost == 0:
		return messages + " failed in the last 10 min, taken by error handlers", warn
	}
	return messages + " failed in the last 10 min", bad
}

func matters(s *state) []matter {
	var out []matter
	tell := func(l level, where, format string, args ...any) {
		out = append(out, matter{l, clean(where), clean(fmt.Sprintf(format, args...))})
	}
	for _, c := range s.Channels {
		if c.Error != "" {
			tell(bad, "channel "+c.ID, "channel %s: %s", c.ID, c.Error)
		}
	}
	for _, reason := range s.NotReady {
		if slices.ContainsFunc(s.Channels, func(c adapter.ChannelStatus) bool { return c.Error != "" && strings.Contains(reason, c.Error) }) {
			continue // it is said above
		}
		l := bad
		if s.State == adapter.StateStarting {
			l = warn
		}
		tell(l, "adapter", "not ready: %s", reason)
	}
	for _, c := range s.Connections {
		if c.State == adapter.StateFailed {
			tell(bad, "connection "+c.ID, "connection %s failed", c.ID)
		}
		if p := c.Producer; p != nil {
			if p.BlockedPuts > 0 {
				tell(warn, "connection "+c.ID, "%s for room in connection %s: %s records and %s are outstanding",
					plural(int64(p.BlockedPuts), "put waits", "puts wait"), c.ID, count(p.OutstandingRecords), size(float64(p.OutstandingBytes)))
			}
			for _, st := range p.Streams {
				if st.ShardMapError != "" {
					tell(warn, "stream "+st.Stream, "the shard map of %s, %s old, can not be renewed: %s", st.Stream, span(st.ShardMapAge), st.ShardMapError)
				}
			}
		}
	}
	for _, h := range s.HotShards {
		tell(warn, "shard "+h.ShardID, "hot shard %s of %s: %s", h.ShardID, h.Stream, h.Reason)
	}
	if r := s.LastReload; r != nil && r.Error != "" {
		tell(warn, "reload", "the last reload did not succeed: %s", r.Error)
	}
	slices.SortStableFunc(out, func(a, b matter) int { return int(b.level - a.level) })
	return out
}
