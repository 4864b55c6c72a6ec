package kinesislocal

import (
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// checkCover fails unless the open shards are in order and cover the key space.
func checkCover(t *rapid.T, s *Server) {
	st := s.streams["s"]
	var next hashKey
	for i, sh := range st.open {
		if sh.start != next || sh.end.less(sh.start) || !sh.open() {
			t.Fatalf("open shard %d is %s from %s to %s; want it from %s", i, sh.id, sh.start, sh.end, next)
		}
		next = sh.end.next()
	}
	if st.open[len(st.open)-1].end != maxHashKey {
		t.Fatalf("the last open shard ends at %s", st.open[len(st.open)-1].end)
	}
	for i, sh := range st.shards {
		if sh.id != shardID(i) {
			t.Fatalf("shard %d is %s", i, sh.id)
		}
	}
}

func TestOpenShardsCoverTheKeySpaceAndRecordsLandInTheirOwner(t *testing.T) {
	top := new(big.Int).Lsh(big.NewInt(1), 128)
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(Options{Streams: map[string]int{"s": rapid.IntRange(1, 9).Draw(t, "shards")}, Seed: rapid.Uint64().Draw(t, "seed")})
		if err != nil {
			t.Fatal(err)
		}
		put := 0
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { checkCover(t, s) },
			"split": func(t *rapid.T) {
				if err := s.Reshard("s", Reshard{Split: AnyShard}); err != nil {
					t.Fatal(err)
				}
			},
			"merge": func(t *rapid.T) {
				alone := len(s.streams["s"].open) == 1
				if err := s.Reshard("s", Reshard{Merge: AnyShard}); (err != nil) != alone {
					t.Fatalf("one open shard: %v, error: %v", alone, err)
				}
			},
			"scale": func(t *rapid.T) {
				n := rapid.IntRange(1, 12).Draw(t, "n")
				if err := s.Reshard("s", Reshard{ShardCount: n}); err != nil {
					t.Fatal(err)
				}
				if got := len(s.streams["s"].open); got != n {
					t.Fatalf("%d open shards, want %d", got, n)
				}
			},
			"put": func(t *rapid.T) {
				raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "key")
				key := new(big.Int).SetBytes(raw)
				body := fmt.Sprintf(`{"StreamName":"s","Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":"%s"}]}`, key)
				answer := mustAsk(t, s, "PutRecords", body)["Records"].([]any)[0].(map[string]any)
				put++
				for _, sh := range s.Shards("s") {
					start, _ := new(big.Int).SetString(sh.Start, 10)
					end, _ := new(big.Int).SetString(sh.End, 10)
					owns := sh.Open && start.Cmp(key) <= 0 && key.Cmp(end) <= 0
					if owns != (sh.ID == answer["ShardId"]) {
						t.Fatalf("key %s of %s went to %v; shard %s from %s to %s, open %v", key, top, answer["ShardId"], sh.ID, sh.Start, sh.End, sh.Open)
					}
				}
				if got := len(s.Records("s")); got != put {
					t.Fatalf("%d records after %d puts", got, put)
				}
			},
		})
		for _, r := range s.Records("s") {
			if sh := s.streams["s"].find(r.ShardID); !sh.open() && sequenceString(s.streams["s"].prefix, sh.lastSequence) < r.SequenceNumber {
				t.Fatalf("record %s lies behind the end of %s", r.SequenceNumber, sh.id)
			}
		}
	})
}

func TestHashKeysCountAsBigNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := hashKey{rapid.Uint64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")}
		n := k.big()
		parsed, pattern, inRange := parseHashKey(n.String())
		if parsed != k || !pattern || !inRange || hashKeyOf(n) != k {
			t.Fatalf("%s is read as %s", n, parsed)
		}
		if k != maxHashKey && k.next().big().Cmp(n.Add(n, big.NewInt(1))) != 0 {
			t.Fatalf("next of %s is %s", k, k.next())
		}
		if k.next().previous() != k {
			t.Fatalf("previous of next of %s", k)
		}
	})
	if _, pattern, inRange := parseHashKey("340282366920938463463374607431768211456"); !pattern || inRange {
		t.Error("2^128 is in range")
	}
	for _, s := range []string{"", "-1", "+1", "01", "1e3", "0x1", "3402823669209384634633746074317682114560"} {
		if _, pattern, _ := parseHashKey(s); pattern {
			t.Errorf("%q has the pattern of a hash key", s)
		}
	}
}

func TestNewStreamsAreLaidOutAsTheServiceDoes(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 3}})
	want := [][2]string{
		{"0", "113427455640312821154458202477256070484"},
		{"113427455640312821154458202477256070485", "226854911280625642308916404954512140969"},
		{"226854911280625642308916404954512140970", "340282366920938463463374607431768211455"},
	}
	for i, sh := range s.Shards("s") {
		if sh.Start != want[i][0] || sh.End != want[i][1] {
			t.Errorf("shard %d from %s to %s, want %v", i, sh.Start, sh.End, want[i])
		}
	}
}
