package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// model is the service: streams in memory that store by hash key within the limits of their shards, and the world's faults.
type model struct {
	w     *world
	lie   lie
	began time.Time

	mu       sync.Mutex // guards all below
	streams  map[string]*stream
	held     []held
	sequence uint64
	kept     int                      // records that went to be held
	seen     map[string]int           // how often a request or record was met
	pages    map[string][]types.Shard // what is left of listings, by token
	tokens   int
	// disturbed means that something happened after which no order is promised without StrictOrder.
	disturbed bool
}

// held is a Kinesis record that a stream holds.
type held struct {
	stream   string
	shard    *shard
	sequence uint64
	at       time.Time
	entry    entry
}

// entry is a Kinesis record of a request, with the user records in it.
type entry struct {
	partitionKey string
	hash         kpl.HashKey
	bytes        int // as the shard's limit counts
	aggregated   bool
	users        []aggregation.Record
}

func newModel(w *world) *model {
	m := &model{w: w, began: time.Now(), streams: map[string]*stream{}, seen: map[string]int{}, pages: map[string][]types.Shard{}}
	for i := range w.Streams {
		plan := &w.Streams[i]
		s := &stream{plan: plan, appears: m.began.Add(plan.Appears), auto: plan.Auto}
		s.even(plan.Shards, m.began)
		m.streams[plan.Name] = s
	}
	return m
}

// change makes an event happen.
func (m *model) change(name string, e event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.disturbed = true
	m.streams[name].apply(e, time.Now())
}

// find is the stream of that name once it is there.
func (m *model) find(name string, now time.Time) *stream {
	if s := m.streams[name]; s != nil && !now.Before(s.appears) {
		return s
	}
	return nil
}

// chances are drawn from what they are for and how often that was met, so that the order of what happens at the same time is of no account.
func (m *model) chances(kind, what string) *rand.Rand {
	key := kind + " " + what
	m.seen[key]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", key, m.seen[key])
	return rand.New(rand.NewPCG(m.w.Seed, h.Sum64()))
}

// faulty says whether faults are on.
func (m *model) faulty(now time.Time) bool { return now.Sub(m.began) < m.w.Faults.Until }

// read takes the records of a request apart. What the producer lends for the request ends with it, so all is copied.
func read(records []types.PutRecordsRequestEntry) ([]entry, error) {
	entries := make([]entry, len(records))
	for i, r := range records {
		data := append([]byte(nil), r.Data...)
		e := entry{partitionKey: strings.Clone(aws.ToString(r.PartitionKey)), bytes: len(data) + len(aws.ToString(r.PartitionKey))}
		var err error
		if e.hash, err = kpl.ParseHashKey(aws.ToString(r.ExplicitHashKey)); err != nil {
			return nil, err
		}
		if e.users, e.aggregated, err = aggregation.Decode(data); err != nil {
			return nil, err
		}
		if !e.aggregated {
			e.users = []aggregation.Record{{PartitionKey: e.partitionKey, ExplicitHashKey: e.hash.String(), Data: data}}
		}
		entries[i] = e
	}
	return entries, nil
}

// name tells a Kinesis record from others: by its first user record.
func (e *entry) name() string {
	name, _, _ := strings.Cut(string(e.users[0].Data), "|")
	return name
}

// store stores the records of a request and says what it answers for each. all stores them whatever their shards' limits are.
func (m *model) store(s *stream, entries []entry, all bool, now time.Time) []types.PutRecordsResultEntry {
	share := 1 - float64(m.w.Faults.LoadPercent)/100
	results := make([]types.PutRecordsResultEntry, len(entries))
	for i := range entries {
		e := &entries[i]
		h := s.of(e.hash, now)
		switch {
		case !h.admits(e.bytes, share, now) && !all:
			results[i] = refusal("ProvisionedThroughputExceededException", "Rate exceeded for shard "+h.id)
		case !all && m.faulty(now) && m.chances("record", e.name()).IntN(1000) < m.w.Faults.Record:
			results[i] = refusal("InternalFailure", "Internal service failure.")
			if m.lie == lieFailed {
				m.hold(s, h, *e, now)
			}
		default:
			n := m.keep(s, h, *e, now)
			results[i] = types.PutRecordsResultEntry{ShardId: aws.String(h.id), SequenceNumber: aws.String(sequenceNumber(n))}
			continue
		}
		m.disturbed = true
	}
	return results
}

func (m *model) hold(s *stream, h *shard, e entry, now time.Time) uint64 {
	m.sequence++
	m.held = append(m.held, held{stream: s.plan.Name, shard: h, sequence: m.sequence, at: now, entry: e})
	return m.sequence
}

func refusal(code, message string) types.PutRecordsResultEntry {
	return types.PutRecordsResultEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String(message)}
}

// sequenceNumber has as many digits as the service's.
func sequenceNumber(n uint64) string { return fmt.Sprintf("49%054d", n) }
