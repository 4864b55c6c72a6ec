package kpl

import (
	"slices"

	"go.uber.org/zap"
)

// stored ends all user records of a Kinesis record that lies where it belongs.
// block has room for the attempts of all of them.
func (s *stream) stored(k *kinesisRecord, a placement, block []Attempt, out *deliveries) {
	n := len(k.users)
	d := delivery{stream: s, k: k, users: len(k.users), result: Result{Stream: string(s.name), ShardID: a.shardID, SequenceNumber: a.sequenceNumber}}
	var bytes, outstanding int64
	for i := range k.users {
		u := &k.users[i]
		if u.maybe != nil {
			s.copied(u)
		}
		block[i] = Attempt{Delay: a.began.since(u.since), Duration: a.ended.since(a.began), Success: true, Request: a.request}
		if u.attempts != nil {
			u.keep(block[i])
		} else {
			u.attempts = block[i : i+1 : i+1]
		}
		bytes += int64(u.length)
		outstanding += u.outstandingBytes()
	}
	k.ended()
	s.tally.stored(k, a.ended, n, bytes)
	if k.lane != nil {
		k.lane.tally.stored(a.ended, n, bytes)
	}
	s.p.metrics.recordsStored(string(s.name), a.shardID, k.users)
	out.add(d, outstanding)
}

// recordsStored is recordsDone for the user records of one Kinesis record, each with its attempts.
func (m *metrics) recordsStored(stream, shardID string, users []userRecord) {
	node := m.locked(stream, shardID)
	defer node.mu.Unlock()
	node.interval[userRecordsPut].addTimes(1, int64(len(users)))
	for i := range users {
		node.interval[userRecordsDataPut].add(int64(users[i].length))
		node.addAttempts(users[i].attempts, 1)
	}
}

// failed ends all user records of a Kinesis record with the cause of its last attempt.
func (s *stream) failed(k *kinesisRecord, c cause, began, ended instant, out *deliveries) {
	for i := range k.users {
		k.users[i].tried(Attempt{ErrorCode: c.code, ErrorMessage: c.message, Request: c.request}, began, ended)
	}
	s.give(k, c, ended, out)
}

// expiredInLimiter is the KPL's word for a record that waited too long for its shard's rate.
const expiredInLimiter = "Expiration reached while waiting in limiter"

// expire ends those user records of each Kinesis record whose time is over, and puts the others on their way again. why, if not empty,
// is the message of an attempt of its own, as the KPL has it for the limiter.
func (s *stream) expire(records []*kinesisRecord, why string) {
	now := s.p.now()
	var out deliveries
	for _, k := range records {
		if k.ordered {
			s.returnTo(k, 0, &out) // the lane knows what has expired
			continue
		}
		if why != "" {
			for i := range k.users {
				if u := &k.users[i]; u.put.add(s.p.cfg.RecordTTL) <= now {
					u.tried(Attempt{ErrorCode: codeExpired, ErrorMessage: why}, now, now)
				}
			}
		}
		s.routeAll(k, k.deadline, &out)
	}
	out.run()
}

// over ends all user records of a Kinesis record that are not tried again: their time is over, or the producer closes.
func (s *stream) over(k *kinesisRecord, out *deliveries) {
	now := s.p.now()
	c := s.p.overCause()
	for i := range k.users {
		k.users[i].tried(Attempt{ErrorCode: c.code, ErrorMessage: c.message}, now, now)
	}
	s.give(k, c, now, out)
}

// give ends all user records of a Kinesis record as failed.
func (s *stream) give(k *kinesisRecord, c cause, now instant, out *deliveries) {
	k.ended()
	if c.code == codeClosed {
		s.p.givenUp.Add(int64(len(k.users)))
	}
	d := delivery{stream: s, k: k, users: len(k.users), failure: c, failed: true, now: now, result: Result{Stream: string(s.name)}}
	shardID := k.shardID()
	for i := range k.users {
		s.p.metrics.recordDone(string(s.name), shardID, false, int(k.users[i].length), k.users[i].attempts)
	}
	s.tally.failed(k, c.code, now)
	if k.lane != nil {
		k.lane.tally.failed(len(k.users), c.code)
	}
	s.p.notices.note(zap.WarnLevel, noticeKey{c.code, string(s.name), shardID}, len(k.users), func(shard string) words {
		fields := append(placed(string(s.name), shard), zap.String("code", c.code), zap.String("error_message", c.message))
		if c.remedy != "" {
			fields = append(fields, zap.String("remedy", c.remedy))
		}
		return words{text: "user records failed", fields: fields}
	})
	out.add(d, k.outstandingBytes())
}

// delivery hands the results of a Kinesis record's user records over.
type delivery struct {
	stream  *stream
	k       *kinesisRecord
	result  Result // what all of them share
	failure cause
	failed  bool
	now     instant
	users   int
	next    int
}

// deliveries are what is known already but not handed over yet. A callback may take its time, or wait for room to Put; so it is called
// only after all that was found out together is settled.
type deliveries []delivery

// add makes room for other records and notes that the callbacks are to be called.
func (out *deliveries) add(d delivery, outstandingBytes int64) {
	d.stream.users.Add(-int64(d.users))
	d.stream.bytes.Add(-outstandingBytes)
	d.stream.p.gate.leave(int64(d.users), outstandingBytes)
	*out = append(*out, d)
}

// run hands everything over. A callback may end its goroutine with runtime.Goexit, as t.Fatal of a test does: another one then goes on.
func (out deliveries) run() {
	i, left := 0, true
	defer func() {
		if left {
			rest := slices.Clone(out[i:])
			rest[0].stream.p.crew.start(rest.run)
		}
	}()
	for ; i < len(out); i++ {
		out[i].run()
	}
	left = false
}

// runIn hands everything over in a goroutine of its own, for those that must not wait.
func (out deliveries) runIn(c *crew) {
	if len(out) > 0 {
		c.start(out.run)
	}
}

// run calls all callbacks and then lets go of the Kinesis record.
func (d *delivery) run() {
	p, users := d.stream.p, d.k.users
	n := len(users)
	for d.next < n {
		d.some()
	}
	for from := 0; from < n; {
		to, bytes := from, int64(0)
		for ; to < n && users[to].generation == users[from].generation; to++ {
			bytes += users[to].outstandingBytes()
		}
		p.gate.end(users[from].generation, int64(to-from), bytes)
		from = to
	}
	p.pools.release(d.k)
}

// some calls callbacks until one panics or all are done.
func (d *delivery) some() {
	defer func() {
		if v := recover(); v != nil {
			d.stream.p.panicked(v)
		}
	}()
	for d.next < len(d.k.users) {
		u := &d.k.users[d.next]
		d.next++
		if u.done == nil {
			continue
		}
		r := d.result
		r.Attempts = u.attempts
		if d.failed {
			r.Err = d.stream.recordError(u, d.k, &d.failure, d.now)
		}
		u.done(r)
	}
}

func (s *stream) recordError(u *userRecord, k *kinesisRecord, c *cause, now instant) *RecordError {
	e := &RecordError{
		Stream: string(s.name), ShardID: k.shardID(), Code: c.code, Message: c.message, Attempts: u.attempts, Age: now.since(u.put), Remedy: c.remedy,
		MayBeStored: u.maybe != nil,
	}
	if c.code == codeClosed {
		e.err = ErrClosed
	}
	return e
}
