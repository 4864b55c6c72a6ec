package sim

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// outcome is what a world came to.
type outcome struct {
	w        *world
	m        *model
	puts     []*put
	ends     []*end // by producer
	problems []string
}

// end is what a producer said at its end.
type end struct {
	client   *client
	ledger   map[lineKey]int // entries by the records they may be of
	entries  int64
	listed   int64 // entries by Duplicates
	left     int
	closeErr error
	stats    kpl.Stats
}

// maxProblems is how many problems of a world are told.
const maxProblems = 10

// copied is a user record in a stream.
type copied struct {
	in *held
	// readable says whether consumers read it: they drop an aggregate with a user record that does not belong into its shard.
	readable bool
}

// check says what is wrong with the outcome.
func check(o *outcome) []string {
	c := checker{o: o, problems: o.problems, copies: make([][]copied, len(o.puts))}
	c.readStreams()
	c.results()
	c.producers()
	c.duplicates()
	c.order()
	if n := len(c.problems); n > maxProblems {
		c.problems = append(c.problems[:maxProblems], fmt.Sprintf("and %d more", n-maxProblems))
	}
	return c.problems
}

type checker struct {
	o        *outcome
	problems []string
	copies   [][]copied // by number of the record, in the order in which they were stored
}

func (c *checker) complain(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// readStreams takes apart what the streams hold, as consumers do.
func (c *checker) readStreams() {
	m := c.o.m
	for i := range m.held {
		h := &m.held[i]
		if !h.shard.closed.IsZero() && h.at.After(h.shard.closed) {
			c.complain("shard %s of %s took a record after it was closed", h.shard.id, h.stream)
		}
		readable := true
		for _, u := range h.entry.users {
			hash, err := hashOf(u)
			if err != nil {
				c.complain("stored record %.20q: %v", u.Data, err)
			}
			readable = readable && (h.shard.holds(hash) || !h.entry.aggregated)
		}
		for _, u := range h.entry.users {
			c.readRecord(h, u, readable)
		}
	}
	for i := range c.o.w.Streams {
		s := &c.o.w.Streams[i]
		if s.Auto && len(s.Events) == 0 && s.Appears == 0 && c.o.w.Faults.Describe == describeTells {
			c.plainOnly(s)
		}
	}
}

// hashOf is how consumers find where a user record belongs.
func hashOf(u aggregation.Record) (kpl.HashKey, error) {
	if u.ExplicitHashKey != "" {
		return kpl.ParseHashKey(u.ExplicitHashKey)
	}
	return kpl.HashKeyOf(u.PartitionKey), nil
}

func (c *checker) readRecord(h *held, u aggregation.Record, readable bool) {
	id, err := idOf(u.Data)
	if err != nil || id >= len(c.o.puts) {
		c.complain("%s holds a record that was never put: %.20q, %v", h.stream, u.Data, err)
		return
	}
	p := c.o.puts[id]
	if hash, _ := hashOf(u); h.stream != p.stream || u.PartitionKey != p.key || hash != p.hash || !bytes.Equal(u.Data, p.data()) {
		c.complain("record %d was put into %s with key %s and is held by %s with key %s, hash key %s and data %.30q",
			id, p.stream, p.key, h.stream, u.PartitionKey, hash, u.Data)
	}
	if !p.accepted && !p.abandoned {
		c.complain("record %d was not accepted and is stored", id)
	}
	c.copies[id] = append(c.copies[id], copied{h, readable})
}

// plainOnly looks whether a stream holds no aggregates: where the service distributes the records consumers cannot read them.
func (c *checker) plainOnly(s *streamPlan) {
	for i := range c.o.m.held {
		if h := &c.o.m.held[i]; h.stream == s.Name && h.entry.aggregated {
			c.complain("%s distributes its records itself and holds an aggregate", s.Name)
			return
		}
	}
}

// results checks what was said of each record.
func (c *checker) results() {
	plans := map[string]*streamPlan{}
	for i := range c.o.w.Streams {
		plans[c.o.w.Streams[i].Name] = &c.o.w.Streams[i]
	}
	for _, p := range c.o.puts {
		switch n := len(p.results); {
		case p.abandoned:
			continue
		case !p.accepted && n > 0:
			c.complain("record %d was not accepted and has %d results", p.id, n)
			continue
		case p.accepted && n != 1:
			c.complain("record %d has %d results, want one", p.id, n)
			continue
		case n == 0:
			continue
		}
		if r := p.results[0]; r.Err == nil {
			c.stored(p, r, plans[p.stream])
		} else {
			c.failed(p, r)
		}
		if took, most := p.endedAt.Sub(p.acceptedAt), c.longest(); took > most {
			c.complain("record %d had its result after %v, want at most %v: %+v", p.id, took, most, p.results[0])
		}
	}
}

// longest is how long a result may take: a request that began in time may end later, and what waits for a shard's rate is looked at every
// second.
func (c *checker) longest() time.Duration {
	w := c.o.w
	most := w.TTL + w.Timeout + 2*time.Second
	if w.SlowCallbacks {
		most += time.Hour
	}
	return most
}

func (c *checker) stored(p *put, r kpl.Result, plan *streamPlan) {
	named, readable := false, false
	for _, copied := range c.copies[p.id] {
		named = named || copied.in.shard.id == r.ShardID && sequenceNumber(copied.in.sequence) == r.SequenceNumber
		readable = readable || copied.readable
	}
	switch {
	case p.poison:
		c.complain("record %d is said to be stored, which the service refuses", p.id)
	case !named:
		c.complain("record %d is said to be stored in shard %s at %s and is not", p.id, r.ShardID, r.SequenceNumber)
	case !readable && !plan.everAuto():
		c.complain("record %d is stored in aggregates only that consumers drop", p.id)
	}
	if n := len(r.Attempts); n == 0 || !r.Attempts[n-1].Success || r.Stream != p.stream {
		c.complain("record %d is stored in %s, but its result says %+v", p.id, p.stream, r)
	}
}

func (c *checker) failed(p *put, r kpl.Result) {
	var e *kpl.RecordError
	if !errors.As(r.Err, &e) || e.Code == "" || len(e.Attempts) == 0 {
		c.complain("record %d failed without a cause: %#v", p.id, r.Err)
		return
	}
	if len(c.copies[p.id]) > 0 && !e.MayBeStored {
		c.complain("record %d failed (%v) and is stored, and the error does not say that it may be", p.id, e)
	}
}

// producers checks what was said at the end.
func (c *checker) producers() {
	closed := make([]int, len(c.o.ends))
	abandoned := make([]int, len(c.o.ends))
	for _, p := range c.o.puts {
		if p.abandoned {
			abandoned[p.producer]++
		}
		for _, r := range p.results {
			if errors.Is(r.Err, kpl.ErrClosed) {
				closed[p.producer]++
			}
		}
	}
	for i, e := range c.o.ends {
		if c.o.w.Ending == endsCalm && (e.left != 0 || e.closeErr != nil) {
			c.complain("producer %d: Close with time for everything left %d, %v", i, e.left, e.closeErr)
		}
		if e.left < closed[i] || e.left > closed[i]+abandoned[i] {
			c.complain("producer %d: Close left %d and %d records failed so", i, e.left, closed[i])
		}
		if st := e.stats; st.OutstandingRecords != 0 || st.OutstandingBytes != 0 || st.BlockedPuts != 0 || st.RequestsInFlight != 0 {
			c.complain("producer %d after Close: %d records and %d bytes outstanding, %d puts blocked, %d requests in flight",
				i, st.OutstandingRecords, st.OutstandingBytes, st.BlockedPuts, st.RequestsInFlight)
		}
		if e.client.most > c.o.w.Connections || e.client.inFlight != 0 {
			c.complain("producer %d had %d requests in flight at a time, more than %d, and has %d at the end", i, e.client.most, c.o.w.Connections, e.client.inFlight)
		}
		if e.listed != e.entries {
			c.complain("producer %d told of %d duplicates and counts %d", i, e.entries, e.listed)
		}
	}
}
