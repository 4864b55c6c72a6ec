package kpl

import (
	"time"

	"go.uber.org/zap"
)

// settleStored decides on a Kinesis record that the service has stored in a shard.
//
// The KPL sends a record again whose shard it does not know, although it is stored: a duplicate after every split or merge. Here the
// shard map is fetched first, and only the user records of an aggregate that provably straddles shards, which the KCL would drop as a
// whole and without a word, are sent again.
// block has room for the attempts of all its user records.
func (s *stream) settleStored(k *kinesisRecord, a placement, block []Attempt, out *deliveries) {
	r := s.routes.Load()
	if r == nil || k.lane == nil || r.trusts(k.lane, a.shardID) {
		if r != nil && r.spread && k.lane == nil {
			s.watchSpread(r, k, a)
		}
		s.stored(k, a, block, out)
		return
	}
	a.afresh = r.stale > 0
	if shard, ok := r.shards.known[a.shardID]; ok && shard.holds(a.hash) && !a.afresh {
		s.separate(k, a, shard, out)
		return
	}
	f := &s.refresh
	plain := len(k.users) == 1
	if k.lane.shard.id != a.shardID {
		k.lane.doubt(s.p.now())
	} else if plain {
		s.stored(k, a, block, out)
		return
	}
	kept := &placement{}
	*kept = a
	f.mu.Lock()
	if !f.closed {
		switch {
		case plain && len(f.puzzles) < maxPuzzles:
			f.puzzles = append(f.puzzles, kept)
		case plain:
		default:
			if f.judging == nil {
				f.judging = map[*kinesisRecord]*placement{}
			}
			f.judging[k] = kept
			kept.late = alarmEntry{index: -1, fire: func(instant) { s.judgeLate(k, kept) }}
			s.alarm.set(&kept.late, s.latestVerdict(k, kept))
		}
	}
	closed := f.closed
	f.mu.Unlock()
	s.nudge()
	if plain {
		s.stored(k, a, block, out)
	} else if closed {
		s.misplaced(k, a, out)
	}
	s.fetchShards()
	if a.afresh {
		f.hurry()
	}
}

// separate ends the user records of a Kinesis record that lies in that shard. If one of them does not belong there all are sent again: the
// KCL drops the whole of such an aggregate.
func (s *stream) separate(k *kinesisRecord, a placement, shard shardRange, out *deliveries) {
	if len(k.users) > 1 {
		for i := range k.users {
			if !shard.holds(k.users[i].hash) {
				s.misplaced(k, a, out)
				return
			}
		}
	}
	s.stored(k, a, make([]Attempt, len(k.users)), out)
}

// misplaced sends all user records of an aggregate again.
func (s *stream) misplaced(k *kinesisRecord, a placement, out *deliveries) {
	if k.ordered {
		s.noteMisplaced(k, k.users, a)
		s.returnTo(k, 0, out)
		return
	}
	all := append([]userRecord(nil), k.users...)
	clear(k.users)
	k.users = k.users[:0]
	s.resend(k, all, a, out)
	s.p.pools.release(k)
}

// resend sends user records of k again that lie in a shard where they do not belong.
func (s *stream) resend(k *kinesisRecord, users []userRecord, a placement, out *deliveries) {
	s.noteMisplaced(k, users, a)
	now := s.p.now()
	deadline := now.add(s.p.retryWait())
	var over []userRecord
	g := s.begin()
	for i := range users {
		u := &users[i]
		expiration := u.put.add(s.p.cfg.RecordTTL)
		if expiration <= now || !s.p.route(s, u, k.dataOf(u), deadline, expiration, now, g) {
			over = append(over, *u)
		}
	}
	g.end()
	if len(over) > 0 {
		s.over(&kinesisRecord{stream: s, lane: k.lane, users: over}, out)
	}
}

// noteMisplaced says so, in the log, the ledger and the attempts of the user records.
func (s *stream) noteMisplaced(k *kinesisRecord, users []userRecord, a placement) {
	s.tally.wrongShard(len(users))
	s.p.notices.note(zap.WarnLevel, noticeKey{"wrong shard", string(s.name), a.shardID}, len(users), func(shard string) words {
		return words{text: "an aggregate was stored in a shard that is not that of all its user records; they are sent again",
			fields: append(placed(string(s.name), shard), zap.String("predicted", k.shardID()))}
	})
	copied, words := a.misplaced(), "stored in shard "+a.shardID+", which does not take the hash keys of all records of its aggregate"
	if a.unjudged {
		words = "stored in shard " + a.shardID + "; no shard map came to tell whether that takes the hash keys of all records of its aggregate"
	}
	for i := range users {
		u := &users[i]
		s.doubtful(u, copied)
		u.tried(Attempt{ErrorCode: codeWrongShard, ErrorMessage: words, Request: a.request}, a.began, a.ended)
	}
}

// suspicionMost is how long the result of an aggregate that lies where it was predicted waits for a map that should confirm, after a pause
// in which the stream might have been made again. A map that does not come is no reason to doubt what is most likely right.
const suspicionMost = 2 * time.Second

// latestVerdict is when waiting for a map is over.
func (s *stream) latestVerdict(k *kinesisRecord, a *placement) instant {
	if s.likely(k, a) {
		return min(k.expiration, s.p.now().add(suspicionMost))
	}
	return k.expiration
}

// likely says that a record lies where it was predicted, by a map that there is little reason to doubt.
func (s *stream) likely(k *kinesisRecord, a *placement) bool {
	return k.lane.shard.id == a.shardID && !s.routes.Load().gone
}

// judgeLate gives up waiting for a map.
func (s *stream) judgeLate(k *kinesisRecord, a *placement) {
	f := &s.refresh
	f.mu.Lock()
	waits := f.judging[k] == a
	if waits {
		delete(f.judging, k)
	}
	f.mu.Unlock()
	if !waits {
		return
	}
	var out deliveries
	if s.likely(k, a) {
		s.stored(k, *a, make([]Attempt, len(k.users)), &out)
	} else {
		a.unjudged = true
		s.misplaced(k, *a, &out)
	}
	out.runIn(&s.p.crew)
}

// judgeAll decides on what waited for a map. It returns false if something waits that is newer than the map.
func (s *stream) judgeAll(m *shardMap) (done bool) {
	newer := s.routes.Load().isStale()
	f := &s.refresh
	type verdict struct {
		k     *kinesisRecord
		a     placement
		shard shardRange
		known bool
	}
	var verdicts []verdict
	contradicted := false
	look := func(a *placement) (shard shardRange, known, fresh bool) {
		shard, known = m.known[a.shardID]
		fresh = a.ended <= m.asked
		contradicted = contradicted || fresh && known && !shard.closed && !shard.holds(a.hash)
		return shard, known, fresh
	}
	f.mu.Lock()
	for k, a := range f.judging {
		shard, known, fresh := look(a)
		if known && shard.holds(a.hash) && !a.afresh || fresh {
			// Off the alarm first, which writes to the entry while it holds it.
			s.alarm.set(&a.late, never)
			verdicts = append(verdicts, verdict{k, *a, shard, known})
			delete(f.judging, k)
		} else {
			newer = true
		}
	}
	kept := f.puzzles[:0]
	for _, a := range f.puzzles {
		if shard, known, fresh := look(a); !fresh && !(known && shard.holds(a.hash)) {
			kept = append(kept, a)
			newer = true
		}
	}
	clear(f.puzzles[len(kept):])
	f.puzzles = kept
	spread := contradicted && f.distribution.contradict(s.p.now())
	f.mu.Unlock()
	if contradicted {
		s.askDistribution()
	}
	if spread {
		s.setSpread(true, "answers contradict the shard map, asked for after them")
	}
	var out deliveries
	for _, v := range verdicts {
		if v.known {
			s.separate(v.k, v.a, v.shard, &out)
		} else {
			s.misplaced(v.k, v.a, &out)
		}
	}
	out.runIn(&s.p.crew)
	return !newer
}
