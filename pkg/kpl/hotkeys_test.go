package kpl

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"pgregory.net/rapid"
)

func TestHotKeysFindsWhatIsFrequent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h hotKeys
	for i := range 400_000 {
		switch n := random.IntN(100); {
		case n < 30:
			h.add("hot")
		case n < 40:
			h.add("warm")
		default:
			h.add(fmt.Sprint("cold", i))
		}
	}
	got := h.hottest()
	if len(got) != 2 || got[0].Key != "hot" || got[1].Key != "warm" {
		t.Fatalf("%+v", got)
	}
	for i, want := range []float64{0.30, 0.10} {
		if d := got[i].Share - want; d > 0.04 || d < -0.08 {
			t.Errorf("%s has a share of %.2f, want about %.2f", got[i].Key, got[i].Share, want)
		}
	}
	// What was hot is forgotten.
	for i := range 1_000_000 {
		h.add(fmt.Sprint("later", i%3))
	}
	for _, k := range h.hottest() {
		if k.Key == "hot" || k.Key == "warm" {
			t.Errorf("%+v is still hot", k)
		}
	}
}

// Keys that come in turn are equally frequent, however their number goes with that of the records that are passed over.
func TestHotKeysIsNotTakenInByKeysThatComeInTurn(t *testing.T) {
	for _, keys := range []int{64, 128, 192, 256} {
		var h hotKeys
		for i := range 2_000_000 {
			h.add(fmt.Sprint(i % keys))
		}
		for _, k := range h.hottest() {
			if k.Share > 0.05 {
				t.Errorf("of %d keys %+v is hot", keys, k)
			}
		}
	}
}

// A key may be a part of a payload, which must not be kept for it.
func TestHotKeysKeepNothingButTheKey(t *testing.T) {
	payload := strings.Repeat("x", 1<<20)
	var h hotKeys
	h.sample(payload[:3])
	if unsafe.StringData(h.counts[0].key) == unsafe.StringData(payload) {
		t.Error("the payload that the key was cut from is kept")
	}
}

func TestHotKeysAreBoundedAndNeverOverstated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h hotKeys
		seen := map[string]int64{}
		keys := rapid.SliceOfN(rapid.IntRange(0, 60), 0, 2000).Draw(t, "keys")
		for _, k := range keys {
			key := fmt.Sprint(k)
			seen[key]++
			h.sample(key)
		}
		if len(h.counts) > hotKeysKept {
			t.Fatalf("%d keys are kept", len(h.counts))
		}
		for _, k := range h.hottest() {
			if most := float64(seen[k.Key]) / float64(len(keys)); k.Share > most+1e-9 {
				t.Fatalf("%s has %.3f of all, and is said to have %.3f", k.Key, most, k.Share)
			}
		}
	})
}

// Halving the counts overstates none.
func TestHotKeysAreHalvedDownwards(t *testing.T) {
	h := hotKeys{total: hotKeysMost - 1, counts: []hotKeyCount{{key: "a", count: 1000, over: 903}}}
	h.sample("b")
	if a := h.counts[0]; 2*(a.count-a.over) > 1000-903 {
		t.Errorf("of %d that were seen for certain, %d count twice", 1000-903, a.count-a.over)
	}
}

func TestStatsShowHotKeysAndWhereRecordsLanded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		for i := range 2000 {
			key := "busy"
			if i%2 == 0 {
				key = fmt.Sprint(i)
			}
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: key, ExplicitHashKey: "0", Data: []byte("x")})
		}
		time.Sleep(time.Second)
		shards := b.Stats().Streams[0].Shards
		if len(shards[0].HotKeys) != 1 || shards[0].HotKeys[0].Key != "busy" || shards[0].Landed+shards[1].Landed != 2001 || shards[0].Landed < 2000 || shards[0].Stored != shards[0].Landed {
			t.Errorf("%+v", shards)
		}
		b.close()
	})
}

func BenchmarkHotKeys(b *testing.B) {
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprint("device-", i)
	}
	var h hotKeys
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.add(keys[i%len(keys)])
	}
}
