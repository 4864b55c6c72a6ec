package consumer

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // Windows has none

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// naive says whether an expression names a second, in the simplest way that there is.
func naive(expression string, at time.Time) bool {
	f := strings.Fields(expression)
	year, err := strconv.Atoi(f[6])
	return err == nil && at.Year() >= year && // the year is the first of many, in this test
		among(f[0], at.Second()) && among(f[1], at.Minute()) && among(f[2], at.Hour()) && among(f[4], int(at.Month())) && naiveDay(f[3], f[5], at)
}

func among(field string, n int) bool {
	var a, b int
	switch {
	case field == "*":
		return true
	case strings.Contains(field, ","):
		_, _ = fmt.Sscanf(field, "%d,%d", &a, &b)
		return n == a || n == b
	case strings.Contains(field, "-"):
		_, _ = fmt.Sscanf(field, "%d-%d", &a, &b)
		if a > b {
			return n >= a || n <= b
		}
		return n >= a && n <= b
	case strings.Contains(field, "/"):
		_, _ = fmt.Sscanf(field, "%d/%d", &a, &b)
		return n >= a && (n-a)%b == 0
	}
	_, _ = fmt.Sscanf(field, "%d", &a)
	return n == a
}

func naiveDay(day, weekday string, at time.Time) bool {
	date := func(day int) time.Time { return time.Date(at.Year(), at.Month(), day, 0, 0, 0, 0, time.UTC) }
	last := 31
	for date(last).Month() != at.Month() {
		last--
	}
	nearest := func(n int) int { // weekday
		if n < 1 || n > last {
			return 0
		}
		switch date(n).Weekday() {
		case time.Saturday:
			if n == 1 {
				return 3
			}
			return n - 1
		case time.Sunday:
			if n == last {
				return n - 2
			}
			return n + 1
		}
		return n
	}
	var n, k int
	number := int(at.Weekday()) + 1
	switch {
	case day == "L":
		return at.Day() == last
	case day == "LW":
		return at.Day() == nearest(last)
	case strings.HasPrefix(day, "L-"):
		_, _ = fmt.Sscanf(day, "L-%d", &n)
		return at.Day() == last-n
	case strings.HasSuffix(day, "W"):
		_, _ = fmt.Sscanf(day, "%dW", &n)
		return at.Day() == nearest(n)
	case day != "?":
		return among(day, at.Day())
	case strings.Contains(weekday, "#"):
		_, _ = fmt.Sscanf(weekday, "%d#%d", &n, &k)
		for d := 1; d <= at.Day(); d++ {
			if int(date(d).Weekday())+1 == n {
				k--
			}
		}
		return number == n && k == 0
	case strings.HasSuffix(weekday, "L"):
		_, _ = fmt.Sscanf(weekday, "%dL", &n)
		return number == n && date(at.Day()+7).Month() != at.Month()
	}
	return among(weekday, number)
}

// The next time is one that the expression names, and there is none before it.
func TestQuartzFindsTheNextTime(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		number := func(label string, low, high int) string {
			one := func() int { return rapid.IntRange(low, high).Draw(t, label) }
			switch rapid.IntRange(0, 4).Draw(t, label+" form") {
			case 0:
				return "*"
			case 1:
				return fmt.Sprintf("%d,%d", one(), one())
			case 2:
				return fmt.Sprintf("%d-%d", one(), one())
			case 3:
				return fmt.Sprintf("%d/%d", one(), rapid.IntRange(1, high).Draw(t, label+" step"))
			}
			return fmt.Sprint(one())
		}
		day, weekday := number("day", 1, 31), "?"
		switch rapid.IntRange(0, 3).Draw(t, "days") {
		case 0:
			day = rapid.SampledFrom([]string{"L", "LW", "L-3", "L-29", "1W", "15W", "28W", "30W", "31W"}).Draw(t, "special day")
		case 1:
			day, weekday = "?", number("weekday", 1, 7)
		case 2:
			day, weekday = "?", fmt.Sprintf("%d%s", rapid.IntRange(1, 7).Draw(t, "weekday"), rapid.SampledFrom([]string{"L", "#1", "#2", "#4", "#5"}).Draw(t, "which"))
		}
		expression := strings.Join([]string{number("second", 0, 59), number("minute", 0, 59), number("hour", 0, 23), day, number("month", 1, 12), weekday, "2031"}, " ")
		q, err := parseQuartz(expression + "/1")
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		at := time.Date(2030, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, int64(3*365*24*time.Hour)).Draw(t, "from"))).Truncate(time.Second)
		next := q.next(at)
		if next.IsZero() {
			next = time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC)
		} else if !next.After(at) || !naive(expression, next) {
			t.Fatalf("%s: after %v comes %v", expression, at, next)
		}
		allowed := func(field, size int) (out []int) {
			for n := range size {
				if among(strings.Fields(expression)[field], n) {
					out = append(out, n)
				}
			}
			return out
		}
		seconds, minutes, hours := allowed(0, 60), allowed(1, 60), allowed(2, 24)
		day0, day1 := at.Truncate(24*time.Hour), next.Truncate(24*time.Hour)
		for d := day0; !d.After(day1); d = d.AddDate(0, 0, 1) {
			if d.After(day0) && d.Before(day1) { // a whole day: if it is chosen, it has a time
				if d.Year() >= 2031 && among(strings.Fields(expression)[4], int(d.Month())) && naiveDay(day, weekday, d) {
					t.Fatalf("%s: after %v comes %v, and not %v", expression, at, next, d)
				}
				continue
			}
			if d.Year() < 2031 || !among(strings.Fields(expression)[4], int(d.Month())) || !naiveDay(day, weekday, d) {
				continue
			}
			for _, hour := range hours {
				for _, minute := range minutes {
					for _, second := range seconds {
						if s := d.Add(time.Duration(hour*3600+minute*60+second) * time.Second); s.After(at) && s.Before(next) {
							t.Fatalf("%s: after %v comes %v, and not %v", expression, at, next, s)
						}
					}
				}
			}
		}
	})
}

func TestQuartzDaysThatMonthsDoNotHave(t *testing.T) {
	for expression, want := range map[string][]string{
		"0 0 0 31 * ?":        {"01-31", "03-31", "05-31", "07-31", "08-31", "10-31", "12-31"},
		"0 0 0 29,31 2,4 ?":   {"04-29"},
		"0 0 0 L-30 * ?":      {"01-01", "03-01", "05-01", "07-01", "08-01", "10-01", "12-01"},
		"0 0 0 30/1 2,4,6 ?":  {"04-30", "06-30"},
		"0 0 0 ? 2 1#5":       nil,
		"0 0 0 31W 1-5 ?":     {"01-31", "03-29", "05-31"}, // 31 March is a Sunday
		"0 0 0 LW 2,6,8,11 ?": {"02-28", "06-28", "08-30", "11-29"},
		"0 0 0 1W 6,9,12 ?":   {"06-03", "09-02", "12-02"}, // a Saturday, a Sunday, a Sunday
		"0 0 0 ? 6 L":         {"06-01", "06-08", "06-15", "06-22", "06-29"},
	} {
		q, err := parseQuartz(expression + " 2030")
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		var got []string
		for at := q.next(time.Date(2029, 12, 31, 0, 0, 0, 0, time.UTC)); !at.IsZero(); at = q.next(at) {
			got = append(got, at.Format("01-02"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
}

func TestQuartzWhenTheClocksAreSet(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const spring, autumn = "2030-03-31 01:29 CET", "2030-10-27 01:29 CEST"
	for _, c := range []struct {
		expression, from string
		want             []string
	}{
		{"0 30 2 * * ?", spring, []string{"03-31 03:30 CEST", "04-01 02:30 CEST"}}, // there is no half past two
		{"0 15 2,3 * * ?", spring, []string{"03-31 03:15 CEST", "04-01 02:15 CEST"}},
		{"0 45 2 31 3 ?", spring, []string{"03-31 03:45 CEST", "2031-03-31 02:45 CEST"}},
		{"0 0,50 2,3 * * ?", spring, []string{"03-31 03:00 CEST", "03-31 03:50 CEST", "04-01 02:00 CEST"}},
		{"0 30 * * * ?", spring, []string{"03-31 01:30 CET", "03-31 03:30 CEST", "03-31 04:30 CEST"}},
		{"0 */20 * * * ?", spring, []string{"03-31 01:40 CET", "03-31 03:00 CEST", "03-31 03:20 CEST"}},
		{"0 30 2 * * ?", autumn, []string{"10-27 02:30 CEST", "10-28 02:30 CET"}}, // comes once
		{"0 30 2-3 * * ?", autumn, []string{"10-27 02:30 CEST", "10-27 03:30 CET"}},
		{"0 30 2 * * ?", "2030-10-27 02:10 CET", []string{"10-28 02:30 CET"}},
		{"0 30 * * * ?", autumn, []string{"10-27 01:30 CEST", "10-27 02:30 CEST", "10-27 02:30 CET", "10-27 03:30 CET"}},
		{"0 */30 0/1 * * ?", autumn, []string{"10-27 01:30 CEST", "10-27 02:00 CEST", "10-27 02:30 CEST", "10-27 02:00 CET", "10-27 02:30 CET", "10-27 03:00 CET"}},
		{"0 0 12 * * ?", autumn, []string{"10-27 12:00 CET"}},
		{"0 0 12 1 5 ?", autumn, []string{"2031-05-01 12:00 CEST", "2032-05-01 12:00 CEST"}},
	} {
		t.Run(c.expression+" "+c.from, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-02 15:04 MST", c.from, berlin)
			if err != nil {
				t.Fatal(err)
			}
			q, err := parseQuartz(c.expression)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for range c.want {
				at = q.next(at)
				layout := "01-02 15:04 MST"
				if at.Year() != 2030 {
					layout = "2006-" + layout
				}
				got = append(got, at.Format(layout))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQuartzRefuses(t *testing.T) {
	for expression, want := range map[string]string{
		"0 0 0 1 * 2":            "one of them must be ?",
		"0 0 0 ? * ?":            "both ?",
		"0 0 0 1,L * ?":          "no day of the month",
		"0 0 0 L,1 * ?":          "no day of the month; write L",
		"0 0 0 L-31 * ?":         "no day of the month; write L",
		"0 0 0 1,2W * ?":         "no day of the month",
		"0 0 0 32 * ?":           `"32" is no day of the month; it goes from 1 to 31`,
		"0 0 0 ? * FRI#6":        "a number from 1 to 5",
		"0 0 0 ? * 2#1,3#1":      "a number from 1 to 5",
		"0 0 0 ? * MONDAY":       `"MONDAY" is no day of the week`,
		"0 0 0 ? 13 2":           `"13" is no month`,
		"0 0 0 ? * 2 2040-2030":  "no range of years",
		"0 0 0 ? * 2 1969":       "no year",
		"0/0 0 0 ? * 2":          "the step of",
		"0/60 0 0 ? * 2":         "the step of",
		"1- 0 0 ? * 2":           "no second",
		"+1 0 0 ? * 2":           "no second",
		"1,,2 0 0 ? * 2":         "no second",
		"99 99 99 ? * 2":         "no minute",
		"? 0 0 ? * 2":            "no second",
		"@daily":                 "it has 1 fields",
		"0 0 0 ? * 2 2030 extra": "it has 8 fields",
	} {
		if _, err := parseQuartz(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", expression, err, want)
		}
	}
}
