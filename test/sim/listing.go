package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// staleMost is how old a listing may be.
const staleMost = 1500 * time.Millisecond

// listDownFor is longer than most records live.
const listDownFor = 45 * time.Second

// ListShards lists shards page by page, now and then as they were a moment before, and not always.
func (c *client) ListShards(ctx context.Context, in *kinesis.ListShardsInput, _ ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	m := c.m
	if err := pause(ctx, m.w.Faults.ListLatency, false); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	r := m.chances("list", aws.ToString(in.StreamName))
	since := now.Sub(m.began)
	down := m.w.Faults.ListDown > 0 && since >= m.w.Faults.ListDown && since < m.w.Faults.ListDown+listDownFor
	if down || m.faulty(now) && r.IntN(1000) < m.w.Faults.ListFailed {
		return nil, one[error](r, &types.LimitExceededException{Message: aws.String("Rate exceeded.")}, errors.New("connection reset by peer"))
	}
	var all []types.Shard
	if token := aws.ToString(in.NextToken); token != "" {
		all = m.pages[token]
		delete(m.pages, token)
	} else {
		s := m.find(aws.ToString(in.StreamName), now)
		if s == nil {
			return nil, &types.ResourceNotFoundException{Message: aws.String("Stream not found.")}
		}
		at := now
		if m.faulty(now) && r.IntN(1000) < m.w.Faults.ListStale {
			at = now.Add(-time.Duration(r.Int64N(int64(staleMost))))
			if at.Before(m.began) {
				at = m.began
			}
		}
		all = s.list(at, in.ShardFilter == nil)
	}
	out := &kinesis.ListShardsOutput{Shards: all}
	if size := min(m.w.Faults.PageSize, int(aws.ToInt32(in.MaxResults))); len(all) > size {
		m.tokens++
		token := fmt.Sprintf("token-%d", m.tokens)
		m.pages[token] = all[size:]
		out.Shards, out.NextToken = all[:size], aws.String(token)
	}
	return out, nil
}

// list describes the shards as they were at a time: the open ones, or all.
func (s *stream) list(at time.Time, all bool) (list []types.Shard) {
	for _, h := range s.shards {
		closed := !h.closed.IsZero() && !h.closed.After(at)
		if h.opened.After(at) || closed && !all {
			continue
		}
		shard := types.Shard{
			ShardId:             aws.String(h.id),
			HashKeyRange:        &types.HashKeyRange{StartingHashKey: aws.String(h.start.String()), EndingHashKey: aws.String(h.end.String())},
			SequenceNumberRange: &types.SequenceNumberRange{StartingSequenceNumber: aws.String(sequenceNumber(0))},
		}
		if closed {
			shard.SequenceNumberRange.EndingSequenceNumber = aws.String(sequenceNumber(1))
		}
		list = append(list, shard)
	}
	return list
}

// DescribeStreamSummary tells how a stream distributes its records, if the world allows it.
func (c *client) DescribeStreamSummary(ctx context.Context, in *kinesis.DescribeStreamSummaryInput, _ ...func(*kinesis.Options)) (
	*kinesis.DescribeStreamSummaryOutput, error) {
	m := c.m
	m.mu.Lock()
	r := m.chances("describe", aws.ToString(in.StreamName))
	m.mu.Unlock()
	var wait time.Duration
	switch m.w.Faults.Describe {
	case describeDenied:
		return nil, &types.AccessDeniedException{Message: aws.String("not allowed")}
	case describeFails:
		if r.IntN(3) > 0 {
			return nil, &types.LimitExceededException{Message: aws.String("Rate exceeded.")}
		}
	case describeSlow:
		wait = time.Duration(r.IntN(3000)) * time.Millisecond
	}
	if err := pause(ctx, wait, false); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.find(aws.ToString(in.StreamName), time.Now())
	if s == nil {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Stream not found.")}
	}
	strategy := types.RecordDistributionStrategyUserPartitionKey
	if s.auto {
		strategy = types.RecordDistributionStrategyAuto
	}
	return &kinesis.DescribeStreamSummaryOutput{StreamDescriptionSummary: &types.StreamDescriptionSummary{
		StreamName: in.StreamName, StreamStatus: types.StreamStatusActive, RecordDistributionStrategy: strategy,
	}}, nil
}
