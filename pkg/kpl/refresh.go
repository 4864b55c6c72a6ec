package kpl

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Waits between two tries for a shard map (KPL: 1 s, then half as much again, at most 30 s), and between two maps when the first did
// not explain an answer.
const (
	refreshWait      = 1000 * time.Millisecond
	refreshWaitMost  = 30000 * time.Millisecond
	refreshAgainWait = 100 * time.Millisecond
)

// maxPuzzles bounds what is kept of plain records while no map comes. One would do; the next answer brings another.
const maxPuzzles = 100

// refresh is the state of fetching a stream's shard map.
type refresh struct {
	mu      sync.Mutex // guards all below
	running bool
	closed  bool
	// retry has a token when a try is worth making at once.
	retry chan struct{}
	// judging are stored aggregates of which it is not known yet whether they lie where they belong.
	judging map[*kinesisRecord]*placement
	// puzzles are answers of plain records that the map does not explain, at most maxPuzzles: for telling how the stream distributes.
	puzzles      []*placement
	distribution distribution
}

// placement says where a Kinesis record was stored.
type placement struct {
	hash           HashKey
	shardID        string
	sequenceNumber string
	requestID      string
	began, ended   instant
	request        uint32     // its number, for OnRequest
	afresh         bool       // only a map asked for afterwards can tell
	unjudged       bool       // none came in time
	late           alarmEntry // when waiting for a map is over
}

// fetchShards starts fetching a shard map unless that is under way.
func (s *stream) fetchShards() {
	f := &s.refresh
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed && !f.running {
		f.running = true
		s.p.crew.start(s.fetch)
	}
}

// fetch asks for shard maps until one is installed that nothing newer contradicts. The first comes into force when it is known how the stream
// distributes its records, or after distributionPatience.
func (s *stream) fetch() {
	var told <-chan struct{}
	if s.routes.Load() == nil {
		told = s.askDistribution()
	}
	for {
		m := s.ask()
		if told != nil && m != nil && !s.sleepUntil(told, distributionPatience) {
			return
		}
		told = nil
		if m == nil {
			return
		}
		if !s.putInForce(m) {
			return
		}
		if !s.sleep(refreshAgainWait) {
			return
		}
	}
}

// putInForce installs a map and judges by it what waits for one, as far as it can tell. It returns false when no other map is needed.
func (s *stream) putInForce(m *shardMap) (again bool) {
	for {
		part, settled := s.settleGone(m)
		if !s.install(part) {
			return false
		}
		done := s.judgeAll(m)
		if done {
			for _, l := range s.routes.Load().lanes {
				l.trust(s.p.now())
			}
		}
		switch {
		case !done:
			return true
		case settled:
			if s.fetched() {
				return false
			}
		case !s.sleepUntil(s.ends, refreshWait):
			return false
		}
	}
}

// staleAfter is how long nothing must have been answered before a stream may have been deleted and made again unnoticed.
const staleAfter = 30 * time.Second

// suspect has the shard map looked at again when a request leaves after a long pause. Nothing waits for it but the
// results of aggregates, and with StrictOrder what comes after them.
func (s *stream) suspect(now instant) {
	last := instant(s.answered.Load())
	if r := s.routes.Load(); last > 0 && now.since(last) > staleAfter && r != nil && now.since(r.shards.asked) > staleAfter {
		s.doubtMap(now, false)
	}
}

// doubtMap notes that the stream may not be the one that the map is of, which is sure when it was gone, and fetches another.
func (s *stream) doubtMap(now instant, gone bool) {
	for {
		old := s.routes.Load()
		if old == nil || old.closed || old.spread {
			return
		}
		next := *old
		next.stale, next.gone = max(next.stale, now), next.gone || gone
		if s.routes.CompareAndSwap(old, &next) {
			s.fetchShards()
			return
		}
	}
}

func (r *routes) isStale() bool { return r != nil && r.stale > 0 && !r.closed && !r.spread }

// hurry makes a failed listing be tried again at once.
func (f *refresh) hurry() {
	select {
	case f.retry <- struct{}{}:
	default:
	}
}

// fetched ends fetching if nothing has come to be judged meanwhile.
func (s *stream) fetched() bool {
	f := &s.refresh
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running = len(f.judging)+len(f.puzzles) > 0 || s.routes.Load().isStale()
	return !f.running
}

// ask lists the shards, over and over until it succeeds. It returns nil when the stream is closed.
func (s *stream) ask() *shardMap {
	wait := refreshWait
	for {
		asked := s.p.now()
		shards, err := s.p.listShards(s.name, false, func() { wait = refreshWait })
		if err == nil {
			var known map[string]shardRange
			if s.puzzled(shards, asked) {
				// The answer named a shard that is closed again.
				if all, err := s.p.listShards(s.name, true, func() {}); err == nil {
					known = make(map[string]shardRange, len(all))
					for _, r := range all {
						r.closed = true
						known[r.id] = r
					}
				}
			}
			return newShardMap(shards, known, asked)
		}
		if s.p.base.Err() != nil {
			return nil
		}
		s.tally.mapFailed(err)
		s.p.notices.note(zap.ErrorLevel, noticeKey{kind: "shard map", stream: string(s.name)}, 0, func(string) words {
			return words{text: "cannot list the shards; records go out one by one until the shard map is there",
				fields: append(placed(string(s.name), ""), zap.Error(err), zap.Duration("next_try_in", wait))}
		})
		c := classify(err)
		c.final = c.final && !errors.Is(err, errNoShards)
		s.holdFailed(c)
		if c.code == codeNotFound {
			s.doubtMap(asked, true)
		}
		due := s.p.now().add(wait)
		if !s.sleepUntil(s.refresh.retry, wait) || s.p.now() < due && !s.sleep(refreshAgainWait) {
			return nil
		}
		wait = min(wait*3/2/time.Millisecond*time.Millisecond, refreshWaitMost)
	}
}

// puzzled says whether an answer waits that names a shard which a map asked for after it does not list.
func (s *stream) puzzled(shards []shardRange, asked instant) bool {
	f := &s.refresh
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.judging {
		listed := false
		for i := range shards {
			listed = listed || shards[i].id == a.shardID
		}
		if !listed && a.ended <= asked {
			return true
		}
	}
	return false
}

// sleep waits, unless the stream or the producer ends before.
func (s *stream) sleep(d time.Duration) bool { return s.sleepUntil(nil, d) }

// sleepUntil is sleep that ends when something is done.
func (s *stream) sleepUntil(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-done:
		return true
	case <-s.stop:
	case <-s.p.base.Done():
	}
	return false
}

// install makes a shard map the one in force. Shards that are open as before keep their lanes; what lies in the lanes of others is
// predicted anew and moves, before anything that is put from now on, to the lanes of the shards that took over. It returns false when the
// stream is closed.
func (s *stream) install(m *shardMap) bool {
	now := s.p.now()
	old := s.routes.Load()
	if old != nil && old.closed {
		return false
	}
	kept := map[string]*lane{}
	if old != nil {
		for _, l := range old.lanes {
			kept[l.shard.id] = l
		}
	}
	r := &routes{shards: m}
	var fresh []*lane
	for _, shard := range m.open {
		l := kept[shard.id]
		if l == nil || l.shard != shard {
			l = newLane(s, shard, now)
			fresh = append(fresh, l)
		} else {
			delete(kept, shard.id)
		}
		r.lanes = append(r.lanes, l)
	}
	s.tally.mapCame()
	if old == nil {
		return s.openHold(r)
	}
	s.collector.cork()
	defer s.collector.uncork(now, false)
	for _, l := range fresh {
		l.mu.Lock()
	}
	for {
		r.spread = old.spread
		if r.stale, r.gone = old.stale, old.gone; r.stale <= m.asked {
			r.stale, r.gone = 0, false
		}
		if s.routes.CompareAndSwap(old, r) {
			break
		}
		if old = s.routes.Load(); old.closed {
			for _, l := range fresh {
				l.mu.Unlock()
			}
			return false
		}
	}
	s.move(kept, r, fresh)
	s.p.log.Debug("shard map updated", zap.String("stream", string(s.name)), zap.Int("open_shards", len(r.lanes)), zap.Int("shards_gone", len(kept)))
	return true
}

// move puts what lies in the lanes of shards that are gone on its way again, oldest first. The fresh lanes come locked.
func (s *stream) move(gone map[string]*lane, r *routes, fresh []*lane) {
	left := s.collector.takeOf(func(k *kinesisRecord) bool { return k.lane != nil && gone[k.lane.shard.id] == k.lane })
	for _, l := range gone {
		left = append(left, l.shut()...)
	}
	var out deliveries
	g := s.begin()
	now := s.p.now()
	var over []*kinesisRecord
	locked := make(map[*lane]bool, len(fresh))
	for _, l := range fresh {
		locked[l] = true
	}
	for _, k := range left {
		if r.spread {
			break
		}
		for i := range k.users {
			u := &k.users[i]
			u.urgent = u.urgent || k.urgent
			expiration := u.put.add(s.p.cfg.RecordTTL)
			n, ok := r.shards.find(u.hash)
			switch {
			case !ok || expiration <= now:
				over = append(over, s.alone(k, u))
			case locked[r.lanes[n]]:
				r.lanes[n].add(u, k.dataOf(u), min(k.deadline, s.latest(expiration)), expiration, now, g)
			case !r.lanes[n].put(u, k.dataOf(u), min(k.deadline, s.latest(expiration)), expiration, now, g):
				over = append(over, s.alone(k, u)) // the stream is being shut
			}
		}
		s.p.pools.release(k)
	}
	for _, l := range fresh {
		l.mu.Unlock()
	}
	g.end()
	if r.spread {
		over = left
	}
	for _, k := range over {
		s.routeAll(k, k.deadline, &out)
	}
	out.runIn(&s.p.crew)
}

// alone is a user record of k by itself.
func (s *stream) alone(k *kinesisRecord, u *userRecord) *kinesisRecord {
	one := s.p.pools.newPlain(s, nil, u, k.dataOf(u))
	one.deadline, one.expiration = k.deadline, u.put.add(s.p.cfg.RecordTTL)
	return one
}

// shutRefresh ends judging and returns what was being judged: it is stored, but nobody can say whether rightly.
func (s *stream) shutRefresh() (left []*kinesisRecord) {
	f := &s.refresh
	f.mu.Lock()
	judging := f.judging
	f.closed, f.judging = true, nil
	f.mu.Unlock()
	for k, a := range judging {
		s.doubtfulAll(k, a.misplaced())
		left = append(left, k)
	}
	return left
}
