package service

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// summerZones are names of daylight saving time, which the time zone database lists under other names; in seconds east of UTC.
var summerZones = map[string]int{"EDT": -4 * 3600, "CDT": -5 * 3600, "MDT": -6 * 3600, "PDT": -7 * 3600, "WEST": 3600, "CEST": 2 * 3600, "EEST": 3 * 3600}

// dateReading is a date as far as a pattern has read it. Fields that a pattern does not have stay those of 1970-01-01T00:00:00.
type dateReading struct {
	text string
	at   int
	zone *time.Location

	year, month, day, dayOfYear  int
	hour, minute, second, millis int
	afternoon, half              bool // half: hour is one of twelve
	weekday                      int  // 1 is Monday; 0 when the pattern has none
}

// parse reads a time as Java's SimpleDateFormat does when it is not lenient: every field is in its range, and what stands behind the
// pattern's end does not matter. Other than there, an offset may have any of its forms whichever the pattern asks for. zone counts unless
// the text has one.
func (p *datePattern) parse(text string, zone *time.Location) (time.Time, error) {
	r := &dateReading{text: text, zone: zone, year: 1970, month: 1, day: 1}
	for i, f := range p.fields {
		switch f.letter {
		case epochSeconds, epochMilliseconds:
			return readEpoch(text, f.letter)
		case 0:
			if !strings.HasPrefix(text[r.at:], f.text) {
				return time.Time{}, r.unlike(fmt.Sprintf("%q", f.text))
			}
			r.at += len(f.text)
			continue
		}
		r.at += len(text[r.at:]) - len(strings.TrimLeft(text[r.at:], " \t"))
		digits := 0 // so many and no more, when the next field begins where this one ends
		if i+1 < len(p.fields) && p.fields[i+1].letter != 0 && !p.fields[i+1].inWords() {
			digits = f.width
		}
		if err := r.read(f, digits); err != nil {
			return time.Time{}, err
		}
	}
	return r.time()
}

// inWords says that the field's text begins with something else than a digit.
func (f dateField) inWords() bool {
	return f.named() || strings.IndexByte("zZX", f.letter) >= 0
}

func (r *dateReading) unlike(wanted string) error {
	return fmt.Errorf("%q is no date of the pattern: %s is missing at character %d; change the pattern or the value", r.text, wanted, r.at+1)
}

func (r *dateReading) read(f dateField, digits int) error {
	switch f.letter {
	case 'G':
		if _, ok := r.word("AD"); !ok {
			return r.unlike("AD")
		}
		return nil
	case 'a':
		word, ok := r.word("AM", "PM")
		r.afternoon = word == 1
		if !ok {
			return r.unlike("AM or PM")
		}
		return nil
	case 'E':
		day, ok := r.name(7, func(i int) string { return time.Weekday((i + 1) % 7).String() })
		if r.weekday = day + 1; !ok {
			return r.unlike("the name of a day")
		}
		return nil
	case 'z', 'Z', 'X':
		return r.readZone()
	case 'M', 'L':
		if f.width > 2 {
			month, ok := r.name(12, func(i int) string { return time.Month(i + 1).String() })
			if r.month = month + 1; !ok {
				return r.unlike("the name of a month")
			}
			return nil
		}
	}
	return r.readNumber(f, digits)
}

func (r *dateReading) readNumber(f dateField, digits int) error {
	end := r.at
	for end < len(r.text) && r.text[end] >= '0' && r.text[end] <= '9' && (digits == 0 || end-r.at < digits) {
		end++
	}
	n, err := strconv.Atoi(r.text[r.at:end])
	if err != nil {
		return r.unlike(fmt.Sprintf("a number for %s", strings.Repeat(string(f.letter), f.width)))
	}
	for _, field := range []struct {
		letters    string
		low, upper int
		to         *int
	}{
		{"y", 1, 292278993, &r.year}, {"ML", 1, 12, &r.month}, {"d", 1, 31, &r.day}, {"D", 1, 366, &r.dayOfYear}, {"u", 1, 7, &r.weekday},
		{"H", 0, 23, &r.hour}, {"k", 1, 24, &r.hour}, {"K", 0, 11, &r.hour}, {"h", 1, 12, &r.hour},
		{"m", 0, 59, &r.minute}, {"s", 0, 59, &r.second}, {"S", 0, 999, &r.millis},
	} {
		if strings.IndexByte(field.letters, f.letter) < 0 {
			continue
		}
		if f.letter == 'y' && f.width <= 2 && end-r.at == 2 {
			n = century(n, time.Now())
		}
		if n < field.low || n > field.upper {
			return fmt.Errorf("%q is no date: %d at character %d is not from %d to %d", r.text, n, r.at+1, field.low, field.upper)
		}
		*field.to = n
		switch f.letter {
		case 'k':
			r.hour %= 24
		case 'h':
			r.hour %= 12
			r.half = true
		case 'K':
			r.half = true
		}
		r.at = end
		return nil
	}
	return fmt.Errorf("the date pattern has %c, which can be written but not read", f.letter)
}

// century is the year that two digits stand for: from 80 years before now to 20 after.
func century(n int, now time.Time) int {
	first := now.Year() - 80
	year := first - first%100 + n
	if year < first {
		year += 100
	}
	return year
}

// word reads one of some words, in any case.
func (r *dateReading) word(words ...string) (int, bool) {
	for i, w := range words {
		if rest := r.text[r.at:]; len(rest) >= len(w) && strings.EqualFold(rest[:len(w)], w) {
			r.at += len(w)
			return i, true
		}
	}
	return 0, false
}

// name reads one of n names, whole or its first three letters, in any case.
func (r *dateReading) name(n int, of func(int) string) (int, bool) {
	for i := range n {
		if _, ok := r.word(of(i), of(i)[:3]); ok {
			return i, true
		}
	}
	return 0, false
}

// readZone reads Z, an offset such as +0100, +01:00, +01 or GMT+1:00, or a name.
func (r *dateReading) readZone() error {
	rest := r.text[r.at:]
	end := strings.IndexFunc(rest, func(c rune) bool {
		return !(c == '+' || c == '-' || c == ':' || c == '/' || c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z')
	})
	if end < 0 {
		end = len(rest)
	}
	name := rest[:end]
	if name == "" {
		return r.unlike("a time zone")
	}
	var zone *time.Location
	if summer, ok := summerZones[strings.ToUpper(name)]; ok {
		zone = time.FixedZone(name, summer)
	} else if name == "Z" {
		zone = time.UTC
	} else if offset := strings.TrimPrefix(name, "GMT"); offset != "" && (offset[0] == '+' || offset[0] == '-') {
		seconds, ok := zoneOffset(offset)
		if !ok {
			return r.unlike("a time zone")
		}
		zone = time.FixedZone(name, seconds)
	} else {
		var err error
		if zone, err = javaZone(name); err != nil {
			return fmt.Errorf("%q is no date of the pattern: %w", r.text, err)
		}
	}
	r.zone = zone
	r.at += end
	return nil
}

// time is the moment of what was read; a date that no calendar has, such as the 30th of February, is an error.
func (r *dateReading) time() (time.Time, error) {
	hour := r.hour
	if r.afternoon && r.half {
		hour += 12
	}
	month, day := r.month, r.day
	if r.dayOfYear > 0 {
		month, day = 1, r.dayOfYear
	}
	t := time.Date(r.year, time.Month(month), day, hour, r.minute, r.second, r.millis*int(time.Millisecond), r.zone)
	switch {
	case r.dayOfYear == 0 && (t.Day() != day || int(t.Month()) != month), r.dayOfYear > 0 && t.Year() != r.year:
		return t, fmt.Errorf("%q is no date: that day is not in the calendar", r.text)
	case t.Hour() != hour || t.Minute() != r.minute:
		return t, fmt.Errorf("%q is no time in the time zone %s, whose clocks are put forward then", r.text, r.zone)
	case r.weekday > 0 && (int(t.Weekday())+6)%7+1 != r.weekday:
		return t, fmt.Errorf("%q is no date: that day is a %s", r.text, t.Weekday())
	}
	return t, nil
}

// readEpoch reads a number of seconds or milliseconds since 1970; what stands behind the point does not count, as in Interlok.
func readEpoch(text string, letter byte) (time.Time, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, fmt.Errorf("%q is no number of seconds or milliseconds since 1970", text)
	}
	if letter == epochSeconds {
		return time.Unix(n, 0), nil
	}
	return time.UnixMilli(n), nil
}
