package kpl

import (
	"math"
	"math/rand/v2"
	"time"
)

// How a shard's rate adapts to what it accepts. Throttling takes off the share that was refused lately, calm gives back step by step, and
// the rate never exceeds RateLimit. Taking off what was refused, and not a fixed part, finds a shard's real rate in a few steps and hardly
// moves for a stray refusal, so that a few throttled records do not starve a shard that has room.
const (
	// paceKeep is the least that one cut leaves of the rate.
	paceKeep = 0.5
	// paceLeast is the least share of RateLimit.
	paceLeast = 0.05
	// pacePerSecond is the share of RateLimit that a second without a cut gives back.
	pacePerSecond = 0.05
	// paceWindow is the time between two cuts, less up to paceJitter: the service counts a shard's records and bytes by the second.
	paceWindow = time.Second
	// paceJitter is drawn from cut to cut, so that producers in lock-step do not cut alike for ever.
	paceJitter = time.Second / 4
	// paceHalfLife is how long an answer weighs on: long enough that one refusal among few answers is not taken for a trend.
	paceHalfLife = 3 * time.Second
	// paceStep is how far the rate must have moved before the bucket is told.
	paceStep = 0.01
)

// pace is the share of RateLimit that a shard is sent at present.
type pace struct {
	percent int64
	factor  float64
	changed instant // when factor last changed
	cutAt   instant // when it was last cut; 0 before the first time
	window  time.Duration
	// accepted and refused count Kinesis records; a count weighs half after paceHalfLife.
	accepted, refused float64
	counted           instant
}

// count notes what the shard said to a Kinesis record.
func (c *pace) count(throttled bool, now instant) {
	if passed := now.since(c.counted); passed > 0 {
		fade := math.Exp2(-passed.Seconds() / paceHalfLife.Seconds())
		c.accepted *= fade
		c.refused *= fade
		c.counted = now
	}
	if throttled {
		c.refused++
	} else {
		c.accepted++
	}
}

// cut takes the rate down by the share that was refused, at most once in paceWindow and once for all requests that were under way at the
// same time, and empties the bucket: the shard has shown that the burst it would allow is not there.
func (c *pace) cut(b *tokenBucket, began, now instant) {
	if c.cutAt > 0 && (began < c.cutAt || now.since(c.cutAt) < c.window) {
		return
	}
	kept := 1.0
	if c.refused > 0 {
		kept = max(paceKeep, c.accepted/(c.accepted+c.refused))
	}
	c.factor = max(paceLeast, c.factor*kept)
	c.changed, c.cutAt, c.window = now, now, paceWindow-rand.N(paceJitter)
	b.scale(c.percent, c.factor, now)
	b.records, b.bytes = min(b.records, 0), min(b.bytes, 0)
}

// recover gives back what calm since the last change has earned.
func (c *pace) recover(b *tokenBucket, now instant) {
	if c.factor >= 1 {
		return
	}
	if earned := pacePerSecond * now.since(c.changed).Seconds(); earned >= paceStep {
		c.factor = min(1, c.factor+earned)
		c.changed = now
		b.scale(c.percent, c.factor, now)
	}
}
