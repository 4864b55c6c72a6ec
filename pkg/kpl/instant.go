package kpl

import (
	"math"
	"time"
)

// instant is a moment in nanoseconds since the producer began, by the monotonic clock.
type instant int64

// never is later than every other instant.
const never instant = math.MaxInt64

// add is the moment that much later. It saturates: the largest Duration means never, where the KPL's arithmetic overflows.
func (t instant) add(d time.Duration) instant {
	if sum := t + instant(d); sum >= t || d < 0 {
		return sum
	}
	return never
}

// since is the time from an earlier moment to t.
func (t instant) since(earlier instant) time.Duration { return time.Duration(t - earlier) }
