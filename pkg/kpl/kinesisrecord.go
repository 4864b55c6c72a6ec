package kpl

import (
	"sync"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// aggregatePartitionKey is the partition key of every aggregated record (KPL: "a"). The explicit hash key decides the shard.
const aggregatePartitionKey = "a"

// What pooled records may keep for their next use. A larger buffer goes back to the garbage collector.
const (
	maxPooledBytes = 256 << 10
	maxPooledUsers = 4096
)

// userRecord is a record that Put accepted. Its data lies in the Kinesis record that carries it.
type userRecord struct {
	done            func(Result) // nil if the caller does not care
	partitionKey    string
	explicitHashKey string // shortest decimal form, empty if the caller gave none
	hash            HashKey
	put             instant // when Put took it
	since           instant // when the last attempt ended; put if there was none
	attempts        []Attempt
	offset, length  int32      // of its data
	generation      uint32     // of the gate
	maybe           *ambiguity // the last attempt that may have stored it; nil if there was none
	urgent          bool       // somebody waits for the result: it should not wait for company
}

// kinesisRecord carries user records on their way: one of them plain, or any number in an aggregate. Whoever holds the pointer owns it;
// a lane's and the collector's mutex guard what lies there.
type kinesisRecord struct {
	stream *stream
	lane   *lane // of the predicted shard; nil without prediction
	users  []userRecord
	single [1]userRecord // room for users of a plain record

	// plain is the data of a plain record; an aggregate keeps its in builder.
	plain     []byte
	aggregate bool
	builder   aggregation.Builder

	deadline   instant // when it must leave the stage where it is
	expiration instant // the earliest of its user records
	size       int     // as AggregationMaxSize counts, set when it is complete
	urgent     bool
	// awaited records wait for company while a request is under way, at most until then, and are urgent from then on.
	awaited      bool
	gathersUntil instant
	group        uint64 // records of a refused request go again with those of the same number only; 0 for all others
	taken        bool   // the token bucket has let it pass
	// For StrictOrder: its number in its lane, and whether the lane waits for its end.
	turn    uint64
	ordered bool
}

// payload is what goes into the request as Data. It stays valid until the record is released.
func (k *kinesisRecord) payload() []byte {
	if k.aggregate {
		return k.builder.Finish()
	}
	return k.plain
}

// dataOf is the data of one of its user records.
func (k *kinesisRecord) dataOf(u *userRecord) []byte {
	if k.aggregate {
		return k.builder.Data(int(u.offset), int(u.length))
	}
	return k.plain
}

// partitionKey is what goes into the request.
func (k *kinesisRecord) partitionKey() string {
	if len(k.users) == 1 {
		return k.users[0].partitionKey
	}
	return aggregatePartitionKey
}

// requestBytes is what it adds to a request as CollectionMaxSize counts: data and partition key.
func (k *kinesisRecord) requestBytes() int { return k.size + len(k.partitionKey()) }

// outstandingBytes is what its user records took at the gate.
func (k *kinesisRecord) outstandingBytes() (n int64) {
	for i := range k.users {
		n += k.users[i].outstandingBytes()
	}
	return n
}

func (u *userRecord) outstandingBytes() int64 { return int64(u.length) + int64(len(u.partitionKey)) }

// shardID is the predicted shard's, empty without prediction.
func (k *kinesisRecord) shardID() string {
	if k.lane == nil {
		return ""
	}
	return k.lane.shard.id
}

// recordPools keep Kinesis records for their next use: aggregates with their large buffers apart from plain ones.
type recordPools struct{ aggregates, plains sync.Pool }

func (p *recordPools) aggregate(s *stream, l *lane) *kinesisRecord {
	k, _ := p.aggregates.Get().(*kinesisRecord)
	if k == nil {
		k = &kinesisRecord{aggregate: true}
	}
	k.stream, k.lane = s, l
	return k
}

func (p *recordPools) newPlain(s *stream, l *lane, u *userRecord, data []byte) *kinesisRecord {
	k, _ := p.plains.Get().(*kinesisRecord)
	if k == nil {
		k = &kinesisRecord{plain: []byte{}} // nil would be no data at all to the SDK, which refuses the request then
	}
	k.stream, k.lane = s, l
	k.plain = append(k.plain[:0], data...)
	k.single[0] = *u
	k.single[0].offset, k.single[0].length = 0, int32(len(data))
	k.users = k.single[:1]
	k.size = len(data)
	k.urgent = u.urgent
	return k
}

// release gives a record back. Nobody may use it, its data or its users afterwards.
func (p *recordPools) release(k *kinesisRecord) {
	k.stream, k.lane = nil, nil
	k.urgent, k.awaited, k.group, k.taken, k.turn, k.ordered = false, false, 0, false, 0, false
	k.size = 0
	clear(k.users)
	if !k.aggregate {
		k.users = nil
		if cap(k.plain) <= maxPooledBytes {
			p.plains.Put(k)
		}
		return
	}
	k.users = k.users[:0]
	k.builder.Reset()
	if k.builder.MemoryBytes() <= maxPooledBytes && cap(k.users) <= maxPooledUsers {
		p.aggregates.Put(k)
	}
}
