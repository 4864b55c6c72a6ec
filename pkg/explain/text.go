package explain

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Text writes the report for people.
func (r *Report) Text(w io.Writer) error {
	t := &textWriter{}
	t.line(0, "channel %s, workflow %s (%s)", r.Channel, r.Workflow, r.Class)
	t.line(0, "message: %s, %s", count(r.Start.PayloadBytes, "byte"), r.Start.PayloadKind)
	for _, key := range slices.Sorted(maps.Keys(r.Start.Metadata)) {
		t.line(1, "  %s = %s", key, quote(r.Start.Metadata[key]))
	}
	t.line(0, "")
	t.steps(0, "", r.Steps)
	t.line(0, "")
	if r.LeftOut > 0 {
		t.line(0, "%s more are not shown.", count(r.LeftOut, "step"))
	}
	t.end(r)
	_, err := io.WriteString(w, t.b.String())
	return err
}

type textWriter struct{ b strings.Builder }

func (t *textWriter) line(depth int, format string, args ...any) {
	text := strings.Repeat("    ", depth) + fmt.Sprintf(format, args...)
	t.b.WriteString(strings.TrimRight(text, " ") + "\n")
}

// steps numbers them within the step that holds them: 2.1 is the first inside the second.
func (t *textWriter) steps(depth int, outer string, steps []*Step) {
	shown := 0
	for _, s := range steps {
		if s.Class == "service-list" && s.Status == StatusDone && s.Metadata == nil && s.Payload == nil && s.Steps == nil {
			continue // an empty list, often one that the document does not even have
		}
		shown++
		number := outer + strconv.Itoa(shown)
		t.line(depth, "%s  %s%s", number, s.title(), s.verdict())
		for _, c := range s.Metadata {
			t.change(depth+1, c)
		}
		if p := s.Payload; p != nil {
			t.line(depth+1, "~ payload: %s, %s → %s, %s", count(p.BytesBefore, "byte"), p.KindBefore, count(p.BytesAfter, "byte"), p.KindAfter)
			if p.Preview != "" {
				t.line(depth+1, "  %s", p.Preview)
			}
		}
		if s.Record != nil {
			t.record(depth+1, s.Record)
		}
		t.steps(depth+1, number+".", s.Steps)
	}
}

// title names a step.
func (s *Step) title() string {
	if s.Kind == KindPart {
		return strings.TrimSpace(fmt.Sprintf("part %d, %s  %s", s.Part, count(s.PayloadBytes, "byte"), s.About))
	}
	out := s.Class
	if s.Kind == KindCondition {
		out = "condition " + out
	}
	if s.ID != "" {
		out += " " + s.ID
	}
	if s.About != "" && s.Record == nil {
		out += ": " + s.About
	}
	if s.At != "" && s.Kind != KindCondition {
		out += "  (" + s.At + ")"
	}
	return out
}

// verdict says how a step ended, where that is not simply well.
func (s *Step) verdict() string {
	switch {
	case s.Holds != nil && *s.Holds:
		return " → holds"
	case s.Holds != nil:
		return " → does not hold"
	case s.Status == StatusDone:
		return ""
	case s.Why == "":
		return " → " + string(s.Status)
	}
	return fmt.Sprintf(" → %s: %s", s.Status, s.Why)
}

func (t *textWriter) change(depth int, c Change) {
	switch {
	case c.Before == nil && c.After == nil: // came and went inside the step
	case c.Before == nil:
		t.line(depth, "+ %s = %s", c.Key, quote(*c.After))
	case c.After == nil:
		t.line(depth, "- %s, was %s", c.Key, quote(*c.Before))
	case *c.Before != *c.After:
		t.line(depth, "~ %s = %s, was %s", c.Key, quote(*c.After), quote(*c.Before))
	}
}

func (t *textWriter) record(depth int, r *Record) {
	t.line(depth, "stream         %s, by connection %s", r.Stream, r.Connection)
	t.line(depth, "partition key  %s", quote(r.PartitionKey))
	by := "MD5 of the partition key"
	if r.ExplicitHashKey != "" {
		by = "explicit hash key"
	}
	t.line(depth, "hash key       %s (%s)", r.HashKey, by)
	t.line(depth, "shard          %s", strings.TrimSpace(r.Shard+" "+r.ShardNote))
	c := r.Cost
	if !c.Aggregated {
		t.line(depth, "aggregated     no: %s", c.Why)
		t.line(depth, "costs          %s of 25 KB for %s", count(c.UnitsAlone, "PUT payload unit"), count(r.DataBytes, "byte"))
		return
	}
	t.line(depth, "aggregated     yes, %s", c.Why)
	if c.PerAggregate < 2 {
		t.line(depth, "costs          %s of 25 KB: two such records do not fit into one aggregated record", count(c.UnitsAlone, "PUT payload unit"))
		return
	}
	t.line(depth, "costs          %s of 25 KB alone; %s for a full aggregated record of %d like it, %.4f each",
		count(c.UnitsAlone, "PUT payload unit"), count(c.UnitsFull, "unit"), c.PerAggregate, float64(c.UnitsFull)/float64(c.PerAggregate))
}

// end says what becomes of the message.
func (t *textWriter) end(r *Report) {
	if r.Failure == "" {
		switch n := r.RecordCount; n {
		case 0:
			t.line(0, "The message would be delivered; nothing of it would go to Kinesis.")
		default:
			t.line(0, "The message would be delivered when Kinesis has stored %s. Nothing was sent.", count(n, "record"))
		}
		return
	}
	t.line(0, "The message would fail: %s", r.Failure)
	if n := r.RecordCount; n > 0 {
		t.line(0, "Before that, %s would have been put into Kinesis.", count(n, "record"))
	}
	if len(r.Handlers) == 0 {
		t.line(0, "No error handler would take it: it is logged, and left with its source.")
	}
	for _, h := range r.Handlers {
		s := Step{Class: h.Class, ID: h.ID, At: h.At}
		t.line(0, "It would be taken by %s: %s", s.title(), h.About)
		t.steps(1, "", h.Steps)
		if h.Failure != "" {
			t.line(1, "That would fail too: %s", h.Failure)
		}
	}
}

// quote shows a value on one line, so that blanks and control characters can be seen.
func quote(s string) string {
	q := strconv.Quote(shorten(s))
	if plain := q[1 : len(q)-1]; plain == s && s != "" && strings.TrimSpace(s) == s {
		return s
	}
	return q
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
