package top

import (
	"math"
	"testing"
	"time"
)

func TestFiguresAreShort(t *testing.T) {
	for _, c := range []struct{ name, got, want string }{
		{"count", count(1234567), "1,234,567"},
		{"negative count", count(-123456), "-123,456"},
		{"small count", count(999), "999"},
		{"no rate", rate(0), "0"},
		{"small rate", rate(0.44), "0.4"},
		{"rate", rate(1204.4), "1,204"},
		{"rate that is none", rate(math.NaN()), "?"},
		{"infinite rate", rate(math.Inf(1)), "?"},
		{"bytes", size(999), "999 B"},
		{"kilobytes", size(1500), "1.5 kB"},
		{"megabytes", size(250e6), "250 MB"},
		{"just below", size(999_600), "1.0 MB"},
		{"short", span(250 * time.Microsecond), "250 µs"},
		{"milliseconds", span(40 * time.Millisecond), "40 ms"},
		{"seconds", span(2500 * time.Millisecond), "2.5 s"},
		{"minutes", span(125 * time.Second), "2 min 5 s"},
		{"hours", span(3 * time.Hour), "3 h 0 min"},
		{"days", span(75 * time.Hour), "3 d 3 h"},
		{"back in time", span(-time.Second), "0 s"},
		{"percent", percent(66.6), "67 %"},
		{"codes", codes(map[string]int64{"a": 1, "b\x1b": 1204, "c": 1}), `b\x1b 1,204, a 1, c 1`},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}
