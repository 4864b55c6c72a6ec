package kpl

// How a shard's rate adapts to what it accepts: a throttled request takes a part of it off, calm gives it back step by step.
// It never exceeds RateLimit.
const (
	paceCut       = 0.7
	paceLeast     = 0.05
	pacePerSecond = 0.05
	// paceStep is how far the rate must have moved before the bucket is told.
	paceStep = 0.01
)

// pace is the share of RateLimit that a shard is sent at present.
type pace struct {
	percent int64
	factor  float64
	changed instant // when factor last changed
	cutAt   instant // when it was last cut
}

// cut takes the rate down, once for all requests that were under way at the same time, and empties the bucket: the shard has shown
// that the burst it would allow is not there.
func (c *pace) cut(b *tokenBucket, began, now instant) {
	if began < c.cutAt {
		return
	}
	c.factor = max(paceLeast, c.factor*paceCut)
	c.changed, c.cutAt = now, now
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
