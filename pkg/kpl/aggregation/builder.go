package aggregation

import (
	"crypto/md5" //nolint:gosec // the format's checksum, not a matter of security
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// tableReserveBytes is room kept in front of the records for the magic number and the key tables, which come first on the wire but are
// complete only at the end: a payload is copied once, to the place from which it leaves.
const tableReserveBytes = 1 << 10

// Builder packs user records into one Kinesis record. The zero value is ready for use; Reset makes it ready again and keeps its
// memory. It is not safe for concurrent use.
type Builder struct {
	// buf holds reserve bytes and then the encoded records.
	buf     []byte
	reserve int

	partitionKeys keyTable
	hashKeys      keyTable

	records   int
	firstData span
	finished  bool
}

// span is a place in the builder's buffer.
type span struct{ offset, length int }

// Reset empties the builder.
func (b *Builder) Reset() {
	b.buf = b.buf[:0]
	b.partitionKeys.reset()
	b.hashKeys.reset()
	b.records = 0
	b.finished = false
}

// Len is the number of user records.
func (b *Builder) Len() int { return b.records }

// MemoryBytes is how much memory the builder keeps for its next use.
func (b *Builder) MemoryBytes() int { return cap(b.buf) }

// Size is the size of the Kinesis record in bytes, as AggregationMaxSize counts it: 0 without records, the data's length for a single
// one, else magic number, protobuf bytes and MD5.
func (b *Builder) Size() int {
	switch b.records {
	case 0:
		return 0
	case 1:
		return b.firstData.length
	}
	return Overhead + b.partitionKeys.bytes + b.hashKeys.bytes + b.recordBytes()
}

// SizeWith is what Size would be with one more record.
func (b *Builder) SizeWith(partitionKey, explicitHashKey string, dataLength int) int {
	if b.records == 0 {
		return dataLength
	}
	key := b.partitionKeys.find(partitionKey)
	size := Overhead + b.partitionKeys.bytes + b.hashKeys.bytes + b.recordBytes()
	if !key.known {
		size += entryBytes(len(partitionKey))
	}
	hash := slot{index: -1}
	if explicitHashKey != "" {
		if hash = b.hashKeys.find(explicitHashKey); !hash.known {
			size += entryBytes(len(explicitHashKey))
		}
	}
	return size + entryBytes(innerBytes(key.index, hash.index, dataLength))
}

// Append adds a user record and copies its data. An explicit hash key is given in shortest decimal form, or empty. It returns where
// Data finds the copy.
func (b *Builder) Append(partitionKey, explicitHashKey string, data []byte) (offset int) {
	offset, _ = b.AppendWithin(math.MaxInt, partitionKey, explicitHashKey, data)
	return offset
}

// AppendWithin is Append if Size would not exceed maxBytes afterwards. Otherwise it changes nothing and ok is false.
func (b *Builder) AppendWithin(maxBytes int, partitionKey, explicitHashKey string, data []byte) (offset int, ok bool) {
	key := b.partitionKeys.find(partitionKey)
	hash := slot{index: -1}
	tables := b.partitionKeys.bytes + b.hashKeys.bytes
	if !key.known {
		tables += entryBytes(len(partitionKey))
	}
	if explicitHashKey != "" {
		if hash = b.hashKeys.find(explicitHashKey); !hash.known {
			tables += entryBytes(len(explicitHashKey))
		}
	}
	inner := innerBytes(key.index, hash.index, len(data))
	size := Overhead + tables + b.recordBytes() + entryBytes(inner)
	if b.records == 0 {
		size = len(data)
	}
	if size > maxBytes {
		return 0, false
	}
	if len(b.buf) == 0 {
		if cap(b.buf) < tableReserveBytes {
			b.buf = make([]byte, tableReserveBytes, tableReserveBytes+entryBytes(inner)+digestBytes)
		}
		b.reserve = tableReserveBytes
		b.buf = b.buf[:tableReserveBytes]
	}
	b.partitionKeys.add(key, partitionKey)
	if explicitHashKey != "" {
		b.hashKeys.add(hash, explicitHashKey)
	}
	buf := b.buf
	if need := entryBytes(inner) + digestBytes; cap(buf)-len(buf) < need {
		// To twice as much, where append would grow by a quarter and copy each byte four times on the way to a full aggregate, and not beyond
		// what it will hold: many full ones may wait for their requests.
		most := b.reserve + min(maxBytes, math.MaxInt32) + digestBytes
		buf = slices.Grow(buf, max(need, min(cap(buf), most-len(buf))))
	}
	buf = append(buf, tagRecord)
	buf = binary.AppendUvarint(buf, uint64(inner))
	buf = append(buf, tagPartitionKeyIndex)
	buf = binary.AppendUvarint(buf, uint64(key.index))
	if hash.index >= 0 {
		buf = append(buf, tagHashKeyIndex)
		buf = binary.AppendUvarint(buf, uint64(hash.index))
	}
	buf = append(buf, tagData)
	buf = binary.AppendUvarint(buf, uint64(len(data)))
	offset = len(buf)
	b.buf = append(buf, data...)
	if b.records == 0 {
		b.firstData = span{offset, len(data)}
	}
	b.records++
	return offset - b.reserve, true
}

// Data returns the data of a record by the offset that Append returned. It is valid until Reset.
func (b *Builder) Data(offset, length int) []byte {
	start := b.reserve + offset
	return b.buf[start : start+length : start+length]
}

// Finish returns the bytes of the Kinesis record: a single record's data as it is, or an aggregated record. They belong to the builder
// and are valid until Reset; Data keeps working, Append does not.
func (b *Builder) Finish() []byte {
	switch b.records {
	case 0:
		return nil
	case 1:
		return b.Data(b.firstData.offset-b.reserve, b.firstData.length)
	}
	if !b.finished {
		b.finish()
	}
	head := len(magic) + b.partitionKeys.bytes + b.hashKeys.bytes
	return b.buf[b.reserve-head:]
}

// finish writes magic number and tables in front of the records, and the MD5 behind them.
func (b *Builder) finish() {
	b.finished = true
	head := len(magic) + b.partitionKeys.bytes + b.hashKeys.bytes
	if head > b.reserve {
		b.widen(head)
	}
	out := b.buf[b.reserve-head : b.reserve-head : b.reserve]
	out = append(out, magic...)
	out = b.partitionKeys.appendTo(out, tagPartitionKey)
	b.hashKeys.appendTo(out, tagExplicitHashKey)
	body := b.buf[b.reserve-head+len(magic):]
	sum := md5.Sum(body) //nolint:gosec // the format's checksum
	b.buf = append(b.buf, sum[:]...)
}

// widen moves the records to make room for key tables that outgrew the reserve.
func (b *Builder) widen(head int) {
	records := len(b.buf) - b.reserve
	need := head + records + digestBytes
	if cap(b.buf) < need {
		grown := make([]byte, head+records, need)
		copy(grown[head:], b.buf[b.reserve:])
		b.buf = grown
	} else {
		b.buf = b.buf[:head+records]
		copy(b.buf[head:], b.buf[b.reserve:b.reserve+records])
	}
	b.firstData.offset += head - b.reserve
	b.reserve = head
}

// recordBytes is the encoded length of the records.
func (b *Builder) recordBytes() int {
	if b.records == 0 {
		return 0
	}
	n := len(b.buf) - b.reserve
	if b.finished {
		n -= digestBytes
	}
	return n
}

// entryBytes is the length of a length-delimited field: tag, length, content.
func entryBytes(content int) int { return 1 + uvarintBytes(uint64(content)) + content }

// innerBytes is the length of an encoded Record message.
func innerBytes(index, hashIndex, data int) int {
	n := 1 + uvarintBytes(uint64(index)) + entryBytes(data)
	if hashIndex >= 0 {
		n += 1 + uvarintBytes(uint64(hashIndex))
	}
	return n
}

func uvarintBytes(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }
