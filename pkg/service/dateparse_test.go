package service

import (
	"strings"
	"testing"
	"time"
)

// TestDatesAreReadAsJavaReadsThem has what SimpleDateFormat makes of the same texts: not lenient, in English and Europe/Berlin.
func TestDatesAreReadAsJavaReadsThem(t *testing.T) {
	berlin, err := javaZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		pattern, text string
		want          int64 // milliseconds since 1970
		fails         string
	}{
		{"yyyy-MM-dd'T'HH:mm:ssZ", "2024-02-29T12:00:00+0100", 1709204400000, ""},
		{"yy-MM-dd", "24-1-2", 1704150000000, ""},
		{"yyyyMMdd", "20240229", 1709161200000, ""},
		{"yyyy-MM-dd HH:mm:ss.SSS", "2024-02-29 12:00:00.5", 1709204400005, ""},
		{"EEE, dd MMM yyyy HH:mm:ss z", "Mon, 26 Feb 2024 01:02:03 GMT", 1708909323000, ""},
		{"EEE, dd MMM yyyy", "Tue, 26 Feb 2024", 0, "that day is a Monday"},
		{"yyyy-MM-dd HH:mm", "2024-03-31 02:30", 0, "whose clocks are put forward then"},
		{"hh:mm a", "12:30 am", -1800000, ""},
		{"hh:mm a", "12:30 PM", 41400000, ""},
		{"KK:mm a", "00:30 PM", 41400000, ""},
		{"yyyy-DDD", "2024-060", 1709161200000, ""},
		{"yyyy-DDD", "2023-366", 0, "that day is not in the calendar"},
		{"yyyy", "  2024", 1704063600000, ""},
		{"yyyy-MM-dd", "2024-02-29xyz", 1709161200000, ""},
		{"yyyy-MM-dd'T'HH:mm:ssXXX", "2024-02-29T10:00:00Z", 1709200800000, ""},
		{"yyyy-MM-dd'T'HH:mm:ssZ", "2024-02-29T10:00:00GMT+1:00", 1709197200000, ""},
		{"kk:mm", "24:00", -3600000, ""},
		{"yyyy-MM-dd", "2024-2-3", 1706914800000, ""},
		{"MMM yyyy", "february 2024", 1706742000000, ""},
		{"SECONDS_SINCE_EPOCH", "1709204400.9", 1709204400000, ""},
		{"MILLISECONDS_SINCE_EPOCH", "-5", -5, ""},
		{"MILLISECONDS_SINCE_EPOCH", "1e9", 0, "is no number of seconds or milliseconds"},
		{"yyyy-MM-dd", "2024-13-01", 0, "13 at character 6 is not from 1 to 12"},
		{"yyyy-MM-dd", "2024/01/01", 0, `"-" is missing at character 5`},
		{"yyyy-MM-dd", "", 0, "a number for yyyy is missing at character 1"},
		{"MMM", "Foo", 0, "the name of a month is missing"},
		{"Z", "Mars", 0, `the time zone "Mars" is not known`},
		{"Z", "", 0, "a time zone is missing"},
		{"G yyyy", "AD 2024", 1704063600000, ""},
		{"F", "1", 0, "can be written but not read"},
	} {
		t.Run(c.pattern+" "+c.text, func(t *testing.T) {
			p, err := parseDatePattern(c.pattern, "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.parse(c.text, berlin)
			switch {
			case c.fails != "":
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("%v, %v; want an error with %q", got, err, c.fails)
				}
			case err != nil:
				t.Error(err)
			case got.UnixMilli() != c.want:
				t.Errorf("%d, want %d", got.UnixMilli(), c.want)
			}
		})
	}
}

func TestSummerTimeNamesAreRead(t *testing.T) {
	p, _ := parseDatePattern("yyyy-MM-dd HH:mm z", "")
	got, err := p.parse("2024-07-01 12:00 EDT", time.UTC)
	if err != nil || !got.Equal(time.Date(2024, 7, 1, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTwoDigitsOfAYear(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for n, want := range map[int]int{0: 2000, 45: 2045, 46: 1946, 99: 1999} {
		if got := century(n, now); got != want {
			t.Errorf("%02d is %d, want %d", n, got, want)
		}
	}
}

func FuzzDatesComeBack(f *testing.F) {
	f.Add("yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2024-02-29T12:00:00.000+0100")
	f.Add("EEE, dd MMM yyyy HH:mm:ss z", "Mon, 26 Feb 2024 01:02:03 GMT")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := parseDatePattern(pattern, "")
		if err != nil {
			return
		}
		at, err := p.parse(text, time.UTC)
		if err != nil || strings.ContainsAny(pattern, "SECONDyM'zZXGaFkKhuE") {
			return
		}
		// Patterns of whole days and times of a day alone: what was read is written in a form that reads the same.
		again, err := p.parse(p.format(at), time.UTC)
		if err != nil || !again.Equal(at) {
			t.Errorf("%q is %v by %q, and %v, %v from %q", text, at, pattern, again, err, p.format(at))
		}
	})
}
