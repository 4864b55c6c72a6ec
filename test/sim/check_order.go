package sim

import (
	"slices"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// duplicates checks the ledger: each copy beyond the first has an entry.
func (c *checker) duplicates() {
	extra, entries := map[lineKey]int{}, map[lineKey]int{}
	for _, p := range c.o.puts {
		if n := len(c.copies[p.id]); n > 1 {
			extra[p.line()] += n - 1
		}
	}
	for _, e := range c.o.ends {
		for line, n := range e.ledger {
			entries[line] += n
		}
	}
	for line, n := range extra {
		if entries[line] < n {
			c.complain("%d copies too many of the records of %s in %s (hash key %s), and %d entries in the ledger", n, line.key, line.stream, line.hash, entries[line])
		}
	}
	if !c.o.w.Exact {
		return
	}
	for line, n := range entries {
		if n > extra[line] {
			c.complain("%d entries in the ledger for the records of %s in %s (hash key %s), and %d copies too many", n, line.key, line.stream, line.hash, extra[line])
		}
	}
}

// order checks that the first copies of each key's records lie in the order of the puts: with StrictOrder always, else if there was one
// request at a time and nothing went wrong. A producer that was told to take streams for AUTO keeps none.
func (c *checker) order() {
	w := c.o.w
	if !w.Strict && (w.Connections > 1 || c.o.m.disturbed || c.anyFailed()) || w.AutoByDefault {
		return
	}
	auto := map[string]bool{}
	for i := range w.Streams {
		auto[w.Streams[i].Name] = w.Streams[i].everAuto()
	}
	lines := map[lineKey][]*put{}
	for _, p := range c.o.puts {
		if len(c.copies[p.id]) > 0 && !auto[p.stream] {
			lines[p.line()] = append(lines[p.line()], p)
		}
	}
	for line, puts := range lines {
		slices.SortFunc(puts, func(a, b *put) int { return a.counter - b.counter })
		for i := 1; i < len(puts); i++ {
			if before, after := c.first(puts[i-1]), c.first(puts[i]); before > after || before == after && c.place(puts[i-1], before) > c.place(puts[i], after) {
				c.complain("records %d and %d of %s in %s were put as %d and %d and stored the other way round", puts[i-1].id, puts[i].id, line.key, line.stream,
					puts[i-1].counter, puts[i].counter)
				break
			}
		}
	}
}

// anyFailed says whether a record failed. When one of an aggregate expires, the others are put on their way again.
func (c *checker) anyFailed() bool {
	return slices.ContainsFunc(c.o.puts, func(p *put) bool {
		return slices.ContainsFunc(p.results, func(r kpl.Result) bool { return r.Err != nil })
	})
}

// first is the sequence number of a record's first copy.
func (c *checker) first(p *put) uint64 {
	least := c.copies[p.id][0].in.sequence
	for _, copied := range c.copies[p.id] {
		least = min(least, copied.in.sequence)
	}
	return least
}

// place is where in that Kinesis record it stands.
func (c *checker) place(p *put, sequence uint64) int {
	for _, copied := range c.copies[p.id] {
		if copied.in.sequence == sequence {
			for i, u := range copied.in.entry.users {
				if id, err := idOf(u.Data); err == nil && id == p.id {
					return i
				}
			}
		}
	}
	return -1
}
