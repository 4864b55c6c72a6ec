package kpl

import (
	"crypto/md5" //nolint:gosec // Kinesis defines the hash key by MD5; it is not a matter of security
	"encoding/binary"
	"fmt"
	"math/bits"
	"unsafe"
)

// HashKey is a point in the hash key space of a stream, from 0 to 2^128-1.
type HashKey struct{ hi, lo uint64 }

// HashKeyOf is the hash key of a partition key: the MD5 of its UTF-8 bytes as a big-endian integer.
func HashKeyOf(partitionKey string) HashKey {
	sum := md5.Sum(unsafe.Slice(unsafe.StringData(partitionKey), len(partitionKey))) //nolint:gosec // see above
	return HashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// ParseHashKey reads an explicit hash key as the KPL does: a decimal integer, a sign and blanks around it allowed, from 0 to 2^128-1.
func ParseHashKey(text string) (HashKey, error) {
	h, _, err := parseHashKey(text)
	return h, err
}

// parseHashKey also returns the shortest decimal form, which is the text itself if it is that already.
func parseHashKey(text string) (HashKey, string, error) {
	digits := trimBlanks(text)
	negative := false
	if digits != "" && (digits[0] == '+' || digits[0] == '-') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	if digits == "" {
		return HashKey{}, "", fmt.Errorf("invalid explicitHashKey, must be an integer, got %q", text)
	}
	var h HashKey
	beyond := false
	for i := range len(digits) {
		digit := digits[i] - '0'
		if digit > 9 {
			return HashKey{}, "", fmt.Errorf("invalid explicitHashKey, must be an integer, got %q", text)
		}
		// h = 10h + digit
		overLo, lo := bits.Mul64(h.lo, 10)
		overHi, hi := bits.Mul64(h.hi, 10)
		lo, carry := bits.Add64(lo, uint64(digit), 0)
		hi, carry = bits.Add64(hi, overLo, carry)
		beyond = beyond || overHi > 0 || carry > 0
		h = HashKey{hi, lo}
	}
	if beyond || negative && h != (HashKey{}) {
		return HashKey{}, "", fmt.Errorf("invalid explicitHashKey, must be greater or equal to zero and less than or equal to (2^128 - 1), got %q", text)
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return h, digits, nil
}

// Compare is -1, 0 or 1 as h is below, equal to or above o.
func (h HashKey) Compare(o HashKey) int {
	switch {
	case h == o:
		return 0
	case h.hi < o.hi || h.hi == o.hi && h.lo < o.lo:
		return -1
	}
	return 1
}

// String is the shortest decimal form, as ExplicitHashKey wants it.
func (h HashKey) String() string { return string(h.appendTo(nil)) }

// appendTo appends the shortest decimal form.
func (h HashKey) appendTo(dst []byte) []byte {
	const tenTo19 = 10_000_000_000_000_000_000 // the largest power of ten in 64 bits
	var out [39]byte
	at := len(out)
	for {
		// 128 bits by 64 bits in two steps, the remainder of the first carried into the second.
		hi, rest := bits.Div64(0, h.hi, tenTo19)
		lo, rest := bits.Div64(rest, h.lo, tenTo19)
		h = HashKey{hi, lo}
		last := h == HashKey{}
		for digit := 0; digit < 19 && (!last || rest > 0 || at == len(out)); digit++ {
			at--
			out[at] = byte('0' + rest%10)
			rest /= 10
		}
		if last {
			return append(dst, out[at:]...)
		}
	}
}
