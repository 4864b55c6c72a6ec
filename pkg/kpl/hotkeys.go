package kpl

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
)

const (
	// hotKeysKept is how many partition keys a shard's sketch holds; a key with more than that part of the records is always among them.
	hotKeysKept = 32
	// hotKeysEvery is of how many records one is looked at, on average: the sketch stands beside Put, and a key that is hot comes again soon.
	// Which one is chance, since keys may come in turn.
	hotKeysEvery = 64
	// hotKeysMost is after how many looked-at records all counts are halved, so that what was hot long ago is forgotten.
	hotKeysMost = 4096
	// hotKeysShown is how many a snapshot has at most, and hotKeysShare the least share that is worth to be shown.
	hotKeysShown = 5
	hotKeysShare = 0.02
	// hotKeysLeast samples at least are needed: one or two are chance.
	hotKeysLeast = 3
)

// HotKey is a partition key that many of a shard's records have.
type HotKey struct {
	Key string `json:"key"`
	// Share of the shard's recent records, 0 to 1. It is an estimate from samples, and never more than the key may have had.
	Share float64 `json:"share"`
}

// hotKeys counts the most frequent partition keys of one shard in bounded memory (the Space-Saving sketch, over samples). The zero value is
// ready; whoever guards it serialises its use.
type hotKeys struct {
	skip   int // so many are not looked at before the next
	total  int64
	counts []hotKeyCount
}

// hotKeyCount is a key that was seen at least count-over times, and at most count times.
type hotKeyCount struct {
	key         string
	count, over int64
}

// add is called with the key of every record.
func (h *hotKeys) add(key string) {
	if h.skip > 0 {
		h.skip--
		return
	}
	h.skip = rand.IntN(2*hotKeysEvery - 1)
	h.sample(key)
}

func (h *hotKeys) sample(key string) {
	if h.total++; h.total >= hotKeysMost {
		h.total /= 2
		for i := range h.counts {
			h.counts[i].count /= 2
			h.counts[i].over = (h.counts[i].over + 1) / 2 // what is certain is not made more
		}
	}
	least := 0
	for i := range h.counts {
		c := &h.counts[i]
		if c.key == key {
			c.count++
			return
		}
		if c.count < h.counts[least].count {
			least = i
		}
	}
	key = strings.Clone(key) // it may be a part of a payload
	if len(h.counts) < hotKeysKept {
		h.counts = append(h.counts, hotKeyCount{key: key, count: 1})
		return
	}
	c := &h.counts[least]
	c.key, c.over, c.count = key, c.count, c.count+1
}

// hottest are those with the largest shares.
func (h *hotKeys) hottest() []HotKey {
	var all []HotKey
	for _, c := range h.counts {
		if share := float64(c.count-c.over) / float64(max(1, h.total)); share >= hotKeysShare && c.count-c.over >= hotKeysLeast {
			all = append(all, HotKey{Key: c.key, Share: share})
		}
	}
	slices.SortFunc(all, func(a, b HotKey) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Key, b.Key))
	})
	return all[:min(len(all), hotKeysShown)]
}
