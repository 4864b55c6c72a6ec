package service

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// stamp runs an add-timestamp-metadata-service at the beginning of 2000, which is when a bubble's clock starts.
func stamp(t *testing.T, inside string, pairs ...string) (value string, err error) {
	synctest.Test(t, func(t *testing.T) {
		m := newMessage("", pairs...)
		s := decode[component.Service](t, `<add-timestamp-metadata-service><metadata-key>t</metadata-key>`+inside+`</add-timestamp-metadata-service>`)
		err = s.Apply(t.Context(), m)
		value, _ = m.Metadata("t")
	})
	return value, err
}

func builder(format, zone string) string {
	return `<date-format-builder><format>` + format + `</format><timezone>` + zone + `</timezone></date-format-builder>`
}

func offset(text string) string {
	return `<timestamp-generator class="offset-timestamp-generator"><offset>` + text + `</offset></timestamp-generator>`
}

func TestAddTimestamp(t *testing.T) {
	utc := builder("yyyy-MM-dd'T'HH:mm:ss", "UTC")
	for _, c := range []struct {
		name, inside string
		pairs        []string
		want, fails  string
	}{
		{"default format", `<date-format-builder><timezone>GMT+5:30</timezone></date-format-builder>`, nil, "2000-01-01T05:30:00.000+0530", ""},
		{"present is kept", utc, []string{"t", "old"}, "old", ""},
		{"present is replaced when asked", utc + `<always-replace>true</always-replace>`, []string{"t", "old"}, "2000-01-01T00:00:00", ""},
		{"zone with a name", builder("HH:mm z", "America/New_York"), nil, "19:00 EST", ""},
		{"zone that only Java knows", builder("HH:mm", "JST"), nil, "09:00", ""},
		{"seconds", builder("SECONDS_SINCE_EPOCH", ""), nil, "946684800", ""},
		{"milliseconds", builder("MILLISECONDS_SINCE_EPOCH", ""), nil, "946684800000", ""},
		{"format and zone from the message", builder("%message{f}", "%message{z}"), []string{"f", "HH:mm", "z", "GMT-01:00"}, "23:00", ""},
		{"bad format from the message", builder("%message{f}", "UTC"), []string{"f", "bb"}, "", "has the letter b"},
		{"bad zone from the message", builder("HH", "%message{z}"), []string{"z", "Mars"}, "", `"Mars" is not known`},
		{"missing format", builder("%message{f}", "UTC"), nil, "", "Could not resolve [f]"},
		{"offset", utc + offset("P1Y2M3DT4H5M6.5S"), nil, "2001-03-04T04:05:06", ""},
		{"offset back", utc + offset("-PT1S"), nil, "1999-12-31T23:59:59", ""},
		{"no offset", utc + offset(""), nil, "2000-01-01T00:00:00", ""},
		{"offset from the message", utc + offset("%message{o}"), []string{"o", "P1D"}, "2000-01-02T00:00:00", ""},
		{"bad offset from the message", utc + offset("%message{o}"), []string{"o", "1d"}, "", `"1d" is no ISO 8601 duration`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := stamp(t, c.inside, c.pairs...)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error is %v; want %q", err, c.fails)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("got %q, error %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestAddTimestampDefaultKey(t *testing.T) {
	m := newMessage("")
	if err := decode[component.Service](t, `<add-timestamp-metadata-service/>`).Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	value, _ := m.Metadata("timestamp")
	if _, err := time.Parse("2006-01-02T15:04:05.000-0700", value); err != nil {
		t.Error(err)
	}
}

func TestLastMessageTimestamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := decode[*AddTimestamp](t, `<add-timestamp-metadata-service>`+builder("MILLISECONDS_SINCE_EPOCH", "")+
			`<timestamp-generator class="last-message-timestamp-generator"/></add-timestamp-metadata-service>`)
		for _, want := range []string{"1", "946684800000", "946684807000"} {
			m := newMessage("")
			if err := s.Apply(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if got, _ := m.Metadata("timestamp"); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			time.Sleep(7 * time.Second)
		}
	})
}

// TestDatePatterns compares with what Java's SimpleDateFormat writes.
func TestDatePatterns(t *testing.T) {
	berlin, err := javaZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	morning := time.Date(2024, 2, 29, 0, 4, 56, 789_999_999, berlin) // a Thursday
	evening := time.Date(987, 11, 5, 23, 34, 6, 7_000_000, time.UTC)
	for _, c := range []struct{ pattern, morning, evening string }{
		{"yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2024-02-29T00:04:56.789+0100", "0987-11-05T23:34:06.007+0000"},
		{"yyyyMMddHHmmssSSS", "20240229000456789", "09871105233406007"},
		{"y yy yyy yyyyy", "2024 24 2024 02024", "987 87 987 00987"},
		{"M MM MMM MMMM LLL L", "2 02 Feb February Feb 2", "11 11 Nov November Nov 11"},
		{"d dd D DDD F", "29 29 60 060 5", "5 05 309 309 1"},
		{"E EEE EEEE u", "Thu Thu Thursday 4", "Mon Mon Monday 1"},
		{"H k K h a", "0 24 0 12 AM", "23 23 11 11 PM"},
		{"HH kk KK hh", "00 24 00 12", "23 23 11 11"},
		{"m mm s ss S SS SSSSS", "4 04 56 56 789 789 00789", "34 34 6 06 7 07 00007"},
		{"X XX XXX Z z", "+01 +0100 +01:00 +0100 CET", "Z Z Z +0000 UTC"},
		{"G", "AD", "AD"},
		{"'o''clock' '' ''''", "o'clock ' ''", "o'clock ' ''"},
		{"dd/MM/yyyy, é", "29/02/2024, é", "05/11/0987, é"},
	} {
		p, err := parseDatePattern(c.pattern, "")
		if err != nil {
			t.Error(err)
			continue
		}
		if got := p.format(morning); got != c.morning {
			t.Errorf("%s: got %q, want %q", c.pattern, got, c.morning)
		}
		if got := p.format(evening); !strings.Contains(c.pattern, "E") && got != c.evening {
			t.Errorf("%s: got %q, want %q", c.pattern, got, c.evening)
		}
	}
}

func TestDatePatternFaults(t *testing.T) {
	for _, c := range []struct{ pattern, language, want string }{
		{"", "", "is blank"},
		{"yyyy-MM-ddT", "", "has the letter T"},
		{"YYYY", "", "counts weeks by the rules of the host's country"},
		{"XXXX", "", "use X, XX or XXX"},
		{"zzzz", "", "long name of the time zone"},
		{"yyyy 'x", "", "has an open quote at character 6"},
		{"EEE", "de-DE", `names in the language "de-DE"`},
		{"MMM", "fr", "names in the language"},
		{strings.Repeat("y", 300), "", "300 bytes long"},
	} {
		if _, err := parseDatePattern(c.pattern, c.language); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error is %v; want %q", c.pattern, err, c.want)
		}
	}
	for _, language := range []string{"en-GB", "EN", ""} {
		if _, err := parseDatePattern("EEE, MMM", language); err != nil {
			t.Error(err)
		}
	}
	if _, err := parseDatePattern("dd.MM.yyyy", "de-DE"); err != nil {
		t.Error(err)
	}
}

func TestJavaZones(t *testing.T) {
	at := time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC)
	for id, want := range map[string]string{
		"UTC": "+0000", "GMT": "+0000", "GMT+2": "+0200", "GMT-02:30": "-0230", "GMT+0130": "+0130", "GMT-930": "-0930", "Europe/Berlin": "+0200", "PST": "-0700", "EST": "-0500",
	} {
		l, err := javaZone(id)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := at.In(l).Format("-0700"); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
	for _, id := range []string{"Mars", "GMT+", "GMT+25", "GMT+1:5", "GMT+1:60", "GMT 2", "GMT+1x", "Local", "../etc/passwd", "GMT+:30", "GMT++1"} {
		if l, err := javaZone(id); err == nil {
			t.Errorf("%s passes as %v", id, l)
		}
	}
}

func TestOffsets(t *testing.T) {
	for _, c := range []struct{ from, offset, want string }{
		{"2024-01-31", "P1M", "2024-02-29"},
		{"2023-01-31", "P1M", "2023-02-28"},
		{"2024-03-31", "-P1M", "2024-02-29"},
		{"2024-02-29", "P1Y", "2025-02-28"},
		{"2024-02-29", "P1M1D", "2024-03-30"},
		{"2024-12-31", "P1D", "2025-01-01"},
		{"2024-01-01", "-P13M", "2022-12-01"},
		{"2024-01-01", "PT36H", "2024-01-02"},
		{"2024-01-01", "-PT1M", "2023-12-31"},
	} {
		from, _ := time.Parse(time.DateOnly, c.from)
		d, err := parseOffset(c.offset)
		if got := d.addTo(from).Format(time.DateOnly); err != nil || got != c.want {
			t.Errorf("%s %s: got %s, error %v; want %s", c.from, c.offset, got, err, c.want)
		}
	}
	for _, bad := range []string{"P", "PT", "P1DT", "P1", "1D", "P1H", "P-1D", "P1Y2Y", "P99999999999999999999Y", "PT9999999999999S", "P1.5D"} {
		if d, err := parseOffset(bad); err == nil {
			t.Errorf("%s passes as %v", bad, d)
		}
	}
}

func FuzzDatePattern(f *testing.F) {
	f.Add("yyyy-MM-dd'T'HH:mm:ss.SSSZ", "en", "P1DT2H", "GMT+5:30")
	f.Add("''E' X", "de", "-P1Y2M", "PST")
	at := time.Date(2024, 2, 29, 12, 34, 56, 789, time.UTC)
	f.Fuzz(func(t *testing.T, pattern, language, offset, zone string) {
		if d, err := parseOffset(offset); err == nil && d.months == 0 {
			if back := (isoDuration{0, -d.days, -d.rest}).addTo(d.addTo(at)); !back.Equal(at) {
				t.Errorf("%s there and back gives %v", offset, back)
			}
		}
		l, err := javaZone(zone)
		if err != nil {
			l = time.UTC
		}
		p, err := parseDatePattern(pattern, language)
		if err != nil {
			return
		}
		if !strings.ContainsAny(pattern, "'") && p.format(at.In(l)) == "" {
			t.Errorf("%q writes nothing", pattern)
		}
	})
}
