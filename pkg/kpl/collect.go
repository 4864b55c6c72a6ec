package kpl

import (
	"sync"
	"time"
)

const (
	// shardBytesPerRequest is how many waiting bytes of one shard make the collector send (KPL: 256 KiB, a quarter of what the shard
	// takes in a second).
	shardBytesPerRequest = 256 << 10
	// maxRequestBytes is what the service takes in one PutRecords: 10 MiB of data and partition keys, 5 MiB before October 2025.
	maxRequestBytes = 10 << 20
	// soonBytes are enough for a request of a crowded stream while fewer than soonRequests of it are under way. With many shards, none of
	// which has shardBytesPerRequest soon, a request would be half of what may be outstanding, and Put would wait for it.
	soonBytes    = 1 << 20
	soonRequests = 4
	// patientAfter is after how many failed attempts a record gathers with others even if somebody waits for it: in an outage each that comes
	// back from its back-off would make a request of its own otherwise.
	patientAfter = 3
)

// collector gathers a stream's Kinesis records, of all shards, into requests.
//
// A request is taken off when there is a trigger (count, bytes, bytes of one shard, deadline, flush) and a free connection. While all
// connections are busy records go on gathering, so the busier the connections the fuller the requests.
type collector struct {
	stream   *stream
	maxCount int
	maxBytes int
	// wait is how long a record may stay here when it comes late (KPL: a fifth of RecordMaxBufferedTime, at most 50 ms).
	wait time.Duration

	mu     sync.Mutex // guards all below and every lane's collected; taken before the connections'
	queue  []*kinesisRecord
	bytes  int
	due    int // how many records, from the front, should leave as soon as there is a connection
	corked int // flushes that are gathering: nothing is sent until they have all
	// corkedFirst is the earliest expiration of what came meanwhile: never if nothing did.
	corkedFirst instant
	closed      bool
	armed       instant
	entry       alarmEntry
	// full counts the lanes with shardBytesPerRequest or more here.
	full int
}

func newCollector(s *stream) collector {
	cfg := &s.p.cfg
	return collector{
		stream: s, maxCount: cfg.CollectionMaxCount, maxBytes: int(min(cfg.CollectionMaxSizeBytes, maxRequestBytes)),
		wait: min(50*time.Millisecond, cfg.RecordMaxBufferedTime/5), armed: never, corkedFirst: never, entry: alarmEntry{index: -1},
	}
}

// add takes a complete Kinesis record. It says false, and takes nothing, after close.
func (c *collector) add(k *kinesisRecord, now instant) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	// A flush that has passed the collector cannot have seen the record; one of a lane was looked at there.
	k.urgent = k.urgent || k.lane == nil && c.stream.p.flushed(k.users[0].generation)
	k.deadline = min(max(k.deadline, now.add(c.wait)), c.stream.latest(k.expiration))
	c.queue = append(c.queue, k)
	i := len(c.queue) - 1
	for ; i > 0 && c.queue[i-1].deadline > k.deadline; i-- {
		c.queue[i-1], c.queue[i] = c.queue[i], c.queue[i-1]
	}
	if i < c.due {
		c.due++
	}
	if k.urgent && (k.group != 0 || k.fewestTries() < patientAfter) {
		// It does not overtake what came before: that leaves too.
		c.due = max(c.due, i+1)
	}
	c.count(k, 1)
	c.send(now)
	switch {
	case c.corked > 0:
		c.corkedFirst = min(c.corkedFirst, k.expiration)
	case c.due > 0:
		c.ring(k.expiration)
	}
	return true
}

// crowded says that half of what may be outstanding is.
func (s *stream) crowded() bool {
	return s.users.Load() >= s.p.cfg.MaxOutstandingRecords/2 || s.bytes.Load() >= s.p.cfg.MaxOutstandingBytes/2
}

// count adds a record's bytes, or takes them off.
func (c *collector) count(k *kinesisRecord, sign int) {
	n := sign * k.requestBytes()
	c.bytes += n
	if l := k.lane; l != nil {
		was := l.collected >= shardBytesPerRequest
		l.collected += n
		switch is := l.collected >= shardBytesPerRequest; {
		case is && !was:
			c.full++
		case was && !is:
			c.full--
		}
	}
}

// triggered says whether a request should leave.
func (c *collector) triggered(now instant) bool {
	return len(c.queue) > 0 &&
		(c.due > 0 || len(c.queue) >= c.maxCount || c.bytes >= c.maxBytes || c.full > 0 || c.queue[0].deadline <= now ||
			c.bytes >= soonBytes && c.stream.crowded() && c.stream.gathering.underWay.Load() < soonRequests)
}

// send starts requests as long as there are triggers and connections.
func (c *collector) send(now instant) {
	p := c.stream.p
	if c.corked > 0 {
		return
	}
	for c.triggered(now) {
		if !p.connections.acquire(c.stream) {
			c.due = len(c.queue)
			break
		}
		b := c.cut(now)
		if b == nil {
			// Not from here: another stream's collector may be next, and this one is locked.
			p.crew.start(func() {
				p.release()
				p.relieve(nil)
			})
			continue
		}
		p.senders.start(b)
	}
	c.arm()
}

// next is what a connection that has become free calls: it returns a request, or nil if none is due any more.
func (c *collector) next(now instant) *batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b *batch
	for b == nil && c.triggered(now) {
		b = c.cut(now)
	}
	c.send(now) // what else is due takes a connection that became free in the same moment, or waits for its turn
	return b
}

// cut takes a request's records off the front: as many as its limits allow, a larger one alone. Expired ones are not sent; the request
// is nil if all were.
func (c *collector) cut(now instant) *batch {
	var b *batch
	var expired []*kinesisRecord
	taken, bytes := 0, 0
	for _, k := range c.queue {
		if k.expiration <= now {
			expired = append(expired, k)
			c.count(k, -1)
			taken++
			continue
		}
		n := k.requestBytes()
		if b != nil && (len(b.records) >= c.maxCount || bytes+n > c.maxBytes || k.group != b.records[0].group) {
			break
		}
		if b == nil {
			b = c.stream.p.batches.take(c.stream)
		}
		b.records = append(b.records, k)
		bytes += n
		c.count(k, -1)
		taken++
	}
	clear(c.queue[:taken])
	c.queue = c.queue[taken:]
	c.due = max(0, c.due-taken)
	if len(expired) > 0 {
		c.stream.p.crew.start(func() { c.stream.expire(expired, "") })
	}
	if b != nil {
		c.stream.gathering.began()
	}
	return b
}

// arm sets the alarm for the first deadline; for the first expiration if only a connection is missing.
func (c *collector) arm() {
	switch {
	case len(c.queue) == 0:
	case c.due == 0:
		c.ring(c.queue[0].deadline)
	case c.armed == never:
		for _, k := range c.queue {
			c.ring(k.expiration)
		}
		// Nothing expires: known now, and not to be searched for with every record.
		c.armed = min(c.armed, never-1)
	}
}

// ring makes tick come at that time or before. A tick too early does no harm.
func (c *collector) ring(at instant) {
	if at < c.armed {
		c.armed = at
		c.stream.alarm.set(&c.entry, at)
	}
}

func (c *collector) tick(now instant) {
	c.mu.Lock()
	c.armed = never
	var expired []*kinesisRecord
	if c.due > 0 {
		expired = c.take(func(k *kinesisRecord) bool { return k.expiration <= now })
	}
	c.send(now)
	c.mu.Unlock()
	if len(expired) > 0 {
		c.stream.p.crew.start(func() { c.stream.expire(expired, "") })
	}
}

// take removes and returns the records that match.
func (c *collector) take(match func(*kinesisRecord) bool) (taken []*kinesisRecord) {
	kept := c.queue[:0]
	for _, k := range c.queue {
		if match(k) {
			taken = append(taken, k)
			c.count(k, -1)
		} else {
			kept = append(kept, k)
		}
	}
	clear(c.queue[len(kept):])
	c.queue = kept
	c.due = max(0, min(c.due, len(c.queue)))
	return taken
}

// takeOf is take for others than the collector.
func (c *collector) takeOf(match func(*kinesisRecord) bool) []*kinesisRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.take(match)
}

// cork holds everything back until uncork.
func (c *collector) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked++
}

// uncork lets what is due leave as soon as there are connections, or all that is here.
func (c *collector) uncork(now instant, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked--
	if all {
		c.due = len(c.queue)
	}
	c.send(now)
	if c.corked == 0 {
		if c.due > 0 {
			c.ring(c.corkedFirst)
		}
		c.corkedFirst = never
	}
}

// shut closes the collector and hands over what lies in it.
func (c *collector) shut() []*kinesisRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	left := c.take(func(*kinesisRecord) bool { return true })
	c.armed = never
	c.stream.alarm.set(&c.entry, never)
	return left
}
