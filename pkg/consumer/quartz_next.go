package consumer

import "time"

// next is the first time after now, on now's clock; the zero time if there is none.
//
// When the clocks are put forward, a time that does not exist that day comes as much later as they were. When they are put back, times
// with a chosen hour come once, the first time, and others go on as ever.
func (q *quartz) next(now time.Time) time.Time {
	_, offset := now.Zone()
	start, end := now.ZoneBounds()
	from := now
	if !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		if again := start.Add(seconds(before - offset)); !q.everyHour && now.Before(again) {
			from = again.Add(-time.Second) // these hours were there already
		}
	}
	for {
		wall, ok := q.after(clock(from, offset))
		if !ok {
			return time.Time{}
		}
		at := wall.Add(seconds(-offset)).In(now.Location())
		if end.IsZero() || at.Before(end) {
			return at
		}
		_, following := end.Zone()
		changed := clock(end, following)
		if wall.Before(changed) { // the clocks skip this time
			if other, ok := q.after(changed.Add(-time.Second)); ok && other.Add(seconds(-following)).Before(at) {
				at = other.Add(seconds(-following)).In(now.Location())
			}
			return at
		}
		from = end.Add(-time.Second)
		if following < offset && !q.everyHour {
			from = from.Add(seconds(offset - following))
		}
		offset = following
		_, end = end.ZoneBounds()
	}
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// clock is what a clock shows at t when it is offset seconds ahead of UTC, as a time in UTC.
func clock(t time.Time, offset int) time.Time { return t.UTC().Add(seconds(offset)) }

// after is the first time after t that the fields allow, on a clock that nobody sets.
func (q *quartz) after(t time.Time) (time.Time, bool) {
	t = t.Truncate(time.Second).Add(time.Second)
	hour, minute, second := t.Clock()
	year, month, day := t.Date()
	for ; year <= lastYear; year, month, day = year+1, 1, 1 {
		if !q.years[year] {
			hour, minute, second = 0, 0, 0
			continue
		}
		for ; month <= 12; month, day = month+1, 1 {
			if !q.months.has(int(month)) {
				hour, minute, second = 0, 0, 0
				continue
			}
			last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
			for ; day <= last; day++ {
				if q.takes(year, month, day, last) {
					if h, m, s, ok := q.time(hour, minute, second); ok {
						return time.Date(year, month, day, h, m, s, 0, time.UTC), true
					}
				}
				hour, minute, second = 0, 0, 0
			}
		}
	}
	return time.Time{}, false
}

// time is the first time of a day that is not before the one given.
func (q *quartz) time(hour, minute, second int) (h, m, s int, ok bool) {
	for h = hour; h < 24; h, minute, second = h+1, 0, 0 {
		if !q.hours.has(h) {
			continue
		}
		for m = minute; m < 60; m, second = m+1, 0 {
			if !q.minutes.has(m) {
				continue
			}
			for s = second; s < 60; s++ {
				if q.seconds.has(s) {
					return h, m, s, true
				}
			}
		}
	}
	return 0, 0, 0, false
}

// takes says whether a day of a month with last days is chosen.
func (q *quartz) takes(year int, month time.Month, day, last int) bool {
	weekday := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()
	if q.days.any {
		return q.weekdays.takes(weekday, day, last)
	}
	return q.days.takes(weekday, day, last)
}

func (d weekDays) takes(weekday time.Weekday, day, last int) bool {
	switch {
	case d.any:
		return true
	case !d.days.has(int(weekday)):
		return false
	case d.last:
		return day+7 > last
	case d.nth > 0:
		return (day-1)/7+1 == d.nth
	}
	return true
}

func (d monthDays) takes(weekday time.Weekday, day, last int) bool {
	chosen := func(n int) bool {
		if d.last {
			return n == last-d.fromLast
		}
		return d.days.has(n)
	}
	if !d.weekday {
		return chosen(day)
	}
	switch weekday {
	case time.Saturday, time.Sunday:
		return false
	case time.Friday: // stands for the Saturday after it, and at the end of a month for the Sunday
		return chosen(day) || day < last && chosen(day+1) || day+2 == last && chosen(day+2)
	case time.Monday: // stands for the Sunday before it, and at the beginning of a month for the Saturday
		return chosen(day) || day > 1 && chosen(day-1) || day == 3 && chosen(1)
	}
	return chosen(day)
}
