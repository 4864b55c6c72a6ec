package kinesislocal

import (
	"errors"
	"fmt"
)

// Shard is what a stream has.
type Shard struct {
	ID            string
	Open          bool
	Start, End    string // hash keys, inclusive, in decimal
	Parent        string // empty unless it came from a split or a merge
	Adjacent      string // the other parent of a merged shard
	FirstSequence string
}

// CreateStream makes a stream at once, ACTIVE. The error says that there is one
// already, that the name is none, or that shards is below 1.
func (s *Server) CreateStream(name string, shards int) error {
	switch {
	case !validStreamName(name):
		return fmt.Errorf("kinesislocal: %q is no stream name; give 1 to 128 of a-z A-Z 0-9 _ . -", name)
	case shards < 1:
		return fmt.Errorf("kinesislocal: stream %q can not have %d shards; give 1 or more", name, shards)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	if s.lookUp(name, now) != nil {
		return fmt.Errorf("kinesislocal: there is a stream %q already", name)
	}
	s.addStream(name, shards, now)
	return nil
}

// DeleteStream forgets a stream and its records at once.
func (s *Server) DeleteStream(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.lookUp(name, s.opts.Now())
	if st == nil {
		return s.noStream(name)
	}
	s.forget(st)
	return nil
}

// Streams returns the names of all streams in order.
func (s *Server) Streams() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streamNames(s.opts.Now())
}

// Shards returns the shards of a stream by number, closed ones included, or nil
// if there is no such stream.
func (s *Server) Shards(stream string) []Shard {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.lookUp(stream, s.opts.Now())
	if st == nil {
		return nil
	}
	list := make([]Shard, len(st.shards))
	for i, sh := range st.shards {
		list[i] = Shard{
			ID: sh.id, Open: sh.open(), Start: sh.start.String(), End: sh.end.String(),
			Parent: sh.parent, Adjacent: sh.adjacent, FirstSequence: sequenceString(st.prefix, sh.firstSequence),
		}
	}
	return list
}

// Reshard changes the shards of a stream at once, without the service's limits
// on how often and how far. The error says what can not be done.
func (s *Server) Reshard(stream string, change Reshard) error {
	f := Fault{Reshard: &change}
	if err := f.check(); err != nil {
		return err
	}
	return s.reshard(stream, &change)
}

func (s *Server) reshard(stream string, change *Reshard) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.opts.Now()
	st := s.lookUp(stream, now)
	if st == nil {
		return s.noStream(stream)
	}
	switch {
	case change.ShardCount > 0:
		st.scale(change.ShardCount, now)
		return nil
	case change.Split != "":
		sh, err := s.pick(st, change.Split, len(st.open))
		if err != nil {
			return err
		}
		if sh.start == sh.end {
			return fmt.Errorf("kinesislocal: shard %s of stream %q has one hash key and can not be split", sh.id, stream)
		}
		st.split(sh, sh.middle(), now)
		return nil
	}
	// The highest shard has none above it.
	low, err := s.pick(st, change.Merge, len(st.open)-1)
	if err != nil {
		return err
	}
	i := st.openIndex(low)
	if i+1 == len(st.open) {
		return fmt.Errorf("kinesislocal: shard %s of stream %q is the highest; there is none above it to merge with", low.id, stream)
	}
	high := st.open[i+1]
	st.merge(low, high, low.id, high.id, now)
	return nil
}

var errOneShard = errors.New("kinesislocal: there is one open shard and nothing to merge")

// pick returns an open shard by id, or one of the lowest n if it may be any.
func (s *Server) pick(st *stream, id string, n int) (*shard, error) {
	if id == AnyShard {
		if n == 0 {
			return nil, errOneShard
		}
		return st.open[s.faults.draw(n)], nil
	}
	sh := st.find(id)
	if sh == nil || !sh.open() {
		return nil, fmt.Errorf("kinesislocal: stream %q has no open shard %s", st.name, id)
	}
	return sh, nil
}
