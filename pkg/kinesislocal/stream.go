package kinesislocal

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// States of a stream.
const (
	statusCreating = "CREATING"
	statusActive   = "ACTIVE"
	statusUpdating = "UPDATING"
	statusDeleting = "DELETING"
)

const (
	retention             = 24 * time.Hour // the service's default
	defaultMaxRecordBytes = 1 << 20
	largestMaxRecordBytes = 10 << 20
)

// stream is one stream. Server.mu guards it.
type stream struct {
	serial          int64 // no other stream of the server has it
	name, arn       string
	created         time.Time
	onDemand        bool
	autoDistributed bool // on-demand streams may spread records without regard to their keys
	nextAuto        int
	maxRecordBytes  int
	tags            map[string]string

	shards []*shard // by number
	open   []*shard // by start

	prefix   string
	sequence uint64

	limits  Limits
	enforce bool

	stored int64 // records ever stored

	phase      string // what the stream is until phaseUntil; ACTIVE after
	phaseUntil time.Time
}

func (st *stream) status(now time.Time) string {
	if st.phase != "" && now.Before(st.phaseUntil) {
		return st.phase
	}
	return statusActive
}

func (st *stream) enter(phase string, now time.Time, delay time.Duration) {
	st.phase, st.phaseUntil = phase, now.Add(delay)
}

// deleted says whether a DELETING stream has come to its end.
func (st *stream) deleted(now time.Time) bool {
	return st.phase == statusDeleting && !now.Before(st.phaseUntil)
}

func (st *stream) addShard(start, end hashKey, now time.Time) *shard {
	st.sequence++
	sh := &shard{
		id:            shardID(len(st.shards)),
		start:         start,
		end:           end,
		created:       now,
		firstSequence: st.sequence,
	}
	st.shards = append(st.shards, sh)
	return sh
}

func (st *stream) layOut(n int, now time.Time) {
	starts := evenStarts(n)
	for i, start := range starts {
		end := maxHashKey
		if i+1 < n {
			end = starts[i+1].previous()
		}
		st.open = append(st.open, st.addShard(start, end, now))
	}
}

// owner returns the open shard whose range holds k. The open shards cover the
// whole key space, always.
func (st *stream) owner(k hashKey) *shard {
	i := sort.Search(len(st.open), func(i int) bool { return k.less(st.open[i].start) })
	return st.open[i-1]
}

func (st *stream) find(id string) *shard {
	if n, ok := shardNumber(id); ok && n < len(st.shards) {
		return st.shards[n]
	}
	return nil
}

func (st *stream) openIndex(sh *shard) int {
	i := sort.Search(len(st.open), func(i int) bool { return !st.open[i].start.less(sh.start) })
	if i < len(st.open) && st.open[i] == sh {
		return i
	}
	return -1
}

func (st *stream) close(sh *shard, now time.Time) {
	st.sequence++
	sh.closed, sh.lastSequence = now, st.sequence
}

// split closes an open shard and opens two that meet at start.
func (st *stream) split(sh *shard, start hashKey, now time.Time) (low, high *shard) {
	i := st.openIndex(sh)
	st.close(sh, now)
	low = st.addShard(sh.start, start.previous(), now)
	high = st.addShard(start, sh.end, now)
	low.parent, high.parent = sh.id, sh.id
	sh.children = []*shard{low, high}
	st.open = slices.Replace(st.open, i, i+1, low, high)
	return low, high
}

// merge closes two open shards, low directly below high, and opens one.
func (st *stream) merge(low, high *shard, parent, adjacent string, now time.Time) *shard {
	i := st.openIndex(low)
	st.close(low, now)
	st.close(high, now)
	child := st.addShard(low.start, high.end, now)
	child.parent, child.adjacent = parent, adjacent
	low.children, high.children = []*shard{child}, []*shard{child}
	st.open = slices.Replace(st.open, i, i+2, child)
	return child
}

// scale brings the stream to n even shards by splits and merges, as the service
// does; shards that have the right range already stay.
func (st *stream) scale(n int, now time.Time) {
	starts := evenStarts(n)
	for _, start := range starts {
		if sh := st.owner(start); sh.start != start {
			st.split(sh, start, now)
		}
	}
	for i, start := range starts {
		end := maxHashKey
		if i+1 < n {
			end = starts[i+1].previous()
		}
		for sh := st.owner(start); sh.end != end; {
			high := st.owner(sh.end.next())
			sh = st.merge(sh, high, sh.id, high.id, now)
		}
	}
}

func shardNumber(id string) (int, bool) {
	digits, ok := strings.CutPrefix(id, "shardId-")
	if !ok || len(digits) != 12 || !allDigits(digits) {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil
}

// trimHorizon is the oldest time from which records may still be held.
func (st *stream) trimHorizon(now time.Time) time.Time {
	if t := now.Add(-retention); t.After(st.created) {
		return t
	}
	return st.created
}
