package kpl

import (
	"sync"
	"time"
)

// limiterPause is the least time between two looks at a waiting token bucket, so that a trickle of records is gathered and does not
// wake a processor each. KPL: every 25 ms.
const limiterPause = 10 * time.Millisecond

// lane is the way to one shard: the aggregate being filled, and the complete Kinesis records that wait for the shard's rate.
// It lives as long as the shard is open with the same range.
type lane struct {
	stream *stream
	shard  shardRange
	tally  shardTally

	mu     sync.Mutex // guards all below; taken before the collector's
	closed bool       // the shard is gone, or the stream: route again
	open   *kinesisRecord
	queue  []*kinesisRecord // waiting for the bucket, by deadline; with StrictOrder by turn
	// refused means that the collector is closed. The lane will be too in a moment, and hands over what it has then.
	refused bool
	bucket  tokenBucket
	pace    pace
	// doubted is until when records wait for a new shard map, because an answer said that this shard was split or merged.
	doubted instant
	armed   instant
	entry   alarmEntry
	lastPut instant
	strict  strict
	// gathers says that the stream's gathering has noted the lane.
	gathers bool
	keys    hotKeys

	collected int // bytes of its records in the collector; guarded by the collector's mutex
}

func newLane(s *stream, shard shardRange, now instant) *lane {
	l := &lane{stream: s, shard: shard, armed: never}
	l.bucket = newTokenBucket(s.p.cfg.RateLimitPercent, now)
	l.pace = pace{percent: s.p.cfg.RateLimitPercent, factor: 1}
	l.strict.on = s.p.cfg.StrictOrder
	l.entry = alarmEntry{index: -1, fire: l.tick}
	return l
}

// put takes a user record in, or says that the lane is closed. deadline is when the record must be in a request.
// g, if not nil, is the group that the record belongs to.
func (l *lane) put(u *userRecord, data []byte, deadline, expiration, now instant, g *group) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.add(u, data, deadline, expiration, now, g)
	return true
}

func (l *lane) add(u *userRecord, data []byte, deadline, expiration, now instant, g *group) {
	s := l.stream
	cfg := &s.p.cfg
	l.lastPut = now
	l.keys.add(u.partitionKey)
	// Look after the append at what was flushed: a flush that has passed this lane by then cannot have seen the record.
	flushed := s.p.flushed(u.generation)
	if !s.aggregates || len(data) >= cfg.AggregationMaxSizeBytes {
		l.complete()
		k := s.p.pools.newPlain(s, l, u, data)
		k.urgent, k.deadline, k.expiration = u.urgent || flushed, deadline, expiration
		l.enqueue(k)
		l.drain(now)
		l.arm(now)
		return
	}
	awaited := u.urgent && !flushed && g == nil && !l.strict.on && s.gathering.join(l)
	k := l.open
	if k != nil {
		offset, ok := k.builder.AppendWithin(cfg.AggregationMaxSizeBytes, u.partitionKey, u.explicitHashKey, data)
		if ok {
			u.offset = int32(offset)
			k.deadline = min(k.deadline, deadline)
			k.expiration = min(k.expiration, expiration)
		} else {
			l.complete()
			k = nil
		}
	}
	if k == nil {
		k = s.p.pools.aggregate(s, l)
		u.offset = int32(k.builder.Append(u.partitionKey, u.explicitHashKey, data))
		k.deadline, k.expiration = deadline, expiration
		l.open = k
	}
	u.length = int32(len(data))
	k.users = append(k.users, *u)
	k.urgent = k.urgent || flushed || u.urgent && !awaited
	if awaited && !k.awaited {
		// Not its deadline, by which records overtake each other.
		k.awaited, k.gathersUntil = true, now.add(s.gathering.most)
	}
	switch leaves := k.urgent || s.mustLeave(k) <= now; {
	case int64(len(k.users)) >= cfg.AggregationMaxCount || leaves && g == nil && !l.strict.on:
		l.complete()
	case leaves && g == nil:
		l.drain(now)
	case leaves:
		g.note(l)
	}
	if len(l.queue) > 0 {
		l.drain(now)
	}
	l.arm(now)
}

// complete ends the open aggregate.
func (l *lane) complete() {
	if l.open == nil {
		return
	}
	k := l.open
	l.open = nil
	k.urgent = k.urgent || k.awaited
	k.size = k.builder.Size()
	l.enqueue(k)
}

// enqueue puts a complete record among those that wait for the rate, in order of deadline.
func (l *lane) enqueue(k *kinesisRecord) {
	l.queue = append(l.queue, k)
	if l.strict.on {
		l.strict.turn++
		k.turn = l.strict.turn
		return
	}
	for i := len(l.queue) - 1; i > 0 && l.queue[i-1].deadline > k.deadline; i-- {
		l.queue[i-1], l.queue[i] = l.queue[i], l.queue[i-1]
	}
}

// drain passes on, in order of deadline, what the shard's rate admits now.
func (l *lane) drain(now instant) {
	if l.strict.on {
		l.drainStrict(now)
		return
	}
	passed := 0
	for _, k := range l.queue {
		if l.doubted > now && l.stream.mustLeave(k) > now {
			break
		}
		l.pace.recover(&l.bucket, now)
		if !k.taken {
			if ok, _ := l.bucket.take(k.size, now); !ok {
				break
			}
			k.taken = true
		}
		if l.refused = !l.stream.collector.add(k, now); l.refused {
			break // the stream is being shut: what stays here is handed over when the lane is
		}
		passed++
	}
	clear(l.queue[:passed])
	l.queue = l.queue[passed:]
}

// arm sees to it that tick comes when something is due. It only ever moves the alarm forward; a tick too early does no harm.
func (l *lane) arm(now instant) {
	if l.refused {
		return
	}
	at := never
	switch {
	case l.open == nil:
	case l.busy(now):
		at = l.open.expiration
	default:
		at = l.leaves(l.open)
	}
	if l.strict.resume > now {
		at = min(at, l.strict.resume)
	}
	if len(l.queue) > 0 {
		first := l.queue[0]
		next := now
		switch {
		case l.strict.out > 0 || l.strict.frozen:
			next = never // until it goes on
		case !first.taken:
			_, wait := l.bucket.peek(first.size, now)
			next = now.add(max(time.Duration(wait), limiterPause))
		}
		if l.strict.on && next < never {
			next = max(next, l.strict.resume, l.readyStrict(now))
		}
		if l.doubted > now {
			next = max(next, min(l.doubted, l.stream.mustLeave(first)))
		}
		next = min(next, now.add(expiryPause))
		for _, k := range l.queue[:min(len(l.queue), expiryScan)] {
			next = min(next, k.expiration)
		}
		at = min(at, next)
	}
	if at < l.armed {
		l.armed = at
		l.stream.alarm.set(&l.entry, at)
	}
}

// leaves is when the open aggregate leaves by itself.
func (l *lane) leaves(k *kinesisRecord) instant {
	at := l.stream.mustLeave(k)
	if k.awaited {
		at = min(at, k.gathersUntil)
	}
	return at
}

// expiryScan is how many waiting records are looked at for the earliest expiration. They stand by deadline, which is the order of
// expiration for all but retried ones; for those all are looked at every expiryPause at least.
const (
	expiryScan  = 16
	expiryPause = time.Second
)

// tick does what is due: the open aggregate leaves, expired records fail, the bucket has filled.
func (l *lane) tick(now instant) {
	l.mu.Lock()
	l.armed = never
	if l.closed {
		l.mu.Unlock()
		return
	}
	gathered := false
	if l.open != nil && l.leaves(l.open) <= now && !l.strict.on {
		if gathered = l.gathers && l.open.awaited; !gathered {
			l.complete()
		}
	}
	expired := l.takeExpired(now)
	l.drain(now)
	if !gathered {
		l.arm(now)
	}
	l.mu.Unlock()
	if gathered { // and so what has gathered for other shards should leave in the same request
		l.stream.gathered()
	}
	if len(expired) > 0 {
		l.stream.p.crew.start(func() { l.stream.expire(expired, expiredInLimiter) })
	}
}

func (l *lane) takeExpired(now instant) (expired []*kinesisRecord) {
	if l.strict.on {
		return l.takeExpiredStrict(now)
	}
	kept := l.queue[:0]
	for _, k := range l.queue {
		if k.expiration <= now {
			expired = append(expired, k)
		} else {
			kept = append(kept, k)
		}
	}
	clear(l.queue[len(kept):])
	l.queue = kept
	return expired
}

// hurry completes the open aggregate if it must leave.
func (l *lane) hurry(now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil && (l.open.urgent || l.stream.mustLeave(l.open) <= now) && !l.strict.on {
		l.complete()
	}
	l.drain(now)
	l.arm(now)
}

// flush completes the open aggregate and hurries everything that waits.
func (l *lane) flush(now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open != nil {
		l.open.urgent = true
		if !l.busy(now) {
			l.complete()
		}
	}
	for _, k := range l.queue {
		k.urgent = true
	}
	l.drain(now)
	l.arm(now)
}

// shut closes the lane and hands over what lies in it.
func (l *lane) shut() []*kinesisRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.complete()
	left := l.queue
	l.queue = nil
	l.armed = never
	l.stream.alarm.set(&l.entry, never)
	return left
}

// take hands over what lies in the lane, which stays open.
func (l *lane) take() []*kinesisRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complete()
	left := l.queue
	l.queue = nil
	return left
}

// answered tells the lane what its shard said to a Kinesis record.
func (l *lane) answered(throttled bool, now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace.count(throttled, now)
}

// throttled tells the lane that a request which began at that time met the shard's limit.
func (l *lane) throttled(began, now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pace.cut(&l.bucket, began, now)
}

// doubtMost bounds how long records wait for a shard map that should come in milliseconds.
const doubtMost = 250 * time.Millisecond

// doubt holds the lane's records for the shard map that is on its way.
func (l *lane) doubt(now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubted = now.add(doubtMost)
}

// trust ends doubt.
func (l *lane) trust(now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.doubted > 0 && !l.closed {
		l.doubted = 0
		l.drain(now)
		l.arm(now)
	}
}

// quietSince is when the last user record came.
func (l *lane) quietSince() instant {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastPut
}
