package kpl

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Back-off after failed attempts: exponential with full jitter.
const (
	backoffBase = 50 * time.Millisecond
	backoffMost = 5 * time.Second
	// retryWaitMost bounds the half of RecordMaxBufferedTime that a failed record waits for company: it has waited once already.
	retryWaitMost = time.Second
)

// retryWait is how long a failed record may wait for company.
func (p *Producer) retryWait() time.Duration {
	return min(p.cfg.RecordMaxBufferedTime/2, retryWaitMost)
}

// backoff is how long to wait before the attempt after that many failed ones.
func backoff(failed int) time.Duration {
	most := backoffMost
	if failed < 8 {
		most = min(most, backoffBase<<failed)
	}
	return rand.N(most)
}

// retries are the Kinesis records of a stream that wait before they are sent again.
type retries struct {
	mu      sync.Mutex // guards all below
	records map[*kinesisRecord]*alarmEntry
	closed  bool
}

// tried notes a failed attempt.
func (u *userRecord) tried(a Attempt, began, ended instant) {
	a.Delay, a.Duration = began.since(u.since), ended.since(began)
	u.keep(a)
	u.since = ended
}

// maxAttempts bounds what is kept of a record's attempts: during a long outage it may have thousands.
const maxAttempts = 100

// keep adds an attempt to the record's. Of too many the middle ones are put together.
func (u *userRecord) keep(a Attempt) {
	if n := len(u.attempts); n == maxAttempts {
		const middle = maxAttempts / 2
		first, second := &u.attempts[middle], &u.attempts[middle+1]
		second.Delay += first.Delay + first.Duration
		second.Merged += first.Merged + 1
		copy(u.attempts[middle:], u.attempts[middle+1:])
		u.attempts = u.attempts[:n-1]
	}
	u.attempts = append(u.attempts, a)
}

// fewestTries is how many failed attempts the user record with the fewest of them has. An old record that travels along goes by the fresh one's
// patience: the request is made for that in any case, and the fresh one should not pay for the old.
func (k *kinesisRecord) fewestTries() int {
	fewest := math.MaxInt
	for i := range k.users {
		if fewest = min(fewest, Tries(k.users[i].attempts)); fewest == 0 {
			break
		}
	}
	return fewest
}

// again sends the user records of a failed Kinesis record once more, unless their time is over: first a back-off, then they are
// aggregated anew with whatever is there. As in the KPL that takes at least half of RecordMaxBufferedTime, except when somebody waits.
func (s *stream) again(k *kinesisRecord, c cause, began, ended instant, out *deliveries) {
	for i := range k.users {
		k.users[i].tried(Attempt{ErrorCode: c.code, ErrorMessage: c.message, Request: c.request}, began, ended)
	}
	s.tally.retried(len(k.users))
	deadline := ended.add(s.p.retryWait())
	at := min(ended.add(backoff(k.fewestTries())), k.expiration)
	if k.ordered {
		s.returnTo(k, at, out)
		return
	}
	f := &s.retries
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		s.routeAll(k, deadline, out)
		return
	}
	if f.records == nil {
		f.records = map[*kinesisRecord]*alarmEntry{}
	}
	wake := &alarmEntry{index: -1}
	wake.fire = func(now instant) {
		f.mu.Lock()
		waits := f.records[k] == wake
		if waits {
			delete(f.records, k)
		}
		f.mu.Unlock()
		if waits {
			var out deliveries
			s.routeAll(k, max(deadline, now), &out)
			out.runIn(&s.p.crew)
		}
	}
	f.records[k] = wake
	s.alarm.set(wake, at)
	f.mu.Unlock()
}

// buffered counts the user records that wait.
func (f *retries) buffered() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k := range f.records {
		n += len(k.users)
	}
	return n
}

// shut hands over what waits.
func (f *retries) shut() (left []*kinesisRecord) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for k := range f.records {
		left = append(left, k)
	}
	f.records = nil
	return left
}
