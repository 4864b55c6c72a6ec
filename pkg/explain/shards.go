package explain

import (
	"fmt"
	"math/big"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// Shard is an open shard and the hash keys that it takes, both ends included.
type Shard struct {
	ID          string
	First, Last kpl.HashKey
}

// Stream is what is known of a stream's shards.
type Stream struct {
	Shards []Shard
	// Spread says that the service distributes the records itself, whatever their hash keys.
	Spread bool
	// Note says where that is known from.
	Note string
}

// EvenShards are the shards of a new stream with n of them: equal ranges of hash keys, the last one with the remainder.
func EvenShards(n int) Stream {
	space := new(big.Int).Lsh(big.NewInt(1), 128)
	step := new(big.Int).Div(space, big.NewInt(int64(n)))
	s := Stream{Note: fmt.Sprintf("of %d with equal shares of the hash keys", n)}
	for i := range n {
		first := new(big.Int).Mul(step, big.NewInt(int64(i)))
		next := new(big.Int).Add(first, step)
		if i == n-1 {
			next = space
		}
		s.Shards = append(s.Shards, Shard{fmt.Sprintf("shardId-%012d", i), hashKey(first), hashKey(new(big.Int).Sub(next, big.NewInt(1)))})
	}
	return s
}

// hashKey is a number from 0 to 2^128-1 as a hash key.
func hashKey(n *big.Int) kpl.HashKey {
	k, err := kpl.ParseHashKey(n.String())
	if err != nil {
		panic("explain: a hash key out of range: " + err.Error())
	}
	return k
}

// shardOf is the shard that takes a hash key; false if no shard does.
func (s Stream) shardOf(k kpl.HashKey) (Shard, bool) {
	for _, shard := range s.Shards {
		if k.Compare(shard.First) >= 0 && k.Compare(shard.Last) <= 0 {
			return shard, true
		}
	}
	return Shard{}, false
}
