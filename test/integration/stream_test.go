package integration

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// stream is a stream of a server under test, deleted with the test.
type stream struct {
	endpoint
	client *kinesis.Client
	name   string
}

func newStream(t *testing.T, e endpoint, shards int) *stream {
	t.Helper()
	s := &stream{endpoint: e, client: e.kinesis(t), name: "it-" + rand.Text()[:12]}
	if _, err := s.client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &s.name, ShardCount: aws.Int32(int32(shards))}); err != nil {
		t.Fatalf("create stream %s: %v", s.name, err)
	}
	t.Cleanup(func() {
		if _, err := s.client.DeleteStream(context.Background(), &kinesis.DeleteStreamInput{StreamName: &s.name}); err != nil {
			t.Logf("delete stream %s: %v", s.name, err)
		}
	})
	s.waitActive(t)
	return s
}

// waitActive waits until a change of the stream is done. The API has no other way to learn it than to ask again.
func (s *stream) waitActive(t *testing.T) {
	t.Helper()
	err := kinesis.NewStreamExistsWaiter(s.client).Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: &s.name}, time.Minute,
		func(o *kinesis.StreamExistsWaiterOptions) {
			o.MinDelay, o.MaxDelay = 50*time.Millisecond, 500*time.Millisecond
		})
	if err != nil {
		t.Fatalf("stream %s does not become active: %v", s.name, err)
	}
}

// shards lists all shards, closed ones too.
func (s *stream) shards(t *testing.T) []shard {
	t.Helper()
	var all []shard
	in := &kinesis.ListShardsInput{StreamName: &s.name}
	for {
		page, err := s.client.ListShards(t.Context(), in)
		if err != nil {
			t.Fatalf("list the shards of %s: %v", s.name, err)
		}
		for _, sh := range page.Shards {
			all = append(all, newShard(t, sh))
		}
		if page.NextToken == nil {
			return all
		}
		in = &kinesis.ListShardsInput{NextToken: page.NextToken}
	}
}

func (s *stream) openShards(t *testing.T) []shard {
	t.Helper()
	return slices.DeleteFunc(s.shards(t), func(sh shard) bool { return sh.closed })
}

// split divides a shard in its middle.
func (s *stream) split(t *testing.T, sh shard) {
	t.Helper()
	if _, err := s.client.SplitShard(t.Context(), &kinesis.SplitShardInput{StreamName: &s.name, ShardToSplit: &sh.id, NewStartingHashKey: aws.String(sh.middle())}); err != nil {
		t.Fatalf("split %s: %v", sh.id, err)
	}
	s.waitActive(t)
}

func (s *stream) merge(t *testing.T, a, b shard) {
	t.Helper()
	if _, err := s.client.MergeShards(t.Context(), &kinesis.MergeShardsInput{StreamName: &s.name, ShardToMerge: &a.id, AdjacentShardToMerge: &b.id}); err != nil {
		t.Fatalf("merge %s and %s: %v", a.id, b.id, err)
	}
	s.waitActive(t)
}

// stored reads every Kinesis record of the stream with the AWS SDK.
func (s *stream) stored(t *testing.T) []kinesisRecord {
	t.Helper()
	var all []kinesisRecord
	for _, sh := range s.shards(t) {
		start, err := s.client.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: &s.name, ShardId: &sh.id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatalf("read %s of %s: %v", sh.id, s.name, err)
		}
		last := new(big.Int)
		for iterator := start.ShardIterator; iterator != nil; {
			page, err := s.client.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator})
			if err != nil {
				t.Fatalf("read %s of %s: %v", sh.id, s.name, err)
			}
			some := false
			for _, r := range page.Records {
				number, ok := new(big.Int).SetString(*r.SequenceNumber, 10)
				if !ok {
					t.Fatalf("%s has sequence number %q", sh.id, *r.SequenceNumber)
				}
				// kinesis-local 0.4.13, which LocalStack 4.9.2 uses, now and then gives the last record of a shard again and again.
				if number.Cmp(last) > 0 {
					last, some = number, true
					all = append(all, kinesisRecord{shard: sh.id, sequenceNumber: *r.SequenceNumber, partitionKey: *r.PartitionKey, data: r.Data})
				}
			}
			if !some && aws.ToInt64(page.MillisBehindLatest) == 0 {
				break // an open shard never ends: it has been read when nothing came and the reader is not behind
			}
			iterator = page.NextShardIterator
		}
	}
	return all
}

// shard is a shard and its range of hash keys.
type shard struct {
	id         string
	first, end kpl.HashKey // both inside
	closed     bool
}

func newShard(t *testing.T, sh types.Shard) shard {
	t.Helper()
	return shard{
		id:     *sh.ShardId,
		first:  hashKey(t, *sh.HashKeyRange.StartingHashKey),
		end:    hashKey(t, *sh.HashKeyRange.EndingHashKey),
		closed: sh.SequenceNumberRange.EndingSequenceNumber != nil,
	}
}

func (sh shard) holds(h kpl.HashKey) bool { return sh.first.Compare(h) <= 0 && h.Compare(sh.end) <= 0 }

// middle is the hash key with which the upper half begins.
func (sh shard) middle() string { return middleOf(sh.first.String(), sh.end.String()) }

func hashKey(t *testing.T, decimal string) kpl.HashKey {
	t.Helper()
	h, err := kpl.ParseHashKey(decimal)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (sh shard) String() string { return fmt.Sprintf("%s[%s-%s]", sh.id, sh.first, sh.end) }
