package kinesislocal

import (
	"crypto/md5"
	"encoding/binary"
	"math/big"
	"math/bits"
)

// hashKey is a point in the 128-bit hash key space.
type hashKey struct{ hi, lo uint64 }

var maxHashKey = hashKey{^uint64(0), ^uint64(0)}

// hashPartitionKey places a partition key as the service does: MD5, read as a
// big-endian number.
func hashPartitionKey(key string) hashKey {
	sum := md5.Sum([]byte(key))
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// parseHashKey reads a decimal. pattern says whether s has the form of a hash
// key (0|[1-9][0-9]{0,38}), inRange whether its value is below 2^128.
func parseHashKey(s string) (k hashKey, pattern, inRange bool) {
	if s == "" || len(s) > 39 || !allDigits(s) || (s[0] == '0' && len(s) > 1) {
		return hashKey{}, false, false
	}
	for i := range len(s) {
		var ok bool
		if k, ok = k.shiftDecimal(s[i] - '0'); !ok {
			return hashKey{}, true, false
		}
	}
	return k, true, true
}

// shiftDecimal returns k*10 + digit, and false when that overflows 128 bits.
func (k hashKey) shiftDecimal(digit byte) (hashKey, bool) {
	carry, lo := bits.Mul64(k.lo, 10)
	over, hi := bits.Mul64(k.hi, 10)
	if over != 0 {
		return k, false
	}
	lo, c := bits.Add64(lo, uint64(digit), 0)
	hi, c = bits.Add64(hi, carry, c)
	return hashKey{hi, lo}, c == 0
}

func (k hashKey) less(o hashKey) bool {
	return k.hi < o.hi || (k.hi == o.hi && k.lo < o.lo)
}

func (k hashKey) next() hashKey {
	lo, c := bits.Add64(k.lo, 1, 0)
	return hashKey{k.hi + c, lo}
}

func (k hashKey) previous() hashKey {
	lo, b := bits.Sub64(k.lo, 1, 0)
	return hashKey{k.hi - b, lo}
}

func (k hashKey) big() *big.Int {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], k.hi)
	binary.BigEndian.PutUint64(raw[8:], k.lo)
	return new(big.Int).SetBytes(raw[:])
}

func (k hashKey) String() string { return k.big().String() }

func hashKeyOf(n *big.Int) hashKey {
	var raw [16]byte
	n.FillBytes(raw[:])
	return hashKey{binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])}
}

// evenStarts returns the first hash keys of n equal ranges: i * (2^128 div n),
// as the service lays out a new stream. The last range takes the remainder.
func evenStarts(n int) []hashKey {
	step := new(big.Int).Lsh(big.NewInt(1), 128)
	step.Div(step, big.NewInt(int64(n)))
	starts := make([]hashKey, n)
	for i := range starts {
		starts[i] = hashKeyOf(new(big.Int).Mul(step, big.NewInt(int64(i))))
	}
	return starts
}
