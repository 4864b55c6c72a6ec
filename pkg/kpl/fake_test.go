package kpl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// fakeKinesis is a stream in memory that stores by hash key, and does what a test orders instead.
type fakeKinesis struct {
	latency     time.Duration
	listLatency time.Duration
	// before, if set, may answer a request or fail it; n counts requests from 0. Nil, nil: store it.
	before func(n int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)
	// refuse, if set, gives the error code of a record that is not to be stored.
	refuse func(e types.PutRecordsRequestEntry, shard string) string
	// place, if set, decides the shard in place of the hash key.
	place func(e types.PutRecordsRequestEntry) string
	// beforeList, if set, may fail a ListShards; n counts from 0.
	beforeList func(n int, in *kinesis.ListShardsInput) error
	pageSize   int

	mu       sync.Mutex
	epoch    time.Time
	shards   []shardRange // all, closed ones too
	requests []fakeRequest
	lists    []fakeList
	stored   []fakeRecord
	inFlight int
	most     int
	sequence int
}

type fakeRequest struct {
	at      time.Duration
	stream  string
	entries []types.PutRecordsRequestEntry
}

type fakeList struct {
	at time.Duration
	in kinesis.ListShardsInput
}

type fakeRecord struct {
	shard string
	entry types.PutRecordsRequestEntry
}

func hashKeyOfBig(n *big.Int) HashKey {
	h, err := ParseHashKey(n.String())
	if err != nil {
		panic(err)
	}
	return h
}

// newFake has n even shards.
func newFake(n int) *fakeKinesis {
	f := &fakeKinesis{epoch: time.Now()}
	whole := new(big.Int).Lsh(big.NewInt(1), 128)
	step := new(big.Int).Div(whole, big.NewInt(int64(n)))
	for i := range n {
		start := new(big.Int).Mul(step, big.NewInt(int64(i)))
		end := new(big.Int).Sub(new(big.Int).Add(start, step), big.NewInt(1))
		if i == n-1 {
			end = new(big.Int).Sub(whole, big.NewInt(1))
		}
		f.shards = append(f.shards, shardRange{id: fmt.Sprintf("shardId-%012d", i), start: hashKeyOfBig(start), end: hashKeyOfBig(end)})
	}
	return f
}

// split closes an open shard and opens two that share its range.
func (f *fakeKinesis) split(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.shards, func(s shardRange) bool { return s.id == id })
	f.shards[i].closed = true
	s := f.shards[i]
	a, _ := new(big.Int).SetString(s.start.String(), 10)
	b, _ := new(big.Int).SetString(s.end.String(), 10)
	middle := new(big.Int).Rsh(new(big.Int).Add(a, b), 1)
	f.shards = append(f.shards,
		shardRange{id: fmt.Sprintf("shardId-%012d", len(f.shards)), start: s.start, end: hashKeyOfBig(middle)},
		shardRange{id: fmt.Sprintf("shardId-%012d", len(f.shards)+1), start: hashKeyOfBig(middle.Add(middle, big.NewInt(1))), end: s.end})
}

func (f *fakeKinesis) shardOf(h HashKey) string {
	for _, s := range f.shards {
		if !s.closed && s.holds(h) {
			return s.id
		}
	}
	return ""
}

func (f *fakeKinesis) rangeOf(id string) shardRange {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.shards {
		if s.id == id {
			return s
		}
	}
	return shardRange{}
}

// order changes what the fake does, while it may be in use.
func (f *fakeKinesis) order(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func copyEntry(e types.PutRecordsRequestEntry) types.PutRecordsRequestEntry {
	// What the engine lends for the request ends with it.
	return types.PutRecordsRequestEntry{
		Data: bytes.Clone(e.Data), PartitionKey: aws.String(string([]byte(*e.PartitionKey))), ExplicitHashKey: aws.String(string([]byte(*e.ExplicitHashKey))),
	}
}

func (f *fakeKinesis) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	f.mu.Lock()
	n := len(f.requests)
	r := fakeRequest{at: time.Since(f.epoch), stream: aws.ToString(in.StreamName) + aws.ToString(in.StreamARN)}
	for _, e := range in.Records {
		r.entries = append(r.entries, copyEntry(e))
	}
	f.requests = append(f.requests, r)
	f.inFlight++
	f.most = max(f.most, f.inFlight)
	latency, before := f.latency, f.before
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.inFlight--
		f.mu.Unlock()
	}()
	if latency > 0 {
		select {
		case <-time.After(latency):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if before != nil {
		if out, err := before(n, in); out != nil || err != nil {
			return out, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &kinesis.PutRecordsOutput{FailedRecordCount: aws.Int32(0)}
	for _, e := range r.entries {
		h, err := ParseHashKey(*e.ExplicitHashKey)
		if err != nil {
			return nil, err
		}
		shard := f.shardOf(h)
		if f.place != nil {
			shard = f.place(e)
		}
		if f.refuse != nil {
			if code := f.refuse(e, shard); code != "" {
				out.Records = append(out.Records, types.PutRecordsResultEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String("refused")})
				continue
			}
		}
		f.sequence++
		f.stored = append(f.stored, fakeRecord{shard, e})
		out.Records = append(out.Records, types.PutRecordsResultEntry{ShardId: aws.String(shard), SequenceNumber: aws.String(strconv.Itoa(f.sequence))})
	}
	return out, nil
}

func (f *fakeKinesis) ListShards(ctx context.Context, in *kinesis.ListShardsInput, _ ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	f.mu.Lock()
	n := len(f.lists)
	f.lists = append(f.lists, fakeList{time.Since(f.epoch), *in})
	latency, before := f.listLatency, f.beforeList
	f.mu.Unlock()
	if latency > 0 {
		select {
		case <-time.After(latency):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if before != nil {
		if err := before(n, in); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	from := 0
	if in.NextToken != nil {
		from, _ = strconv.Atoi(*in.NextToken)
	}
	out := &kinesis.ListShardsOutput{}
	size := f.pageSize
	if size == 0 {
		size = 10000
	}
	for i := from; i < len(f.shards); i++ {
		if len(out.Shards) == size {
			out.NextToken = aws.String(strconv.Itoa(i))
			break
		}
		s := f.shards[i]
		if s.closed && in.NextToken == nil && in.ShardFilter != nil {
			continue
		}
		shard := types.Shard{ShardId: aws.String(s.id), HashKeyRange: &types.HashKeyRange{StartingHashKey: aws.String(s.start.String()), EndingHashKey: aws.String(s.end.String())},
			SequenceNumberRange: &types.SequenceNumberRange{StartingSequenceNumber: aws.String("1")}}
		if s.closed {
			shard.SequenceNumberRange.EndingSequenceNumber = aws.String("2")
		}
		out.Shards = append(out.Shards, shard)
	}
	return out, nil
}

// userRecords are all that is stored, taken out of their aggregates.
func (f *fakeKinesis) userRecords(t testing.TB) (all []aggregation.Record) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.stored {
		records, ok, err := aggregation.Decode(r.entry.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			records = []aggregation.Record{{PartitionKey: *r.entry.PartitionKey, Data: r.entry.Data}}
		}
		all = append(all, records...)
	}
	return all
}

// sizes are the number of entries of each request.
func (f *fakeKinesis) sizes() (n []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		n = append(n, len(r.entries))
	}
	return n
}

func (f *fakeKinesis) times() (at []time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		at = append(at, r.at)
	}
	return at
}

func (f *fakeKinesis) request(i int) fakeRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[i]
}

func (f *fakeKinesis) listCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.lists)
}

func apiError(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// testConfig is the default one without metrics, on a fake.
func testConfig(f *fakeKinesis) Config {
	c := DefaultConfig()
	c.Region = "us-east-1"
	c.MetricsLevel = MetricsNone
	c.API = f
	return c
}

// bench is a producer with what its callbacks got.
type bench struct {
	*Producer
	t testing.TB

	mu      sync.Mutex
	results map[string][]Result // by name of the record
}

func start(t testing.TB, c Config) *bench {
	t.Helper()
	p, err := New(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{Producer: p, t: t, results: map[string][]Result{}}
}

// put puts a record whose result is kept under a name.
func (b *bench) put(name string, r Record) {
	b.t.Helper()
	if err := b.Put(context.Background(), r, func(r Result) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.results[name] = append(b.results[name], r)
	}); err != nil {
		b.t.Fatalf("Put of %s: %v", name, err)
	}
}

// result is the one result of a record.
func (b *bench) result(name string) Result {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.results[name]); n != 1 {
		b.t.Fatalf("record %s has %d results, want one", name, n)
	}
	return b.results[name][0]
}

func (b *bench) count() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.results {
		n += len(r)
	}
	return n
}

func (b *bench) close() {
	b.t.Helper()
	if left, err := b.Close(context.Background()); left != 0 || err != nil {
		b.t.Errorf("Close: %d left, %v", left, err)
	}
}

// warm makes the shard map ready, so that what follows is timed from now.
func (b *bench) warm(f *fakeKinesis, stream string) {
	b.t.Helper()
	if _, err := b.PutSync(context.Background(), Record{Stream: stream, PartitionKey: "warm", Data: []byte("warm")}); err != nil {
		b.t.Fatal(err)
	}
	if err := b.Flush(context.Background()); err != nil { // its callback has returned, but it may be counted still
		b.t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests, f.stored, f.epoch = nil, nil, time.Now()
}

// failure is the RecordError of a result.
func failure(t testing.TB, r Result) *RecordError {
	t.Helper()
	var e *RecordError
	if !errors.As(r.Err, &e) {
		t.Fatalf("result %+v, want a RecordError", r)
	}
	return e
}

func codes(attempts []Attempt) (all []string) {
	for _, a := range attempts {
		all = append(all, a.ErrorCode)
	}
	return all
}
