package aggregation

import (
	"encoding/binary"
	"hash/maphash"
)

var seed = maphash.MakeSeed()

// keyTable is a table of distinct strings in order of first use, with an open-addressing index that is cheaper to empty and refill
// than a map: one aggregated record holds hundreds of keys and lives for milliseconds.
type keyTable struct {
	keys []string
	// bytes is the encoded length of all entries.
	bytes int
	// slots holds index+1 of the key that lives there, 0 for none. Its length is a power of two, at least twice the number of keys.
	slots []uint32
}

func (t *keyTable) reset() {
	clear(t.keys)
	t.keys = t.keys[:0]
	t.bytes = 0
	clear(t.slots)
}

// slot is where a key lives, or would live.
type slot struct {
	index int // of the key in the table
	known bool
	hash  uint64 // 0 if it was not needed
}

// find returns the key's place, or the one that it would get.
func (t *keyTable) find(key string) slot {
	n := len(t.keys)
	// Records of one key often come in a row.
	if n > 0 && t.keys[n-1] == key {
		return slot{index: n - 1, known: true}
	}
	hash := maphash.String(seed, key)
	if n == 0 {
		return slot{hash: hash}
	}
	mask := uint64(len(t.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		taken := t.slots[at]
		if taken == 0 {
			return slot{index: n, hash: hash}
		}
		if t.keys[taken-1] == key {
			return slot{index: int(taken - 1), known: true}
		}
	}
}

// add makes an entry for a key that find did not know.
func (t *keyTable) add(s slot, key string) {
	if s.known {
		return
	}
	if 2*(s.index+1) > len(t.slots) {
		t.grow()
	}
	t.keys = append(t.keys, key)
	t.bytes += entryBytes(len(key))
	t.place(s.hash, s.index)
}

func (t *keyTable) grow() {
	t.slots = make([]uint32, max(16, 2*len(t.slots)))
	for i, key := range t.keys {
		t.place(maphash.String(seed, key), i)
	}
}

func (t *keyTable) place(hash uint64, index int) {
	mask := uint64(len(t.slots) - 1)
	at := hash & mask
	for t.slots[at] != 0 {
		at = (at + 1) & mask
	}
	t.slots[at] = uint32(index + 1)
}

func (t *keyTable) appendTo(dst []byte, tag byte) []byte {
	for _, key := range t.keys {
		dst = append(dst, tag)
		dst = binary.AppendUvarint(dst, uint64(len(key)))
		dst = append(dst, key...)
	}
	return dst
}
