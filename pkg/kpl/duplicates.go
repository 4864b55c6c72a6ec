package kpl

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// maxDuplicates is how many entries of the ledger are kept, the newest ones.
const maxDuplicates = 10_000

// Duplicate is an entry of the ledger of possible duplicates: a user record was sent again although an earlier attempt may have stored it (its
// answer was lost, or told nothing of the record), or has stored it where consumers drop it. There is an entry for each possible copy beyond the first, and no other way to a duplicate.
type Duplicate struct {
	// Time is when the later copy's attempt ended.
	Time time.Time `json:"time"`
	// Stream is the stream as the caller named it. ShardID is where the earlier copy was stored; where its answer was lost, the shard
	// predicted for it, empty without prediction.
	Stream  string `json:"stream"`
	ShardID string `json:"shard_id,omitempty"`
	// PartitionKey and ExplicitHashKey are the record's, the latter in shortest form and empty if none was given.
	PartitionKey    string `json:"partition_key"`
	ExplicitHashKey string `json:"explicit_hash_key,omitempty"`
	// HashKey decides the shard: the explicit one, or that of the partition key.
	HashKey HashKey `json:"hash_key"`
	// RequestID is that of the earlier attempt: the service's if an answer carried one, else what was sent as amz-sdk-invocation-id. It is
	// empty if Config.API keeps both to itself.
	RequestID string `json:"request_id,omitempty"`
	// Cause is the error code of the earlier attempt, such as Timeout, ConnectionReset, HTTP500 or Wrong Shard.
	Cause string `json:"cause"`
}

// ambiguity is an attempt that may have stored its records, or has done so in the wrong shard. All records of a request share one.
type ambiguity struct {
	requestID, shardID, code string
}

// duplicates is the ledger.
type duplicates struct {
	tell func(Duplicate)
	log  *zap.Logger

	mu     sync.Mutex // guards all below
	recent []Duplicate
	oldest int // place of the oldest entry once recent is full
	total  int64
}

// Duplicates returns the newest entries of the ledger of possible duplicates, at most 10,000, oldest first, and how many there were in all.
// Config.OnDuplicate gets every one.
func (p *Producer) Duplicates() (recent []Duplicate, total int64) {
	d := &p.duplicates
	d.mu.Lock()
	defer d.mu.Unlock()
	recent = append(recent, d.recent[d.oldest:]...)
	return append(recent, d.recent[:d.oldest]...), d.total
}

func (d *duplicates) add(e Duplicate) {
	d.mu.Lock()
	d.total++
	if len(d.recent) < maxDuplicates {
		d.recent = append(d.recent, e)
	} else {
		d.recent[d.oldest] = e
		d.oldest = (d.oldest + 1) % maxDuplicates
	}
	d.mu.Unlock()
	if d.tell != nil {
		defer func() {
			if v := recover(); v != nil {
				d.log.Error("OnDuplicate panicked", zap.Any("panic", v))
			}
		}()
		d.tell(e)
	}
}

func (d *duplicates) count() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}

// copied notes that a record was, or may have been, stored now: once more, if an attempt before may have stored it too.
func (s *stream) copied(u *userRecord) {
	if a := u.maybe; a != nil {
		s.p.duplicates.add(Duplicate{
			Time: time.Now(), Stream: string(s.name), ShardID: a.shardID, PartitionKey: u.partitionKey, ExplicitHashKey: u.explicitHashKey,
			HashKey: u.hash, RequestID: a.requestID, Cause: a.code,
		})
	}
}

// doubtful notes that an attempt may have stored a record, or has stored it where consumers drop it.
func (s *stream) doubtful(u *userRecord, a *ambiguity) {
	s.copied(u)
	u.maybe = a
}

func (s *stream) doubtfulAll(k *kinesisRecord, a *ambiguity) {
	for i := range k.users {
		s.doubtful(&k.users[i], a)
	}
}

// misplaced is the ledger's view of an aggregate that was stored in a shard which is not that of all its user records.
func (a *placement) misplaced() *ambiguity {
	return &ambiguity{requestID: a.requestID, shardID: a.shardID, code: codeWrongShard}
}
