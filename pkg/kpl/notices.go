package kpl

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// noticePause is the time of which the log gets one sum for each kind.
const noticePause = 10 * time.Second

// maxNotices bounds the memory of what was said. Beyond it the oldest gives way, and its sum is written early.
const maxNotices = 1000

// maxShardNotices is of how many shards of a stream the log tells one kind apart; what happens in further ones is said of otherShards.
const (
	maxShardNotices = 16
	otherShards     = "other shards"
)

// notices logs what may happen to every request in few lines: the first of a kind at once, the others of ten seconds as one that says how
// often it happened and to how many user records. Whoever sums lines too knows such a sum by its field "repeated".
type notices struct {
	log *zap.Logger

	mu   sync.Mutex // guards all below; not held while something is written
	said map[noticeKey]*notice
	// shards counts those of said that are of a shard, with the shard left out of the key.
	shards map[noticeKey]int
	// first and last are the ends of a list of all that was said, in the order in which their time is over.
	first, last *notice
	timer       *time.Timer // ends the time of the first; nil while there is none
	closed      bool
	late        sync.WaitGroup // the timer that is set, and its function that runs
}

// noticeKey is what is said once: what happened, in which shard of a stream; empty for all of it.
type noticeKey struct{ kind, stream, shard string }

// notice is what was said of a kind and what has happened since.
type notice struct {
	key     noticeKey
	words   words
	since   time.Time
	times   int
	records int
	before  *notice
	next    *notice
}

// words are a line of log.
type words struct {
	level  zapcore.Level // note sets it
	text   string
	fields []zap.Field
	// summed is the text for so many user records in so long a time; nil for the text itself with the number of times.
	summed func(records int, span time.Duration) string
}

// note takes notice of something that happened to that many user records. say is called only if it is written at once, with the shard, empty,
// or otherShards.
func (n *notices) note(level zapcore.Level, key noticeKey, records int, say func(shard string) words) {
	if !n.log.Core().Enabled(level) {
		return
	}
	n.mu.Lock()
	known := n.said[key]
	if known == nil && key.shard != "" && n.shards[noticeKey{key.kind, key.stream, ""}] >= maxShardNotices {
		key.shard = otherShards
		known = n.said[key]
	}
	if known != nil && !n.closed {
		known.times++
		known.records += records
		n.mu.Unlock()
		return
	}
	w := say(key.shard)
	w.level = level
	early := n.remember(key, w)
	n.mu.Unlock()
	early()
	fields := w.fields[:len(w.fields):len(w.fields)]
	if records > 0 {
		fields = append(fields, zap.Int("user_records", records))
	}
	n.log.Log(w.level, w.text, fields...)
}

// remember keeps what is said now, if somebody will write the sum, and returns what writes the sum that gives way. It is called with mu held.
func (n *notices) remember(key noticeKey, w words) (early func()) {
	early = func() {}
	if n.closed {
		return early
	}
	if n.said == nil {
		n.said, n.shards = map[noticeKey]*notice{}, map[noticeKey]int{}
	}
	now := time.Now()
	if len(n.said) >= maxNotices {
		oldest := n.first
		n.forget(oldest)
		if oldest.times > 0 {
			early = func() { n.sum(*oldest, now) }
		}
	}
	n.append(&notice{key: key, words: w, since: now})
	n.wake(now)
	return early
}

// sum writes what has happened since a notice's time began.
func (n *notices) sum(of notice, now time.Time) {
	span := max(now.Sub(of.since).Round(time.Second), time.Second)
	text := ""
	if of.words.summed != nil {
		text = of.words.summed(of.records, span)
	} else {
		text = fmt.Sprintf("%s (%s more in the last %v)", of.words.text, grouped(of.times), span)
	}
	fields := of.words.fields[:len(of.words.fields):len(of.words.fields)]
	if of.records > 0 {
		fields = append(fields, zap.Int("user_records", of.records))
	}
	n.log.Log(of.words.level, text, append(fields, zap.Int("repeated", of.times))...)
}

// over writes the sums whose time is over, and forgets what has not happened again.
func (n *notices) over() {
	defer n.late.Done()
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return
	}
	now := time.Now()
	var sums []notice
	for said := n.first; said != nil && now.Sub(said.since) >= noticePause; said = n.first {
		n.forget(said)
		if said.times == 0 {
			continue
		}
		sums = append(sums, *said)
		said.times, said.records, said.since = 0, 0, now
		n.append(said)
	}
	n.timer = nil
	n.wake(now)
	n.mu.Unlock()
	for _, s := range sums {
		n.sum(s, now)
	}
}

// close writes the last sums. What happens afterwards is written at once.
func (n *notices) close() {
	n.mu.Lock()
	n.closed = true
	if n.timer != nil && n.timer.Stop() {
		n.late.Done()
	}
	n.timer = nil
	var sums []notice
	for said := n.first; said != nil; said = said.next {
		if said.times > 0 {
			sums = append(sums, *said)
		}
	}
	n.said, n.shards, n.first, n.last = nil, nil, nil, nil
	n.mu.Unlock()
	now := time.Now()
	for _, s := range sums {
		n.sum(s, now)
	}
	n.late.Wait()
}

func (n *notices) wake(now time.Time) {
	if n.timer == nil && n.first != nil {
		n.late.Add(1)
		n.timer = time.AfterFunc(n.first.since.Add(noticePause).Sub(now), n.over)
	}
}

func (n *notices) append(said *notice) {
	n.said[said.key] = said
	n.count(said.key, 1)
	said.before, said.next = n.last, nil
	if n.last != nil {
		n.last.next = said
	} else {
		n.first = said
	}
	n.last = said
}

func (n *notices) count(key noticeKey, by int) {
	if key.shard == "" || key.shard == otherShards {
		return
	}
	key.shard = ""
	if n.shards[key] += by; n.shards[key] == 0 {
		delete(n.shards, key)
	}
}

func (n *notices) forget(said *notice) {
	delete(n.said, said.key)
	n.count(said.key, -1)
	if said.before != nil {
		said.before.next = said.next
	} else {
		n.first = said.next
	}
	if said.next != nil {
		said.next.before = said.before
	} else {
		n.last = said.before
	}
}

// throttled takes notice of user records that a shard, or with shardID empty a whole stream, has throttled. They are sent again.
func (n *notices) throttled(stream, shardID, code string, records int) {
	n.note(zap.WarnLevel, noticeKey{"throttled", stream, shardID}, records, func(shard string) words {
		at := stream
		if shard != "" {
			at = shard + " of " + stream
		}
		return words{
			text:   "throttled on " + at + "; the records are sent again until they expire",
			fields: append(placed(stream, shard), zap.String("code", code)),
			summed: func(records int, span time.Duration) string {
				return fmt.Sprintf("throttled %s records on %s in the last %v", grouped(records), at, span)
			},
		}
	})
}

// placed are the fields that say where something happened.
func placed(stream, shard string) []zap.Field {
	fields := []zap.Field{zap.String("stream", stream)}
	if shard != "" && shard != otherShards {
		fields = append(fields, zap.String("shard", shard))
	}
	return fields
}

// grouped is a number as people read it: 1204 is 1,204.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
