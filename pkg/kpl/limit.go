package kpl

import "math"

// What one shard takes, by the service's documentation, and how much may come at once (KPL: 1000 records, 10 MiB).
const (
	shardRecordsPerSecond = 1000
	shardBytesPerSecond   = 1 << 20
	burstRecords          = 1000
	burstBytes            = 10 << 20
)

// tokenBucket admits Kinesis records to one shard at a rate of records and bytes. Both streams start full and grow continuously.
type tokenBucket struct {
	recordsPerSecond, bytesPerSecond float64
	records, bytes                   float64
	filled                           instant
}

// newTokenBucket makes a bucket for RateLimit percent of a shard's capacity.
func newTokenBucket(percent int64, now instant) tokenBucket {
	share := float64(percent) / 100
	return tokenBucket{
		recordsPerSecond: shardRecordsPerSecond * share, bytesPerSecond: shardBytesPerSecond * share,
		records: burstRecords, bytes: burstBytes, filled: now,
	}
}

func (b *tokenBucket) fill(now instant) {
	seconds := float64(now-b.filled) / 1e9
	if seconds <= 0 {
		return
	}
	b.records = min(burstRecords, b.records+seconds*b.recordsPerSecond)
	b.bytes = min(burstBytes, b.bytes+seconds*b.bytesPerSecond)
	b.filled = now
}

// take admits a Kinesis record of that size now, or says after how long it could be.
func (b *tokenBucket) take(size int, now instant) (ok bool, wait instant) {
	if ok, wait = b.peek(size, now); ok {
		b.records--
		b.bytes -= float64(size)
	}
	return ok, wait
}

// peek is take without taking.
func (b *tokenBucket) peek(size int, now instant) (ok bool, wait instant) {
	b.fill(now)
	// A record larger than the burst passes when the bucket is full; its debt delays what follows.
	need := min(float64(size), burstBytes)
	if b.records >= 1 && b.bytes >= need {
		return true, 0
	}
	seconds := max((1-b.records)/b.recordsPerSecond, (need-b.bytes)/b.bytesPerSecond)
	return false, instant(math.Ceil(min(seconds*1e9, math.MaxInt64/4))) + 1
}

// scale sets the rates to a factor, above 0 and at most 1, of RateLimit percent.
func (b *tokenBucket) scale(percent int64, factor float64, now instant) {
	b.fill(now)
	share := float64(percent) / 100 * factor
	b.recordsPerSecond, b.bytesPerSecond = shardRecordsPerSecond*share, shardBytesPerSecond*share
}
