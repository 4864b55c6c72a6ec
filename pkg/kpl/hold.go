package kpl

import "sync"

// hold keeps the first records of a stream until its first shard map is there, so that they too can be aggregated; the KPL sends them
// one by one. A record leaves at the latest when it would have to leave an aggregate; with StrictOrder it waits for the map.
type hold struct {
	mu      sync.Mutex // guards all below; taken before a lane's
	records []*kinesisRecord
	open    bool // the map has come: nothing is held any more
	failed  bool // the shards could not be listed the last time: what is in a hurry does not wait for the map
	// spread says that the service distributes the stream's records, as far as is known before the first map.
	spread bool
	armed  instant
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
	if s.p.cfg.StrictOrder {
		return k.expiration // without a map there is no order
	}
	if s.hold.failed && (k.urgent || s.p.flushed(k.users[0].generation)) {
		return 0
	}
	return s.mustLeave(k)
}

// holdFailed notes why the first map is not there yet and lets go what cannot wait for the next try; everything if none can help. With
// StrictOrder nothing can leave without a map, and fails in that case.
func (s *stream) holdFailed(c cause) {
	now := s.p.now()
	s.hold.mu.Lock()
	s.hold.failed = true
	var failed []*kinesisRecord
	if c.final && s.p.cfg.StrictOrder {
		failed, s.hold.records = s.hold.records, nil
	}
	s.hold.mu.Unlock()
	var out deliveries
	for _, k := range failed {
		s.failed(k, c, now, now, &out)
	}
	out.runIn(&s.p.crew)
	if c.final && !s.p.cfg.StrictOrder {
		now = never
	}
	s.releaseHeld(now)
}

// releaseHeld sends those on, without prediction, that cannot wait for the map any longer, and what came before them.
func (s *stream) releaseHeld(now instant) {
	h := &s.hold
	h.mu.Lock()
	defer h.mu.Unlock()
	h.armed = never
	leaving := 0
	for i, k := range h.records {
		if s.leavesHold(k) <= now {
			leaving = i + 1
		}
	}
	for _, k := range h.records[:leaving] {
		s.collector.add(k, s.p.now())
	}
	kept := copy(h.records, h.records[leaving:])
	clear(h.records[kept:])
	h.records = h.records[:kept]
	for _, k := range h.records {
		h.armed = min(h.armed, s.leavesHold(k))
	}
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
	if r.spread = h.spread; r.spread {
		s.sayDistribution(true, "DescribeStreamSummary or RecordDistributionStrategyDefault says so")
	}
	g := s.begin()
	defer g.end()
	for _, k := range h.records {
		i, ok := r.shards.find(k.users[0].hash)
		if !ok || r.spread {
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
