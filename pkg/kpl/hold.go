package kpl

import "sync"

// hold keeps the first records of a stream until its first shard map is there, so that they too can be aggregated; the KPL sends them
// one by one. A record leaves at the latest when it would have to leave an aggregate.
type hold struct {
	mu      sync.Mutex // guards all below; taken before a lane's
	records []*kinesisRecord
	open    bool // the map has come: nothing is held any more
	failed  bool // the shards could not be listed the last time: what is in a hurry does not wait for the map
	armed   instant
}

// keep holds a user record. It returns false when nothing is held any more.
func (s *stream) keep(u *userRecord, data []byte, deadline, expiration instant) bool {
	h := &s.hold
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open {
		return false
	}
	k := s.p.pools.newPlain(s, nil, u, data)
	k.deadline, k.expiration = deadline, expiration
	h.records = append(h.records, k)
	if at := s.leavesHold(k); at < h.armed {
		h.armed = at
		s.alarm.set(&s.holdEntry, at)
	}
	return true
}

// leavesHold is when a held record must leave, under the hold's mutex.
func (s *stream) leavesHold(k *kinesisRecord) instant {
	if s.hold.failed && (k.urgent || s.p.flushed(k.users[0].generation)) {
		return 0
	}
	return s.mustLeave(k)
}

// holdFailed notes that the first map is not there yet and lets go what cannot wait for the next try; everything if none can help.
func (s *stream) holdFailed(final bool) {
	s.hold.mu.Lock()
	s.hold.failed = true
	s.hold.mu.Unlock()
	now := s.p.now()
	if final {
		now = never
	}
	s.releaseHeld(now)
}

// releaseHeld sends those on, without prediction, that cannot wait for the map any longer.
func (s *stream) releaseHeld(now instant) {
	h := &s.hold
	h.mu.Lock()
	defer h.mu.Unlock()
	h.armed = never
	kept := h.records[:0]
	for _, k := range h.records {
		if at := s.leavesHold(k); at > now {
			kept = append(kept, k)
			if at < h.armed {
				h.armed = at
			}
			continue
		}
		s.collector.add(k, s.p.now())
	}
	clear(h.records[len(kept):])
	h.records = kept
	s.alarm.set(&s.holdEntry, h.armed)
}

// openHold puts the first routes in force and the held records on their way, before any that come later. It returns false when the
// stream is closed.
func (s *stream) openHold(r *routes) bool {
	now := s.p.now()
	h := &s.hold
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open {
		return false
	}
	g := s.begin()
	defer g.end()
	for _, k := range h.records {
		i, ok := r.shards.find(k.users[0].hash)
		if !ok {
			s.collector.add(k, now)
			continue
		}
		k.users[0].urgent = k.urgent
		r.lanes[i].put(&k.users[0], k.plain, k.deadline, k.expiration, now, g)
		s.p.pools.release(k)
	}
	h.records = nil
	h.open = true
	h.armed = never
	s.alarm.set(&s.holdEntry, never)
	s.routes.Store(r)
	return true
}
