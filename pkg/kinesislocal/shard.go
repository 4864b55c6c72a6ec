package kinesislocal

import (
	"fmt"
	"time"
)

// shard is one shard, open or closed. Server.mu guards it.
type shard struct {
	id               string
	start, end       hashKey // inclusive
	parent, adjacent string
	children         []*shard

	created time.Time
	closed  time.Time // zero while open

	firstSequence uint64 // no record of this shard has a smaller one
	lastSequence  uint64 // set when closed

	// records[head:] are held; head moves when the oldest are trimmed.
	records []record
	head    int

	recordTokens, byteTokens, readTokens bucket
}

type record struct {
	data            []byte
	partitionKey    string
	explicitHashKey string
	requestID       string
	sequence        uint64
	arrival         time.Time
}

// recordOverheadBytes is what a stored record costs beside its data and keys.
const recordOverheadBytes = 128

func (r *record) heldBytes() int64 {
	return int64(len(r.data)+len(r.partitionKey)+len(r.explicitHashKey)) + recordOverheadBytes
}

func shardID(n int) string { return fmt.Sprintf("shardId-%012d", n) }

func (sh *shard) open() bool { return sh.closed.IsZero() }

func (sh *shard) held() []record { return sh.records[sh.head:] }

// dropOldest forgets the oldest record and returns the bytes that it held.
func (sh *shard) dropOldest() int64 {
	if sh.head == len(sh.records) {
		return 0
	}
	n := sh.records[sh.head].heldBytes()
	sh.records[sh.head] = record{}
	sh.head++
	if sh.head >= 1024 && sh.head*2 >= len(sh.records) {
		kept := copy(sh.records, sh.records[sh.head:])
		clear(sh.records[kept:])
		sh.records, sh.head = sh.records[:kept], 0
	}
	return n
}

// after returns the index in held of the first record beyond sequence.
func (sh *shard) after(sequence uint64) int {
	held := sh.held()
	lo, hi := 0, len(held)
	for lo < hi {
		mid := (lo + hi) / 2
		if held[mid].sequence > sequence {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

func (sh *shard) openAt(t time.Time) bool {
	return !sh.created.After(t) && (sh.open() || sh.closed.After(t))
}
