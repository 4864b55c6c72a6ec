package kpl

import (
	"sync/atomic"
	"time"
)

// streamIdle is how long nothing must have been put into a stream before what it holds (goroutine, buffers, shard map) is given up.
const streamIdle = 10 * time.Minute

// stream is the pipeline of one stream: a lane per shard, then one collector. It owns one goroutine, its alarm's; all else is done by
// those who call it.
//
// Locks are taken in the order hold, lane, collector, connections or alarm. No callback is run, and no request made, under any of them.
type stream struct {
	outstanding
	p          *Producer
	name       streamName
	aggregates bool // by the configuration
	alarm      *alarm
	stop       chan struct{} // closed when the stream is given up
	collector  collector
	gathering  gathering
	hold       hold
	holdEntry  alarmEntry
	idleEntry  alarmEntry
	tally      streamTally
	refresh    refresh
	retries    retries
	// gone says that the stream is given up, or about to be.
	gone atomic.Bool
	// answered is when a request was last answered with results.
	answered atomic.Int64
	// ends has a token when a Kinesis record has its end that a lane with StrictOrder waited for.
	ends chan struct{}

	// routes is replaced as a whole: Put reads it without a lock. nil until the first shard map.
	routes  atomic.Pointer[routes]
	waiting bool // in line for a connection; guarded by the connections' mutex
	// refusedInRow counts requests that were refused because of one record, since the last in which a record was stored.
	refusedInRow atomic.Int64
	// counted is where what it receives is counted.
	counted *streamMetrics
}

// routes say where a hash key goes. They never change once made.
type routes struct {
	shards *shardMap
	lanes  []*lane // of shards.open, in the same order
	// spread means that the service distributes records as it likes: nothing is predicted and nothing aggregated.
	spread bool
	closed bool
	// stale is when it was found that the stream may have been deleted and made again, with other shards of the same ids; 0 if not.
	stale instant
	// gone says that there was no such stream then: any other is another one.
	gone bool
}

// trusts says whether an answer that names the shard id is as predicted for the lane. The id alone does not tell: it may be another shard's in
// a stream that was made again.
func (r *routes) trusts(l *lane, id string) bool {
	if l.shard.id != id || r.stale > 0 {
		return false
	}
	now, known := r.shards.known[id]
	return !known || now.start == l.shard.start && now.end == l.shard.end
}

func (p *Producer) newStream(name streamName) *stream {
	s := &stream{p: p, name: name, aggregates: p.cfg.AggregationEnabled && p.cfg.AggregationMaxCount > 1, stop: make(chan struct{}),
		ends: make(chan struct{}, 1)}
	s.counted = p.metrics.stream(string(name))
	s.tally.made = p.now()
	s.alarm = newAlarm(p.now)
	s.collector = newCollector(s)
	s.gathering.most = min(gatherMost, s.collector.wait)
	s.collector.entry.fire = func(instant) { s.collector.tick(p.now()) }
	s.hold.armed = never
	s.hold.spread = p.cfg.RecordDistributionStrategyDefault == strategyAuto
	s.refresh.retry = make(chan struct{}, 1)
	s.refresh.distribution.again = alarmEntry{index: -1, fire: func(instant) { s.askDistribution() }}
	s.holdEntry = alarmEntry{index: -1, fire: s.releaseHeld}
	s.idleEntry = alarmEntry{index: -1, fire: s.closeIfIdle}
	s.alarm.set(&s.idleEntry, p.now().add(streamIdle))
	p.crew.start(func() { s.alarm.run(s.stop) })
	s.fetchShards()
	return s
}

// mustLeave is when a record must leave its lane to be in a request by its deadline: the collector's wait is part of
// RecordMaxBufferedTime. (In the KPL it comes on top.)
func (s *stream) mustLeave(k *kinesisRecord) instant {
	if k.deadline == never {
		return never
	}
	return k.deadline - instant(s.collector.wait)
}

// latest is the last moment at which a record of that expiration should be in a request.
func (s *stream) latest(expiration instant) instant {
	if expiration == never {
		return never
	}
	return expiration - instant(s.collector.wait)
}

// route puts a user record on its way. It returns false when the stream is closed. The data is copied.
func (s *stream) route(u *userRecord, data []byte, deadline, expiration, now instant, g *group) bool {
	deadline = min(deadline, s.latest(expiration))
	for {
		r := s.routes.Load()
		switch {
		case r == nil:
			if s.keep(u, data, deadline, expiration) {
				return true
			}
		case r.closed:
			return false
		default:
			i, ok := r.shards.find(u.hash)
			if r.spread || !ok {
				if s.sendPlain(u, data, deadline, expiration, now) {
					return true
				}
			} else if r.lanes[i].put(u, data, deadline, expiration, now, g) {
				return true
			}
		}
		// Closed in this moment: what replaces it is there already.
	}
}

// sendPlain sends a user record on without prediction.
func (s *stream) sendPlain(u *userRecord, data []byte, deadline, expiration, now instant) bool {
	s.tally.lastUnrouted.Store(int64(now))
	k := s.p.pools.newPlain(s, nil, u, data)
	k.deadline, k.expiration = deadline, expiration
	if s.collector.add(k, now) {
		return true
	}
	s.p.pools.release(k)
	return false
}

// routeAll takes a Kinesis record apart and puts its user records on their way again, for now with the deadline given. What has
// expired fails.
func (s *stream) routeAll(k *kinesisRecord, deadline instant, out *deliveries) {
	now := s.p.now()
	kept := k.users[:0]
	g := s.begin()
	for i := range k.users {
		u := &k.users[i]
		u.urgent = u.urgent || k.urgent
		expiration := u.put.add(s.p.cfg.RecordTTL)
		if expiration <= now || !s.p.route(s, u, k.dataOf(u), deadline, expiration, now, g) {
			kept = append(kept, *u)
		}
	}
	g.end()
	clear(k.users[len(kept):])
	k.users = kept
	if len(kept) == 0 {
		s.p.pools.release(k)
		return
	}
	s.over(k, out)
}

// flush hurries everything that is in the stream now.
func (s *stream) flush() {
	now := s.p.now()
	s.hold.mu.Lock()
	for _, k := range s.hold.records {
		k.urgent, k.users[0].urgent = true, true
	}
	s.hold.mu.Unlock()
	s.collector.cork()
	s.releaseHeld(now)
	if r := s.routes.Load(); r != nil {
		for _, l := range r.lanes {
			l.flush(now)
		}
	}
	s.collector.uncork(now, true)
}

// closeIfIdle gives the stream up if nothing was put for streamIdle and nothing is outstanding.
func (s *stream) closeIfIdle(now instant) {
	last := s.lastPut()
	if due := last.add(streamIdle); due > now || s.users.Load() > 0 {
		s.alarm.set(&s.idleEntry, max(due, now.add(time.Minute)))
		return
	}
	s.p.forget(s)
}

func (s *stream) lastPut() instant {
	last := s.tally.made
	if r := s.routes.Load(); r != nil {
		for _, l := range r.lanes {
			last = max(last, l.quietSince())
		}
	}
	return max(last, instant(s.tally.lastUnrouted.Load()))
}

// shut closes the stream for good and returns the Kinesis records that lay in it. Those in flight or waiting to be sent again end
// by themselves.
func (s *stream) shut() (left []*kinesisRecord) {
	s.hold.mu.Lock()
	old := s.routes.Swap(&routes{shards: newShardMap(nil, nil, 0), closed: true})
	s.hold.open = true
	left = append(left, s.hold.records...)
	s.hold.records = nil
	s.hold.mu.Unlock()
	if old != nil {
		for _, l := range old.lanes {
			left = append(left, l.shut()...)
		}
	}
	left = append(left, s.collector.shut()...)
	left = append(left, s.shutRefresh()...)
	left = append(left, s.retries.shut()...)
	close(s.stop)
	return left
}
