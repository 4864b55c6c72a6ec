package kinesislocal

import "time"

// bucket is a token bucket that holds one second of its rate and starts full.
type bucket struct {
	tokens float64
	last   time.Time
}

func (b *bucket) refill(rate int, now time.Time) {
	if b.last.IsZero() {
		b.tokens = float64(rate)
	} else if passed := now.Sub(b.last).Seconds(); passed > 0 {
		b.tokens = min(float64(rate), b.tokens+passed*float64(rate))
	}
	b.last = now
}

// holds says whether n may be taken. More than the bucket can ever hold may be
// taken from a full bucket, which then owes the rest: the service lets a record
// larger than one second's bytes through that way.
func (b *bucket) holds(n, rate int) bool {
	return b.tokens >= float64(min(n, rate))
}

func (b *bucket) take(n int) { b.tokens -= float64(n) }

// admit takes one record of size bytes from the shard's buckets, or nothing.
func (sh *shard) admit(l Limits, size int, now time.Time) bool {
	sh.recordTokens.refill(l.RecordsPerSecond, now)
	sh.byteTokens.refill(l.BytesPerSecond, now)
	if !sh.recordTokens.holds(1, l.RecordsPerSecond) || !sh.byteTokens.holds(size, l.BytesPerSecond) {
		return false
	}
	sh.recordTokens.take(1)
	sh.byteTokens.take(size)
	return true
}

func (sh *shard) admitRead(l Limits, now time.Time) bool {
	sh.readTokens.refill(l.ReadsPerSecond, now)
	if !sh.readTokens.holds(1, l.ReadsPerSecond) {
		return false
	}
	sh.readTokens.take(1)
	return true
}
