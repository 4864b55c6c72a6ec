package soak

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// bitmap says of each record whether something happened to it. It has its full size from the start, so that it does not count as
// growing memory.
type bitmap []uint64

func newBitmap(n int) bitmap { return make(bitmap, n/64+1) }

// set returns whether it was set before.
func (b bitmap) set(i uint64) bool {
	word, bit := &b[i/64], uint64(1)<<(i%64)
	was := *word&bit != 0
	*word |= bit
	return was
}

// ledger counts what became of the records, which are known by the number that their data begins with.
type ledger struct {
	mu        sync.Mutex // guards what follows: results and deliveries come from different goroutines
	figures   figures
	ended     bitmap
	delivered bitmap
	firstErr  error
	shards    map[string]hashKeys
	changed   chan struct{} // has room for one; filled when a record was delivered for the first time
}

// figures are shown as the run goes.
type figures struct {
	results    int // calls with a result
	repeated   int // results of records that had one already
	failed     int
	retried    int // stored at a later attempt than the first
	delivered  int // different records that consumers see
	duplicates int // deliveries of records that were delivered before
	kinesis    int // Kinesis records
	dropped    int // Kinesis records that consumers drop: one user record in them is of another shard
}

// hashKeys is the range of a shard, both ends inside.
type hashKeys struct{ first, last kpl.HashKey }

func newLedger(n int) *ledger {
	return &ledger{ended: newBitmap(n), delivered: newBitmap(n), shards: map[string]hashKeys{}, changed: make(chan struct{}, 1)}
}

// result takes the end of record n.
func (l *ledger) result(n uint64, r kpl.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.results++
	if l.ended.set(n) {
		l.figures.repeated++
	}
	switch {
	case r.Err != nil:
		l.figures.failed++
		if l.firstErr == nil {
			l.firstErr = r.Err
		}
	case len(r.Attempts) > 1:
		l.figures.retried++
	}
}

// learn takes the shards that the stream has.
func (l *ledger) learn(shards []kinesislocal.Shard) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, sh := range shards {
		first, err := kpl.ParseHashKey(sh.Start)
		if err != nil {
			return err
		}
		last, err := kpl.ParseHashKey(sh.End)
		if err != nil {
			return err
		}
		l.shards[sh.ID] = hashKeys{first, last}
	}
	return nil
}

func (l *ledger) knows(shard string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.shards[shard]
	return known
}

// stored takes a Kinesis record as the Kinesis Client Library does: it drops an aggregated one in which a user record is of another
// shard. A plain record is delivered wherever it is.
func (l *ledger) stored(r kinesislocal.Record) error {
	users, aggregated, err := aggregation.Decode(r.Data)
	if err != nil {
		return fmt.Errorf("record %s: %w", r.SequenceNumber, err)
	}
	if !aggregated {
		users = []aggregation.Record{{PartitionKey: r.PartitionKey, ExplicitHashKey: r.ExplicitHashKey, Data: r.Data}}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.kinesis++
	keys := l.shards[r.ShardID]
	for _, u := range users {
		h := kpl.HashKeyOf(u.PartitionKey)
		if u.ExplicitHashKey != "" {
			if h, err = kpl.ParseHashKey(u.ExplicitHashKey); err != nil {
				return err
			}
		}
		if aggregated && (h.Compare(keys.first) < 0 || h.Compare(keys.last) > 0) {
			l.figures.dropped++
			return nil
		}
	}
	for _, u := range users {
		if len(u.Data) < 8 {
			return fmt.Errorf("record %s has a user record of %d bytes, which nobody put", r.SequenceNumber, len(u.Data))
		}
		if l.delivered.set(binary.BigEndian.Uint64(u.Data)) {
			l.figures.duplicates++
		} else {
			l.figures.delivered++
		}
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
	return nil
}

func (l *ledger) snapshot() figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.figures
}
