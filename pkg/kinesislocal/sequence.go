package kinesislocal

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A sequence number is 56 decimal digits, as in the service: a prefix of 36
// digits that is the stream's own, and a counter of 20 digits that grows by one
// with each record and each new shard of the stream.
const (
	sequencePrefixDigits  = 36
	sequenceCounterDigits = 20
)

// serial tells apart streams that were created at the same time.
func sequencePrefix(created time.Time, serial int64) string {
	return fmt.Sprintf("495%020d%013d", max(created.UnixNano(), 0), serial)
}

func appendSequence(dst []byte, prefix string, counter uint64) []byte {
	dst = append(dst, prefix...)
	var digits [sequenceCounterDigits]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + counter%10)
		counter /= 10
	}
	return append(dst, digits[:]...)
}

func sequenceString(prefix string, counter uint64) string {
	var buf [sequencePrefixDigits + sequenceCounterDigits]byte
	return string(appendSequence(buf[:0], prefix, counter))
}

// parseSequence returns the counter of a sequence number of the stream with
// this prefix.
func parseSequence(s, prefix string) (uint64, bool) {
	if len(s) != sequencePrefixDigits+sequenceCounterDigits || !strings.HasPrefix(s, prefix) {
		return 0, false
	}
	counter, err := strconv.ParseUint(s[sequencePrefixDigits:], 10, 64)
	return counter, err == nil
}
