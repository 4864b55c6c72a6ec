package component

import (
	"fmt"
	"time"
)

// KeyValue is a key-value-pair or metadata-element of a document.
type KeyValue struct {
	Key, Value string
	// Pos is file:line:column of the pair, for errors.
	Pos string
}

// Interval is a time-interval: <unit> (a Java TimeUnit name, default SECONDS) and <interval> (default 10).
type Interval struct {
	time.Duration
	// Set says whether the document gave one.
	Set bool
}

// Or returns the interval, or fallback when the document gave none.
func (i Interval) Or(fallback time.Duration) time.Duration {
	if i.Set {
		return i.Duration
	}
	return fallback
}

// units are the names of java.util.concurrent.TimeUnit.
var units = map[string]time.Duration{
	"NANOSECONDS": time.Nanosecond, "MICROSECONDS": time.Microsecond, "MILLISECONDS": time.Millisecond, "SECONDS": time.Second,
	"MINUTES": time.Minute, "HOURS": time.Hour, "DAYS": 24 * time.Hour,
}

// UnitDuration is the length of a Java TimeUnit.
func UnitDuration(name string) (time.Duration, error) {
	d, ok := units[name]
	if !ok {
		return 0, fmt.Errorf("%q is no time unit; use NANOSECONDS, MICROSECONDS, MILLISECONDS, SECONDS, MINUTES, HOURS or DAYS", name)
	}
	return d, nil
}
