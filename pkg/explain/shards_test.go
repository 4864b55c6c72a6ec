package explain

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// Every hash key belongs to exactly one of the even shards, and the ends of the space to the first and the last.
func TestEvenShardsCoverEveryHashKeyOnce(t *testing.T) {
	last := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "shards")
		s := EvenShards(n)
		if len(s.Shards) != n || s.Shards[0].First.String() != "0" || s.Shards[n-1].Last.String() != last.String() {
			t.Fatalf("%d shards from %v to %v", len(s.Shards), s.Shards[0].First, s.Shards[n-1].Last)
		}
		k := kpl.HashKeyOf(rapid.StringN(1, 20, -1).Draw(t, "key"))
		owners := 0
		for _, shard := range s.Shards {
			if k.Compare(shard.First) >= 0 && k.Compare(shard.Last) <= 0 {
				owners++
			}
		}
		if owner, ok := s.shardOf(k); owners != 1 || !ok || owner.ID == "" {
			t.Fatalf("%v belongs to %d shards", k, owners)
		}
	})
}
