package main

import (
	"cmp"
	"crypto/md5" //nolint:gosec // Kinesis hashes partition keys with it
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
)

// hashKey is a number of 128 bits.
type hashKey struct{ high, low uint64 }

func (h hashKey) compare(o hashKey) int {
	return cmp.Or(cmp.Compare(h.high, o.high), cmp.Compare(h.low, o.low))
}

// hashOf is where Kinesis puts a partition key.
func hashOf(partitionKey []byte) hashKey {
	sum := md5.Sum(partitionKey) //nolint:gosec // see above
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// parseHashKey reads an explicit hash key, decimal and below 2^128.
func parseHashKey(text []byte) (h hashKey, ok bool) {
	if len(text) == 0 {
		return hashKey{}, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return hashKey{}, false
		}
		over, high := bits.Mul64(h.high, 10)
		carry, low := bits.Mul64(h.low, 10)
		low, c0 := bits.Add64(low, uint64(c-'0'), 0)
		high, c1 := bits.Add64(high, carry, c0)
		if over != 0 || c1 != 0 {
			return hashKey{}, false
		}
		h = hashKey{high, low}
	}
	return h, true
}

// shards divide the hash key space evenly.
type shards struct {
	starts []hashKey
	// ids are by shard.
	ids []string
	// listed answers ListShards.
	listed []byte
}

func evenShards(n int) shards {
	s := shards{listed: []byte(`{"Shards":[`)}
	width := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(int64(n)))
	last := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	for i := range n {
		start := new(big.Int).Mul(width, big.NewInt(int64(i)))
		end := new(big.Int).Sub(new(big.Int).Add(start, width), big.NewInt(1))
		if i == n-1 {
			end = last
		}
		var b [16]byte
		start.FillBytes(b[:])
		s.starts = append(s.starts, hashKey{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])})
		s.ids = append(s.ids, fmt.Sprintf("shardId-%012d", i))
		if i > 0 {
			s.listed = append(s.listed, ',')
		}
		s.listed = fmt.Appendf(s.listed, `{"ShardId":%s,"HashKeyRange":{"StartingHashKey":"%d","EndingHashKey":"%d"},"SequenceNumberRange":{"StartingSequenceNumber":"1"}}`,
			strconv.Quote(s.ids[i]), start, end)
	}
	s.listed = append(s.listed, `]}`...)
	return s
}

// of is the shard that a hash key belongs to.
func (s *shards) of(h hashKey) int {
	i, found := slices.BinarySearchFunc(s.starts, h, hashKey.compare)
	if !found {
		i--
	}
	return i
}
