package consumer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// quartz is a cron expression in the syntax of Quartz: the seconds, minutes, hours, days, months and years at which something happens.
type quartz struct {
	seconds, minutes, hours, months set
	years                           map[int]bool
	// everyHour says that the hours are not chosen by name, so that an hour that the clocks repeat counts twice.
	everyHour bool
	days      monthDays
	weekdays  weekDays
}

// set holds small numbers.
type set uint64

func (s set) has(n int) bool { return s>>n&1 == 1 }

// monthDays are the days that the field for the day of the month chooses.
type monthDays struct {
	any  bool
	days set
	// fromLast counts back from the last day of the month, when last is set.
	last     bool
	fromLast int
	// weekday takes the weekday nearest to the day, within the month.
	weekday bool
}

// weekDays are the days that the field for the day of the week chooses; Sunday is 0.
type weekDays struct {
	any  bool
	days set
	// last is for the last such day of the month, nth, from 1, for the nth.
	last bool
	nth  int
}

// The last year that Quartz knows, and the first.
const (
	firstYear = 1970
	lastYear  = 2099
)

var (
	monthNames = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	dayNames   = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// cronField describes what one field may hold. Names stand for the numbers from low on.
type cronField struct {
	name      string
	low, high int
	names     []string
}

// parseQuartz reads six fields, or seven with the year.
func parseQuartz(expression string) (*quartz, error) {
	fields := strings.Fields(strings.ToUpper(expression))
	if len(fields) < 6 || len(fields) > 7 {
		return nil, fmt.Errorf("it has %d fields, and there are six, or seven with the year", len(fields))
	}
	if len(fields) == 6 {
		fields = append(fields, "*")
	}
	q := &quartz{everyHour: strings.HasPrefix(fields[2], "*") || strings.HasPrefix(fields[2], "0/")}
	var errs []error
	for i, f := range []struct {
		to *set
		cronField
	}{{&q.seconds, cronField{"second", 0, 59, nil}}, {&q.minutes, cronField{"minute", 0, 59, nil}}, {&q.hours, cronField{"hour", 0, 23, nil}}, {nil, cronField{}}, {&q.months, cronField{"month", 1, 12, monthNames}}} {
		if f.to == nil {
			continue
		}
		numbers, err := f.list(fields[i])
		for _, n := range numbers {
			*f.to |= 1 << n
		}
		errs = append(errs, err)
	}
	var err error
	q.days, err = parseMonthDays(fields[3])
	errs = append(errs, err)
	q.weekdays, err = parseWeekDays(fields[5])
	errs = append(errs, err)
	q.years = make(map[int]bool)
	years, err := cronField{"year", firstYear, lastYear, nil}.list(fields[6])
	for _, n := range years {
		q.years[n] = true
	}
	errs = append(errs, err)
	switch {
	case fields[3] == "?" && fields[5] == "?":
		errs = append(errs, errors.New("the day of the month and the day of the week are both ?, and one of them must say which days"))
	case !q.days.any && !q.weekdays.any:
		errs = append(errs, errors.New("the day of the month and the day of the week are both given, and one of them must be ?"))
	}
	return q, errors.Join(errs...)
}

// list reads a list of numbers, ranges and steps. A range may go over the end: FRI-MON.
func (f cronField) list(text string) ([]int, error) {
	var out []int
	for item := range strings.SplitSeq(text, ",") {
		numbers, err := f.item(item)
		if err != nil {
			return nil, err
		}
		out = append(out, numbers...)
	}
	return out, nil
}

func (f cronField) item(text string) ([]int, error) {
	base, stepText, stepped := strings.Cut(text, "/")
	step := 1
	if stepped {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 || n > f.high {
			return nil, fmt.Errorf("the step of %q, a %s, must be a number from 1 to %d", text, f.name, f.high)
		}
		step = n
	}
	from, to := f.low, f.high
	first, last, ranged := strings.Cut(base, "-")
	switch {
	case base == "*" || base == "" && stepped:
	case ranged:
		var err error
		if from, err = f.number(first); err != nil {
			return nil, err
		}
		if to, err = f.number(last); err != nil {
			return nil, err
		}
	default:
		n, err := f.number(base)
		if err != nil {
			return nil, err
		}
		if from = n; !stepped {
			to = n
		}
	}
	size := f.high - f.low + 1
	if to < from {
		if f.low == firstYear {
			return nil, fmt.Errorf("%q is no range of years", text)
		}
		to += size
	}
	var out []int
	for n := from; n <= to; n += step {
		out = append(out, f.low+(n-f.low)%size)
	}
	return out, nil
}

func (f cronField) number(text string) (int, error) {
	for i, name := range f.names {
		if text == name {
			return f.low + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high || text[0] == '+' {
		return 0, fmt.Errorf("%q is no %s; it goes from %d to %d", text, f.name, f.low, f.high)
	}
	return n, nil
}

func parseMonthDays(text string) (d monthDays, err error) {
	field := cronField{"day of the month", 1, 31, nil}
	if text == "?" || text == "*" {
		return monthDays{any: true}, nil
	}
	day, weekday := strings.CutSuffix(text, "W")
	if rest, last := strings.CutPrefix(day, "L"); last {
		d = monthDays{last: true, weekday: weekday}
		if rest == "" {
			return d, nil
		}
		back, ok := strings.CutPrefix(rest, "-")
		if d.fromLast, err = strconv.Atoi(back); !ok || err != nil || d.fromLast < 0 || d.fromLast > 30 {
			return d, fmt.Errorf("%q is no day of the month; write L for the last, L-3 for the third before it, LW for the last weekday, and nothing beside them", text)
		}
		return d, nil
	}
	if weekday {
		n, err := field.number(day)
		return monthDays{days: 1 << n, weekday: true}, err
	}
	numbers, err := field.list(text)
	for _, n := range numbers {
		d.days |= 1 << n
	}
	return d, err
}

func parseWeekDays(text string) (d weekDays, err error) {
	field := cronField{"day of the week", 1, 7, dayNames}
	if text == "?" || text == "*" {
		return weekDays{any: true}, nil
	}
	if day, nth, ok := strings.Cut(text, "#"); ok {
		n, err := field.number(day)
		if err != nil {
			return d, err
		}
		if d.nth, err = strconv.Atoi(nth); err != nil || d.nth < 1 || d.nth > 5 {
			return d, fmt.Errorf("%q is no day of the week; after # stands a number from 1 to 5, as in FRI#3, and nothing beside it", text)
		}
		d.days = 1 << (n - 1)
		return d, nil
	}
	if text == "L" { // Saturday
		return weekDays{days: 1 << 6}, nil
	}
	if day, ok := strings.CutSuffix(text, "L"); ok {
		n, err := field.number(day)
		if err != nil {
			return d, err
		}
		return weekDays{days: 1 << (n - 1), last: true}, nil
	}
	numbers, err := field.list(text)
	for _, n := range numbers {
		d.days |= 1 << (n - 1)
	}
	return d, err
}
