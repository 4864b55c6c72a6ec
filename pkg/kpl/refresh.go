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

// spreadAfter is how many maps, each fetched after the answer, must contradict an answer before the stream is taken for one whose
// records the service distributes itself; gatherAfter how many answers in a row must fit before it is not.
const (
	spreadAfter = 2
	gatherAfter = 1000
)

// maxPuzzles bounds what is kept of plain records while no map comes. One would do; the next answer brings another.
const maxPuzzles = 100

// refresh is the state of fetching a stream's shard map.
type refresh struct {
	mu      sync.Mutex // guards all below
	running bool
	closed  bool
	// judging are stored aggregates of which it is not known yet whether they lie where they belong.
	judging map[*kinesisRecord]*placement
	// puzzles are answers of plain records that the map does not explain, at most maxPuzzles: for telling how the stream distributes.
	puzzles []*placement
	// contradictions counts maps that contradicted an answer given before they were asked for; fits the answers since, when spread.
	contradictions, fits int
}

// placement says where a Kinesis record was stored.
type placement struct {
	hash           HashKey
	shardID        string
	sequenceNumber string
	began, ended   instant
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

// fetch asks for shard maps until one is installed that nothing newer contradicts.
func (s *stream) fetch() {
	for {
		m := s.ask()
		if m == nil || !s.install(m) {
			return
		}
		for s.judgeAll(m) {
			for _, l := range s.routes.Load().lanes {
				l.trust(s.p.now())
			}
			if s.fetched() {
				return
			}
		}
		if !s.sleep(refreshAgainWait) {
			return
		}
	}
}

// fetched ends fetching if nothing has come to be judged meanwhile.
func (s *stream) fetched() bool {
	f := &s.refresh
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running = len(f.judging)+len(f.puzzles) > 0
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
		s.p.notices.error("shard map", string(s.name), "cannot list the shards; records go out one by one until it is there", s.p.now(),
			zap.String("stream", string(s.name)), zap.Error(err), zap.Duration("next_try_in", wait))
		s.holdFailed(classify(err).final && !errors.Is(err, errNoShards))
		if !s.sleep(wait) {
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
func (s *stream) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.stop:
	case <-s.p.base.Done():
	}
	return false
}

// install makes a shard map the one in force. Shards that are open as before keep their lanes; what lies in the lanes of others is
// predicted anew. It returns false when the stream is closed.
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
	for _, shard := range m.open {
		l := kept[shard.id]
		if l == nil || l.shard != shard {
			l = newLane(s, shard, now)
		} else {
			delete(kept, shard.id)
		}
		r.lanes = append(r.lanes, l)
	}
	s.tally.mapCame()
	if old == nil {
		return s.openHold(r)
	}
	for {
		r.spread = old.spread
		if s.routes.CompareAndSwap(old, r) {
			break
		}
		if old = s.routes.Load(); old.closed {
			return false
		}
	}
	var out deliveries
	for _, l := range kept {
		for _, k := range l.shut() {
			s.routeAll(k, k.deadline, &out)
		}
	}
	for _, k := range s.collector.takeOf(func(k *kinesisRecord) bool { return k.lane != nil && kept[k.lane.shard.id] == k.lane }) {
		s.routeAll(k, k.deadline, &out)
	}
	out.runIn(&s.p.crew)
	s.p.log.Debug("shard map updated", zap.String("stream", string(s.name)), zap.Int("open_shards", len(r.lanes)), zap.Int("shards_gone", len(kept)))
	return true
}

// shut ends judging and returns what was being judged: it is stored, but nobody can say whether rightly.
func (f *refresh) shut() (left []*kinesisRecord) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for k := range f.judging {
		left = append(left, k)
	}
	f.judging = nil
	return left
}
