package kpl

import (
	"math"
	"testing"
	"time"
)

func TestInstantsSaturate(t *testing.T) {
	second := instant(time.Second)
	for name, c := range map[string]struct {
		from instant
		add  time.Duration
		want instant
	}{
		"later":              {second, time.Second, 2 * second},
		"earlier":            {second, -time.Second, 0},
		"the largest":        {second, math.MaxInt64, never},
		"just too much":      {second, math.MaxInt64 - time.Second + 1, never},
		"just not too much":  {second, math.MaxInt64 - time.Second - 1, never - 1},
		"never stays never":  {never, time.Second, never},
		"never and no delay": {never, 0, never},
	} {
		if got := c.from.add(c.add); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
