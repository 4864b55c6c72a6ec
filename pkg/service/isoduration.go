package service

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isoDuration is a duration of ISO 8601 as XML Schema defines it: years and months are of the calendar.
type isoDuration struct {
	months int
	days   int
	rest   time.Duration
}

var isoPattern = regexp.MustCompile(`^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:(T)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

// maxYears bounds an offset in each direction; it keeps every sum within what a time can hold.
const maxYears = 10_000

func parseOffset(text string) (isoDuration, error) {
	var d isoDuration
	text = strings.TrimSpace(text)
	if text == "" {
		return d, nil
	}
	wrong := fmt.Errorf("%q is no ISO 8601 duration; write one such as -P1DT2H, P1Y2M or PT30M", text)
	g := isoPattern.FindStringSubmatch(text)
	if g == nil || text[len(text)-1] == 'P' || text[len(text)-1] == 'T' {
		return d, wrong
	}
	sum := func(one, other string, factor float64) float64 {
		a, _ := strconv.ParseFloat(one, 64)
		b, _ := strconv.ParseFloat(other, 64)
		return a*factor + b
	}
	months, days, seconds := sum(g[2], g[3], 12), sum("", g[4], 0), sum(g[6], g[7], 60)*60+sum("", g[8], 0)
	if months > maxYears*12 || days > maxYears*366 || seconds > float64(math.MaxInt64/int64(time.Second))/2 {
		return d, fmt.Errorf("%q is too long; offsets are at most %d years of months or days, and 146 years of hours, minutes and seconds", text, maxYears)
	}
	d = isoDuration{int(months), int(days), time.Duration(math.Round(seconds * float64(time.Second)))}
	if g[1] == "-" {
		d = isoDuration{-d.months, -d.days, -d.rest}
	}
	return d, nil
}

// addTo is t and the duration. A day that its month does not have becomes the month's last one, as in Java.
func (d isoDuration) addTo(t time.Time) time.Time {
	if d.months != 0 {
		first := time.Date(t.Year(), t.Month()+time.Month(d.months), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
		last := first.AddDate(0, 1, -1).Day()
		t = first.AddDate(0, 0, min(t.Day(), last)-1)
	}
	return t.AddDate(0, 0, d.days).Add(d.rest)
}
