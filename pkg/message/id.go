package message

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
)

// ID is a message's unique id. It is kept as bytes and becomes text only when somebody asks, because most messages never show it.
type ID struct {
	high, low uint64
	text      string
}

const (
	version8    = 0x8000
	variantRFC  = 1 << 63
	sixtyTwo    = 1<<62 - 1
	oddConstant = 0x1E3779B97F4A7C15 // any odd number: multiplication by it permutes the 62-bit numbers
)

var (
	process = processPrefix()
	// counter is atomic because every consumer of the process makes ids.
	counter atomic.Uint64
)

// processPrefix is 60 random bits with the version of a custom UUID (RFC 9562, version 8): no two processes make the same id.
func processPrefix() uint64 {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic("message: no random numbers: " + err.Error())
	}
	counter.Store(binary.BigEndian.Uint64(b[8:]))
	return binary.BigEndian.Uint64(b[:8])&^0xF000 | version8
}

func newID() ID {
	return ID{high: process, low: counter.Add(1)*oddConstant&sixtyTwo | variantRFC}
}

// String is the id as text; a generated one is a UUID.
func (id ID) String() string {
	if id.text != "" {
		return id.text
	}
	var out [36]byte
	return string(id.Append(out[:0]))
}

// Append appends the id's text.
func (id ID) Append(dst []byte) []byte {
	if id.text != "" {
		return append(dst, id.text...)
	}
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], id.high)
	binary.BigEndian.PutUint64(raw[8:], id.low)
	dst = hex.AppendEncode(dst, raw[0:4])
	dst = hex.AppendEncode(append(dst, '-'), raw[4:6])
	dst = hex.AppendEncode(append(dst, '-'), raw[6:8])
	dst = hex.AppendEncode(append(dst, '-'), raw[8:10])
	return hex.AppendEncode(append(dst, '-'), raw[10:16])
}
