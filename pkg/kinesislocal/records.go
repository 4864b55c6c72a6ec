package kinesislocal

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Record is a record that a stream holds. Its Data is the server's own memory:
// read it, do not change it.
type Record struct {
	Stream          string
	ShardID         string
	SequenceNumber  string
	PartitionKey    string
	ExplicitHashKey string // empty if the request had none
	Data            []byte
	Arrival         time.Time
	RequestID       string // of the request that brought it
}

// at returns the record of an arrival, unless it is gone. The caller holds mu.
func (a arrival) record() (Record, bool) {
	held := a.shard.held()
	i := a.shard.after(a.sequence - 1)
	if i == len(held) || held[i].sequence != a.sequence {
		return Record{}, false
	}
	r := &held[i]
	return Record{
		Stream:          a.stream.name,
		ShardID:         a.shard.id,
		SequenceNumber:  sequenceString(a.stream.prefix, r.sequence),
		PartitionKey:    r.partitionKey,
		ExplicitHashKey: r.explicitHashKey,
		Data:            r.data,
		Arrival:         r.arrival,
		RequestID:       r.requestID,
	}, true
}

// readFrom appends to dst the records of a stream, or of all streams if its
// name is empty, from a cursor on; it returns the cursor behind them. At most
// limit records, if limit is positive.
func (s *Server) readFrom(cursor uint64, stream string, limit int, dst []Record) ([]Record, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.stored.from(cursor)
	cursor = s.stored.end() - uint64(len(list))
	taken := 0
	for _, a := range list {
		if limit > 0 && taken == limit {
			break
		}
		cursor++
		if stream != "" && a.stream.name != stream {
			continue
		}
		if r, ok := a.record(); ok {
			dst = append(dst, r)
			taken++
		}
	}
	return dst, cursor
}

// Records returns the records that a stream holds, or all streams if stream is
// empty, in the order of their arrival.
func (s *Server) Records(stream string) []Record {
	list, _ := s.readFrom(0, stream, 0, nil)
	return list
}

// WaitRecords waits until a stream, or all streams if stream is empty, has
// brought n records, those before the call included, and returns them.
// The error says how many there were when ctx ended.
func (s *Server) WaitRecords(ctx context.Context, stream string, n int) ([]Record, error) {
	list, err := s.WaitFunc(ctx, stream, func(list []Record) bool { return len(list) >= n })
	if err != nil {
		return list, fmt.Errorf("kinesislocal: waited for %d records of stream %q, found %d: %w", n, stream, len(list), context.Cause(ctx))
	}
	return list, nil
}

// WaitFunc waits until enough says true of the records that arrived in a
// stream, or in all streams if stream is empty, those before the call included,
// and returns them. It asks when records arrive, each time with all of them.
// Records trimmed before the call are not among them; see Options.MaxStoredBytes.
func (s *Server) WaitFunc(ctx context.Context, stream string, enough func([]Record) bool) ([]Record, error) {
	var list []Record
	var cursor uint64
	for asked := -1; ; {
		more := s.seen.wait()
		list, cursor = s.readFrom(cursor, stream, 0, list)
		if len(list) != asked {
			if enough(list) {
				return list, nil
			}
			asked = len(list)
		}
		select {
		case <-more:
		case <-ctx.Done():
			return list, fmt.Errorf("kinesislocal: waited for records of stream %q, found %d: %w", stream, len(list), context.Cause(ctx))
		}
	}
}

// watchBatch bounds what a watcher takes out of the lock at once.
const watchBatch = 1000

// Watch returns the records of a stream, or of all streams if stream is empty:
// those held now and then each as it arrives, until ctx ends. A watcher that is
// slower than the trimming of Options.MaxStoredBytes misses what was trimmed.
// The watcher runs in the caller's goroutine and may call any method.
func (s *Server) Watch(ctx context.Context, stream string) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		var list []Record
		var cursor uint64
		for {
			more := s.seen.wait()
			list, cursor = s.readFrom(cursor, stream, watchBatch, list[:0])
			for _, r := range list {
				if ctx.Err() != nil || !yield(r) {
					return
				}
			}
			if len(list) > 0 {
				continue
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}
