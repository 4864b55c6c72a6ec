package main

import (
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/logging"
)

// progressLine says how far a run is that ends when its sources have been empty for so long. What is left is told only if all sources know it:
// a bar that guesses is worse than none.
func progressLine(f *figures, untilIdle time.Duration, width int, stopping bool) []part {
	done, total := f.ended(), f.counts.Consumed+max(f.waiting, 0)
	if !f.known || total == 0 {
		line := summaryLine(f, stopping)
		if end := ending(f, untilIdle); end != "" && !stopping {
			return append(line, part{end, plain})
		}
		return append(line, part{"how much is left is not known", plain})
	}
	var parts []part
	if columns := min(width/4, 30); columns >= 10 {
		parts = append(parts, part{bar(done, total, columns), plain})
	}
	parts = append(parts, part{logging.Grouped(done*100/total) + " %", plain})
	switch end := ending(f, untilIdle); {
	case stopping:
		parts = append(parts, part{"draining", yellow})
	case end != "":
		parts = append(parts, part{end, plain})
	default:
		parts = append(parts, part{left(f, total-done), plain})
	}
	parts = append(parts, part{logging.Grouped(done) + " of " + logging.Grouped(total) + " messages", plain}, f.speed(), attention(f.counts.Failed, "failed", red))
	if f.kinesis {
		parts = append(parts, throttling(f))
	}
	return parts
}

// bar is as full as done is of total; full only when it is all.
func bar(done, total int64, columns int) string {
	full := int(float64(done) / float64(total) * float64(columns))
	if done < total {
		full = min(full, columns-1)
	}
	full = max(0, min(full, columns))
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", columns-full) + "]"
}

// left is how long the messages that are left take, at the rate of the last seconds.
func left(f *figures, messages int64) string {
	seconds := float64(messages) / f.messages
	if f.messages <= 0 || seconds > (10_000*24*time.Hour).Seconds() {
		return "time left not known yet"
	}
	return shortTime(time.Duration(seconds*float64(time.Second))) + " left"
}

// ending is when a run ends that has nothing more to do; empty while it has.
func ending(f *figures, untilIdle time.Duration) string {
	if f.idle.IsZero() {
		return ""
	}
	return "done; ends in " + shortTime(max(0, untilIdle-time.Since(f.idle)).Round(time.Second))
}
