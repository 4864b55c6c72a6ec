package kpl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// listShardsPage is how many shards one ListShards asks for, as the KPL does; the service allows up to 10,000.
const listShardsPage = 1000

// shardRange is a shard and the hash keys it takes, both ends included.
type shardRange struct {
	id         string
	start, end HashKey
	closed     bool // it takes no more records
}

func (r shardRange) holds(h HashKey) bool { return h.Compare(r.start) >= 0 && h.Compare(r.end) <= 0 }

// shardMap is what a stream's shards looked like at one time. It never changes once made.
type shardMap struct {
	// open are the open shards by ending hash key.
	open []shardRange
	// known are all shards heard of, closed ones too where the service told of them.
	known map[string]shardRange
	// asked is when the first request for it left: what was answered to requests before that is older than the map.
	asked instant
}

func newShardMap(shards []shardRange, known map[string]shardRange, asked instant) *shardMap {
	m := &shardMap{known: known, asked: asked}
	if m.known == nil {
		m.known = make(map[string]shardRange, len(shards))
	}
	for _, s := range shards {
		m.known[s.id] = s
		if !s.closed {
			m.open = append(m.open, s)
		}
	}
	slices.SortFunc(m.open, func(a, b shardRange) int { return cmp.Or(a.end.Compare(b.end), a.start.Compare(b.start)) })
	return m
}

// find returns the place in open of the shard that takes a hash key: the first whose end is not below it, as the KPL predicts.
func (m *shardMap) find(h HashKey) (int, bool) {
	low, high := 0, len(m.open)
	for low < high {
		middle := int(uint(low+high) >> 1)
		if end := &m.open[middle].end; end.hi < h.hi || end.hi == h.hi && end.lo < h.lo {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(m.open)
}

// errNoShards is what a stream gives that is being created or deleted.
var errNoShards = errors.New("the service listed no open shard")

// listShards asks for the shards of a stream, page by page: the open ones, or with all the closed ones within retention too.
func (p *Producer) listShards(stream streamName, all bool, page func()) ([]shardRange, error) {
	var shards []shardRange
	in := &kinesis.ListShardsInput{MaxResults: aws.Int32(listShardsPage)}
	if !all {
		in.ShardFilter = &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}
	}
	in.StreamName, in.StreamARN = stream.parts()
	for {
		out, err := p.listPage(in)
		if err != nil {
			return nil, fmt.Errorf("ListShards of stream %s: %w", stream, err)
		}
		page()
		for _, s := range out.Shards {
			r, err := rangeOf(s)
			if err != nil {
				return nil, fmt.Errorf("ListShards of stream %s: %w", stream, err)
			}
			shards = append(shards, r)
		}
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in = &kinesis.ListShardsInput{MaxResults: aws.Int32(listShardsPage), NextToken: out.NextToken}
	}
	if !slices.ContainsFunc(shards, func(s shardRange) bool { return !s.closed }) {
		return nil, fmt.Errorf("ListShards of stream %s: %w", stream, errNoShards)
	}
	return shards, nil
}

// listPage calls the API. The deadline is for clients that have none of their own; those made here count RequestTimeout from when they have a
// connection, for which they wait no longer than that.
func (p *Producer) listPage(in *kinesis.ListShardsInput) (out *kinesis.ListShardsOutput, err error) {
	ctx, cancel := context.WithTimeout(p.base, 2*p.cfg.RequestTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v}
		}
		if err == nil && out == nil {
			err = errNoAnswer
		}
	}()
	return p.api.ListShards(ctx, in)
}

func rangeOf(s types.Shard) (shardRange, error) {
	id := aws.ToString(s.ShardId)
	if id == "" || s.HashKeyRange == nil {
		return shardRange{}, fmt.Errorf("a shard without id or hash key range")
	}
	start, err := ParseHashKey(aws.ToString(s.HashKeyRange.StartingHashKey))
	if err != nil {
		return shardRange{}, fmt.Errorf("shard %s: starting hash key: %w", id, err)
	}
	end, err := ParseHashKey(aws.ToString(s.HashKeyRange.EndingHashKey))
	if err != nil {
		return shardRange{}, fmt.Errorf("shard %s: ending hash key: %w", id, err)
	}
	// Endpoints that do not know the filter list closed shards too: those have a last sequence number.
	closed := s.SequenceNumberRange != nil && aws.ToString(s.SequenceNumberRange.EndingSequenceNumber) != ""
	return shardRange{id, start, end, closed}, nil
}
