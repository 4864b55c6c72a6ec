package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"golang.org/x/sync/errgroup"
)

// readEvery keeps below the service's five reads per second and shard.
const readEvery = 250 * time.Millisecond

// run reads every shard of the stream side by side, closed ones to their end and then their children.
func (f *tailFlags) run(ctx context.Context, stream string, out io.Writer) error {
	client, err := f.client(ctx)
	if err != nil {
		return err
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	g, ctx := errgroup.WithContext(ctx)
	lines := make(chan userRecord)
	t := &tail{flags: f, client: client, stream: aws.String(stream), group: g, lines: lines, progress: make(map[string]progress)}
	if strings.HasPrefix(stream, "arn:") {
		t.stream, t.arn = nil, aws.String(stream)
	}
	g.Go(func() error { return t.discover(ctx, true) })
	done := make(chan error, 1)
	go func() {
		err := g.Wait()
		close(lines)
		done <- err
	}()
	printed := 0
	var failed error
	for u := range lines {
		if failed != nil || f.count > 0 && printed == f.count {
			continue // the readers are ending
		}
		failed = u.print(out, f.asJSON)
		if printed++; failed != nil || printed == f.count {
			enough()
		}
	}
	err = <-done
	switch {
	case failed != nil:
		return failed
	case err == nil, errors.Is(err, context.Canceled): // by enough, or by a signal
		return nil
	}
	return fmt.Errorf("stream %s: %w", stream, err)
}

// tail is one run of the command. Its goroutines are group's.
type tail struct {
	flags       *tailFlags
	client      *kinesis.Client
	stream, arn *string
	group       *errgroup.Group
	lines       chan<- userRecord

	mu       sync.Mutex // guards progress
	progress map[string]progress
}

// progress is how far a shard has been read; the zero value is one without a reader.
type progress int

const (
	reading progress = iota + 1
	atItsEnd
)

// discover starts a reader for each shard that has none and whose parents have been read, so that what has the same partition key is
// printed in its order. With --from latest, shards that were closed before the beginning are left out; children found later are read from
// their beginning, whatever --from says.
func (t *tail) discover(ctx context.Context, first bool) error {
	shards, err := t.list(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	from := types.ShardIteratorTypeTrimHorizon
	listed := make(map[string]bool, len(shards))
	for _, s := range shards {
		listed[aws.ToString(s.ShardId)] = true
		if first && t.flags.from == fromLatest && closed(s) {
			t.progress[aws.ToString(s.ShardId)] = atItsEnd
		}
	}
	if first && t.flags.from == fromLatest {
		from = types.ShardIteratorTypeLatest
	}
	for _, s := range shards {
		id := aws.ToString(s.ShardId)
		if t.progress[id] != 0 || t.before(listed, s.ParentShardId) || t.before(listed, s.AdjacentParentShardId) {
			continue
		}
		t.progress[id] = reading
		t.group.Go(func() error { return t.read(ctx, id, from, closed(s)) })
	}
	return nil
}

// before says whether there is still something to read in a parent. One that is not listed has expired. The caller holds mu.
func (t *tail) before(listed map[string]bool, parent *string) bool {
	id := aws.ToString(parent)
	return id != "" && listed[id] && t.progress[id] != atItsEnd
}

func closed(s types.Shard) bool {
	return s.SequenceNumberRange != nil && s.SequenceNumberRange.EndingSequenceNumber != nil
}

func (t *tail) list(ctx context.Context) ([]types.Shard, error) {
	var out []types.Shard
	in := &kinesis.ListShardsInput{StreamName: t.stream, StreamARN: t.arn}
	for {
		page, err := t.client.ListShards(ctx, in)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Shards...)
		if page.NextToken == nil {
			return out, nil
		}
		in = &kinesis.ListShardsInput{NextToken: page.NextToken, StreamARN: t.arn}
	}
}

// read follows one shard to its end.
func (t *tail) read(ctx context.Context, shard string, from types.ShardIteratorType, closed bool) error {
	name := aws.ToString(t.stream) + aws.ToString(t.arn)
	pace := time.NewTicker(readEvery)
	defer pace.Stop()
	var iterator, last *string
	for {
		var err error
		if iterator == nil {
			if iterator, err = t.iterator(ctx, shard, from, last); err != nil {
				return err
			}
		}
		page, err := t.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, StreamARN: t.arn})
		var throttled *types.ProvisionedThroughputExceededException
		var expired *types.ExpiredIteratorException
		switch {
		case errors.As(err, &throttled):
		case errors.As(err, &expired): // whoever reads the output took longer than iterators live
			iterator = nil
		case err != nil:
			return err
		default:
			for _, r := range page.Records {
				for _, u := range userRecords(name, shard, aws.ToString(r.SequenceNumber), aws.ToString(r.PartitionKey), r.Data) {
					select {
					case t.lines <- u:
					case <-ctx.Done():
						return ctx.Err()
					}
				}
				last = r.SequenceNumber
			}
			if iterator = page.NextShardIterator; iterator == nil {
				return t.finished(ctx, shard)
			}
			if !t.flags.stay && !closed && len(page.Records) == 0 && aws.ToInt64(page.MillisBehindLatest) == 0 {
				return nil
			}
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// iterator begins after the last record, or without one where from says.
func (t *tail) iterator(ctx context.Context, shard string, from types.ShardIteratorType, last *string) (*string, error) {
	in := &kinesis.GetShardIteratorInput{StreamName: t.stream, StreamARN: t.arn, ShardId: &shard, ShardIteratorType: from}
	if last != nil {
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, last
	}
	answer, err := t.client.GetShardIterator(ctx, in)
	if err != nil {
		return nil, err
	}
	return answer.ShardIterator, nil
}

// finished begins with the children of a closed shard that has been read.
func (t *tail) finished(ctx context.Context, shard string) error {
	t.mu.Lock()
	t.progress[shard] = atItsEnd
	t.mu.Unlock()
	return t.discover(ctx, false)
}
