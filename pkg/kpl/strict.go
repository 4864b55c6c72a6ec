package kpl

import (
	"cmp"
	"slices"
)

// With StrictOrder a lane has one batch under way at a time: an aggregate, or plain records of which no two have the same partition key. So
// whatever the service refuses of it, nothing of the same key can have been stored before it. What is refused goes back to the head of the
// lane's queue, in its old place; the next batch is made when the last of this one has its end. The open aggregate grows meanwhile.
//
// A reshard is waited for likewise: the lanes of the closed shards stop, and what lies in each goes to those of the new shards when the
// answers to all that was under way to it are there.

// strict is what a lane keeps in order to keep order; guarded by the lane's mutex.
type strict struct {
	on bool
	// out are the Kinesis records that were passed on and have no end yet.
	out int
	// frozen lanes pass nothing on: their shard is gone, and a new one will take over.
	frozen bool
	// resume is when a back-off after a failed attempt is over.
	resume instant
	// turn numbers the lane's Kinesis records.
	turn uint64
	// keys are those of the batch being made.
	keys map[string]struct{}
}

// busy says whether the open aggregate has to wait for what is before it, and so may go on growing.
func (l *lane) busy(now instant) bool {
	return l.strict.on && (l.strict.out > 0 || l.strict.frozen || l.strict.resume > now || len(l.queue) > 0)
}

// drainStrict passes the next batch on if the one before has ended.
func (l *lane) drainStrict(now instant) {
	o := &l.strict
	if o.out > 0 || o.frozen || o.resume > now || l.refused {
		return
	}
	if len(l.queue) == 0 {
		if l.open == nil || !l.open.urgent && l.stream.mustLeave(l.open) > now {
			return
		}
		l.complete()
	}
	if l.readyStrict(now) > now {
		return
	}
	l.pace.recover(&l.bucket, now)
	batch := l.cutStrict(now)
	c := &l.stream.collector
	c.cork()
	defer c.uncork(now, false)
	for i, k := range batch {
		o.out++
		k.ordered = true
		// What is overdue has waited enough; what is full holds up what comes after it.
		k.urgent = k.urgent || k.deadline <= now || len(k.users) > 1 && l.stream.mustLeave(k) > now
		if l.refused = !l.stream.collector.add(k, now); l.refused {
			o.out--
			k.ordered = false
			l.queue = slices.Insert(l.queue, 0, batch[i:]...) // the stream is being shut: it is handed over when the lane is
			return
		}
	}
}

// readyStrict is when the next batch should leave as far as the records in the queue are concerned: an aggregate there is complete, plain
// records wait for others as long as they may.
func (l *lane) readyStrict(now instant) instant {
	first := l.queue[0]
	latest := l.stream.mustLeave(first)
	switch {
	case l.doubted > now:
		return min(l.doubted, latest)
	case first.urgent || first.group != 0 || len(first.users) > 1 || len(l.queue) >= l.stream.p.cfg.CollectionMaxCount:
		return now
	}
	return latest
}

// cutStrict takes the next batch out of the queue, as far as the shard's rate admits it. What has expired is for tick.
func (l *lane) cutStrict(now instant) (batch []*kinesisRecord) {
	o := &l.strict
	if o.keys == nil {
		o.keys = map[string]struct{}{}
	}
	clear(o.keys)
	kept := l.queue[:0]
	full := false
	for i, k := range l.queue {
		alone := len(k.users) > 1 || len(batch) > 0 && k.group != batch[0].group
		if k.expiration <= now || full || alone && i > 0 || len(batch) >= l.stream.p.cfg.CollectionMaxCount {
			kept = append(kept, l.queue[i:]...)
			break
		}
		key := k.users[0].partitionKey
		if _, before := o.keys[key]; before && !alone {
			kept = append(kept, k) // and what else is of that key stays too
			continue
		}
		if !k.taken {
			if k.taken, _ = l.bucket.take(k.size, now); !k.taken {
				kept = append(kept, l.queue[i:]...)
				break
			}
		}
		o.keys[key] = struct{}{}
		batch = append(batch, k)
		full = alone
	}
	clear(l.queue[len(kept):])
	l.queue = kept
	return batch
}

// ended tells the lane that a Kinesis record which it passed on has its end.
func (k *kinesisRecord) ended() {
	if !k.ordered {
		return
	}
	k.ordered = false
	l := k.lane
	now := l.stream.p.now()
	l.mu.Lock()
	l.strict.out--
	l.goOn(now)
	l.mu.Unlock()
	l.stream.nudge()
}

// goOn makes the next batch if the lane is free.
func (l *lane) goOn(now instant) {
	if !l.closed && l.strict.out == 0 {
		l.drain(now)
		l.arm(now)
	}
}

// giveBack puts Kinesis records, parts of one that was passed on or itself, back to their place in the lane, to be sent again at that time at
// the earliest. It says false if the lane is closed or order means nothing any more: they have to be routed anew.
func (l *lane) giveBack(at instant, parts ...*kinesisRecord) bool {
	now := l.stream.p.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strict.out--
	r := l.stream.routes.Load()
	if l.closed || r == nil || r.spread {
		l.goOn(now)
		return false
	}
	// Before what has the same number: the second half of a refused aggregate of which this is the first.
	place, _ := slices.BinarySearchFunc(l.queue, parts[0].turn, func(k *kinesisRecord, turn uint64) int { return cmp.Compare(k.turn, turn) })
	for _, k := range parts {
		// It has waited for company once.
		k.taken, k.deadline = false, min(k.deadline, max(at, now).add(l.stream.p.retryWait()))
		for i := range k.users {
			k.urgent = k.urgent || l.stream.p.flushed(k.users[i].generation)
		}
	}
	l.queue = slices.Insert(l.queue, place, parts...)
	l.strict.resume = max(l.strict.resume, at)
	if l.strict.out == 0 {
		l.drain(now)
	}
	l.arm(now)
	return true
}

// returnTo gives a Kinesis record back to its lane, or routes it anew.
func (s *stream) returnTo(k *kinesisRecord, at instant, out *deliveries) {
	k.ordered = false
	back := k.lane.giveBack(at, k)
	s.nudge()
	if !back {
		s.routeAll(k, max(k.deadline, at), out)
	}
}

// narrowStrict is narrow with StrictOrder: what is in a lane goes again from its queue, in order, the halves by themselves.
func (s *stream) narrowStrict(b *batch) {
	now := s.p.now()
	type half struct {
		lane   *lane
		second bool
	}
	groups := map[half]uint64{}
	for i, k := range b.records {
		of := half{k.lane, i >= len(b.records)/2}
		if groups[of] == 0 {
			groups[of] = s.p.groups.Add(1)
		}
		if !k.ordered { // from when the stream's records were, or were not yet, distributed by the service
			k.group, k.urgent = groups[of], true
			s.collect(k, now, &b.out)
			continue
		}
		k.ordered = false
		parts := []*kinesisRecord{k}
		if half := len(k.users) / 2; len(b.records) == 1 && half > 0 {
			parts = []*kinesisRecord{s.part(k, k.users[:half]), s.part(k, k.users[half:])}
		}
		for j, p := range parts {
			p.turn, p.deadline, p.urgent, p.group = k.turn, now, true, groups[of]
			if j > 0 {
				p.group = s.p.groups.Add(1)
			}
		}
		back := k.lane.giveBack(now, parts...)
		s.nudge()
		if !back {
			for _, p := range parts {
				s.routeAll(p, now, &b.out)
			}
		}
		if len(parts) > 1 {
			s.p.pools.release(k)
		}
	}
}

// takeExpiredStrict takes out of the queue the user records whose time is over. The others of an aggregate keep its place.
func (l *lane) takeExpiredStrict(now instant) (expired []*kinesisRecord) {
	if l.open != nil && l.open.expiration <= now {
		l.complete()
	}
	s := l.stream
	kept := l.queue[:0]
	for _, k := range l.queue {
		if k.expiration > now {
			kept = append(kept, k)
			continue
		}
		var live []userRecord
		over := k.users[:0]
		for _, u := range k.users {
			if u.put.add(s.p.cfg.RecordTTL) > now {
				live = append(live, u)
			} else {
				over = append(over, u)
			}
		}
		if len(live) > 0 {
			rest := s.part(k, live)
			rest.turn, rest.deadline, rest.urgent, rest.group = k.turn, k.deadline, k.urgent, k.group
			kept = append(kept, rest)
		}
		clear(k.users[len(over):])
		k.users = over
		expired = append(expired, k)
	}
	clear(l.queue[len(kept):])
	l.queue = kept
	return expired
}

// nudge wakes whoever waits for answers to what is under way to a shard that is gone.
func (s *stream) nudge() {
	if !s.p.cfg.StrictOrder {
		return
	}
	select {
	case s.ends <- struct{}{}:
	default:
	}
}

// settleGone says, with StrictOrder, what of a new map may come into force: all but those parts of the hash key space in which something is
// under way, or not judged yet, to a shard that is gone. These keep their lanes, which pass nothing on, until that has its end.
func (s *stream) settleGone(m *shardMap) (now *shardMap, settled bool) {
	old := s.routes.Load()
	if !s.p.cfg.StrictOrder || old == nil || old.closed {
		return m, true
	}
	gone := map[*lane]bool{}
	at := s.p.now()
	for _, l := range old.lanes {
		is := !old.spread && !slices.Contains(m.open, l.shard)
		if is {
			gone[l] = true
		}
		l.freeze(is, at)
	}
	if len(gone) == 0 {
		return m, true
	}
	var out deliveries
	for _, k := range s.collector.takeOf(func(k *kinesisRecord) bool { return gone[k.lane] }) {
		s.returnTo(k, 0, &out)
	}
	out.runIn(&s.p.crew)
	s.judgeAll(m)
	return s.withUnsettled(m, old, gone)
}

// withUnsettled is the map with the shards of those lanes in it that still wait for answers, in place of what took over from them. Where
// shards were merged and split again that may take in others that are gone: a piece ends where both maps have an end.
func (s *stream) withUnsettled(m *shardMap, old *routes, gone map[*lane]bool) (mixed *shardMap, settled bool) {
	mixed = &shardMap{known: m.known, asked: m.asked}
	settled = true
	i, j := 0, 0
	for i < len(old.lanes) && j < len(m.open) {
		firstOld, firstNew, busy := i, j, false
		for {
			c := old.lanes[i].shard.end.Compare(m.open[j].end)
			if c <= 0 {
				busy = busy || gone[old.lanes[i]] && old.lanes[i].passedOn() > 0
				i++
			}
			if c >= 0 {
				j++
			}
			if c == 0 || i == len(old.lanes) || j == len(m.open) {
				break
			}
		}
		if i == len(old.lanes) || j == len(m.open) { // to the end of both, whatever they look like
			for ; i < len(old.lanes); i++ {
				busy = busy || gone[old.lanes[i]] && old.lanes[i].passedOn() > 0
			}
			j = len(m.open)
		}
		if !busy {
			mixed.open = append(mixed.open, m.open[firstNew:j]...)
			continue
		}
		settled = false
		for _, l := range old.lanes[firstOld:i] {
			mixed.open = append(mixed.open, l.shard)
		}
	}
	return mixed, settled
}

func (l *lane) passedOn() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.strict.out
}

func (l *lane) freeze(frozen bool, now instant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.strict.frozen
	l.strict.frozen = frozen
	if was && !frozen {
		l.goOn(now)
	}
}
