package kpl

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// streamTally counts what became of a stream's records.
type streamTally struct {
	made         instant
	lastUnrouted atomic.Int64 // instant of the last record that went to no lane

	mu          sync.Mutex // guards all below
	total       Totals
	codes       map[string]int64
	inFlight    int64
	latency     histogram
	requestTime histogram
	rate        rate
	mapError    string
	// landed are user records by the shard that the answers named.
	landed map[string]int64
}

// shardTally counts what became of the records of one shard.
type shardTally struct {
	mu       sync.Mutex // guards all below
	total    ShardTotals
	inFlight int64
	rate     rate
	codes    map[string]int64
}

func (t *streamTally) stored(k *kinesisRecord, now instant, n int, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.Stored += int64(n)
	t.total.StoredBytes += bytes
	t.rate.add(now, n, bytes)
	for i := range k.users {
		t.latency.add(now.since(k.users[i].put))
	}
}

// landedMost bounds the shards of which it is known what landed in them: an endpoint may name any number.
const landedMost = 10_000

func (t *streamTally) land(shardID string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.landed[shardID]; !known && len(t.landed) >= landedMost {
		return
	}
	count(&t.landed, shardID, int64(n))
}

func (t *streamTally) landedIn(shardID string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.landed[shardID]
}

func (t *streamTally) failed(k *kinesisRecord, code string, now instant) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := int64(len(k.users))
	t.total.Failed += n
	if code == codeExpired {
		t.total.Expired += n
	}
	if code == codeExpired || code == codeClosed {
		count(&t.codes, code, n) // others were counted as attempts
	}
	for i := range k.users {
		t.latency.add(now.since(k.users[i].put))
	}
}

func (t *streamTally) retried(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.Retries += int64(n)
}

func (t *streamTally) wrongShard(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.WrongShard += int64(n)
	t.total.Retries += int64(n)
	count(&t.codes, codeWrongShard, int64(n))
}

func (t *streamTally) sending(b *batch, users int) {
	t.mu.Lock()
	t.total.Requests++
	t.inFlight += int64(users)
	t.mu.Unlock()
	eachLane(b, func(l *lane, users int) { l.tally.flying(users) })
}

func (t *streamTally) answered(b *batch, users int, took time.Duration) {
	t.mu.Lock()
	t.inFlight -= int64(users)
	t.requestTime.add(took)
	t.mu.Unlock()
	eachLane(b, func(l *lane, users int) { l.tally.flying(-users) })
}

// eachLane calls f for every run of a batch's records of one lane.
func eachLane(b *batch, f func(l *lane, users int)) {
	users := 0
	for i, k := range b.records {
		users += len(k.users)
		if i+1 < len(b.records) && b.records[i+1].lane == k.lane {
			continue
		}
		if k.lane != nil {
			f(k.lane, users)
		}
		users = 0
	}
}

func (t *streamTally) kinesisRecords(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.KinesisRecords += int64(n)
}

func (t *streamTally) requestFailed(c cause, users int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.RequestsFailed++
	count(&t.codes, c.code, int64(users))
	if c.throttled {
		t.total.Throttled += int64(users)
	}
}

func (t *streamTally) recordFailed(c cause, users int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.codes, c.code, int64(users))
	if c.throttled {
		t.total.Throttled += int64(users)
	}
}

func (t *streamTally) mapFailed(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mapError = err.Error()
}

func (t *streamTally) mapCame() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mapError = ""
}

func (t *shardTally) flying(users int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inFlight += int64(users)
}

func (t *shardTally) stored(now instant, n int, bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.Stored += int64(n)
	t.total.StoredBytes += bytes
	t.rate.add(now, n, bytes)
}

func (t *shardTally) failed(n int, code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.Failed += int64(n)
	if code == codeExpired || code == codeClosed {
		count(&t.codes, code, int64(n))
	}
}

func (t *shardTally) attemptFailed(c cause, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	count(&t.codes, c.code, int64(n))
	if c.throttled {
		t.total.Throttled += int64(n)
	}
}

func count(codes *map[string]int64, code string, n int64) {
	if *codes == nil {
		*codes = map[string]int64{}
	}
	(*codes)[code] += n
}

func copyOf(codes map[string]int64) map[string]int64 {
	if len(codes) == 0 {
		return nil
	}
	return maps.Clone(codes)
}
