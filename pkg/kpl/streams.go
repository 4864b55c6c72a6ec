package kpl

import (
	"errors"
	"fmt"
	"maps"
	"unicode/utf8"

	"go.uber.org/zap"
)

// maxStreams is how many streams one producer serves at a time. Each holds a goroutine, a shard map and a buffer per shard.
const maxStreams = 1000

// ErrTooManyStreams is what Put wraps when a record names one stream too many, while all others have records outstanding.
var ErrTooManyStreams = errors.New("too many streams in use")

// streamOf returns the stream of that name, a new one if need be. must makes one even beyond maxStreams.
func (p *Producer) streamOf(name streamName, must bool) (*stream, error) {
	if s := (*p.streams.Load())[name]; s != nil {
		return s, nil
	}
	if !utf8.ValidString(string(name)) {
		return nil, fmt.Errorf("invalid stream %q: it is not valid UTF-8", name)
	}
	p.streamsMu.Lock()
	defer p.streamsMu.Unlock()
	if p.aborted() {
		return nil, ErrClosed
	}
	old := *p.streams.Load()
	if s := old[name]; s != nil {
		return s, nil
	}
	streams := maps.Clone(old)
	if len(streams) >= maxStreams && !must {
		quiet := quietest(streams)
		for quiet != nil && !quiet.leave() {
			quiet = quietest(streams)
		}
		if quiet == nil {
			return nil, fmt.Errorf("put into stream %s: %w: %d of them have records outstanding; wait for results, or use several producers", name, ErrTooManyStreams, len(streams))
		}
		delete(streams, quiet.name)
		p.crew.start(func() { p.giveUp(quiet) })
	}
	s := p.newStream(name)
	streams[name] = s
	p.streams.Store(&streams)
	return s, nil
}

// quietest is the stream without outstanding records into which nothing was put for the longest time.
func quietest(streams map[streamName]*stream) (quiet *stream) {
	least := never
	for _, s := range streams {
		if s.users.Load() == 0 {
			if last := s.lastPut(); last < least {
				quiet, least = s, last
			}
		}
	}
	return quiet
}

// leave marks a stream that is about to be given up, under the producer's streamsMu, unless something is outstanding. A Put counts its record
// first and looks at the mark then, so that one of both sees the other.
func (s *stream) leave() bool {
	s.gone.Store(true)
	if s.users.Load() > 0 {
		s.gone.Store(false)
		return false
	}
	return true
}

// stay returns the stream for a record that counts as outstanding on s already: s itself, or what takes its place if it was given up in
// this moment.
func (p *Producer) stay(s *stream, bytes int64) (*stream, error) {
	for s.gone.Load() {
		next, err := p.streamOf(s.name, true)
		if err != nil {
			return nil, err
		}
		if next == s {
			continue // not given up after all; the mark goes in a moment
		}
		next.users.Add(1)
		next.bytes.Add(bytes)
		s.users.Add(-1)
		s.bytes.Add(-bytes)
		s = next
	}
	return s, nil
}

// forget takes an idle stream out of use.
func (p *Producer) forget(s *stream) {
	p.streamsMu.Lock()
	streams := maps.Clone(*p.streams.Load())
	if streams[s.name] != s || p.aborted() || !s.leave() {
		p.streamsMu.Unlock()
		return
	}
	delete(streams, s.name)
	p.streams.Store(&streams)
	p.streamsMu.Unlock()
	p.giveUp(s)
}

// giveUp closes a stream that is out of use.
func (p *Producer) giveUp(s *stream) {
	var out deliveries
	for _, k := range s.shut() {
		s.routeAll(k, k.deadline, &out)
	}
	out.runIn(&p.crew)
	p.metrics.forget(string(s.name))
	p.log.Debug("idle stream given up", zap.String("stream", string(s.name)))
}
