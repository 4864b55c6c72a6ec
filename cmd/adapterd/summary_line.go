package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/logging"
)

// The colours of what needs a look.
const (
	plain  = ""
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	normal = "\x1b[0m"
)

// part is a piece of the live line.
type part struct{ text, colour string }

// attention is a number, in a colour if it is not 0.
func attention(n int64, what, colour string) part {
	if n == 0 {
		colour = plain
	}
	return part{logging.Grouped(n) + " " + what, colour}
}

// fitted puts as many of the parts into a line as have room in width columns, the first first.
func fitted(parts []part, width int, colours bool) string {
	const between = "  "
	var b strings.Builder
	room := width - 1 // a terminal may begin a new line after the last column
	for i, p := range parts {
		need := utf8.RuneCountInString(p.text)
		if i > 0 {
			need += len(between)
		}
		if need > room {
			break
		}
		room -= need
		if i > 0 {
			b.WriteString(between)
		}
		if colours && p.colour != plain {
			b.WriteString(p.colour + p.text + normal)
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// shortTime is a time as people read it, in whole seconds, or days and hours where those are many.
func shortTime(d time.Duration) string {
	const day = 24 * time.Hour
	if d < 0 {
		d = 0
	}
	if d >= day {
		return fmt.Sprintf("%s %dh", count(int(d/day), "day"), d%day/time.Hour)
	}
	return d.Truncate(time.Second).String()
}

// summaryLine says what a run without an end is doing.
func summaryLine(f *figures, stopping bool) []part {
	var parts []part
	if stopping {
		parts = append(parts, part{"draining", yellow})
	}
	parts = append(parts, f.speed(), part{logging.Grouped(f.counts.InFlight) + " in flight", plain}, attention(f.counts.Failed, "failed", red))
	if f.kinesis {
		parts = append(parts, throttling(f))
	}
	if f.counts.Handled > 0 {
		parts = append(parts, part{logging.Grouped(f.counts.Handled) + " handled", plain})
	}
	return append(parts, part{logging.Grouped(f.counts.Delivered) + " delivered in " + shortTime(f.running), plain})
}

// throttling is how many records were throttled, in a colour if some were of late.
func throttling(f *figures) part {
	colour := plain
	if f.throttledLately {
		colour = yellow
	}
	return part{logging.Grouped(f.throttled) + " throttled", colour}
}
