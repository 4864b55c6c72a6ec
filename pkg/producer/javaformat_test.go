package producer

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// formatted formats like the creator does, or returns why the format is refused.
func formatted(format string, m *message.Message, now time.Time) (name string, fault error) {
	c := &FormattedFilename{Format: format}
	c.compile(expr.Sources{Env: func(n string) (string, bool) { return testEnvironment.Lookup("env", n) }}, func(err error) { fault = err })
	if fault != nil {
		return "", fault
	}
	c.now = func() time.Time { return now }
	return c.filename(m)
}

// The wanted values are what java.util.Formatter documents for an English locale.
func TestFilenameFormatIsJavas(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	now := time.Date(2024, time.March, 5, 9, 7, 3, 42_987_654, zone)
	evening := time.Date(1999, time.December, 31, 21, 0, 0, 0, zone)
	for _, c := range []struct {
		format string
		now    time.Time
		want   string
	}{
		{"%1$s", now, "id-1"},
		{"%s", now, "id-1"},
		{"%S.TXT", now, "ID-1.TXT"},
		{"%1$10s|", now, "      id-1|"},
		{"%1$-10s|", now, "id-1      |"},
		{"%1$.2s", now, "id"},
		{"%1$-4.2s|", now, "id  |"},
		{"%b", now, "true"},
		{"100%%", now, "100%"},
		{"%3%|", now, "  %|"},
		{"%s %tF", now, "id-1 2024-03-05"},
		{"%2$tF-%1$s.json", now, "2024-03-05-id-1.json"},
		{"%2$tY%<tm%<td", now, "20240305"},
		{"%2$tH%2$tM%2$tS%2$tL", now, "090703042"},
		{"%2$tN", now, "042000000"},
		{"%2$tk %2$tl %2$tI %2$tp %2$Tp", now, "9 9 09 am AM"},
		{"%2$tk %2$tl %2$tI %2$tp", evening, "21 9 09 pm"},
		{"%2$tB %2$tb %2$th %2$tA %2$ta", now, "March Mar Mar Tuesday Tue"},
		{"%2$TB", now, "MARCH"},
		{"%2$tC %2$ty %2$tj %2$te", now, "20 24 065 5"},
		{"%2$tz %2$tZ", now, "+0100 CET"},
		{"%2$ts %2$tQ", now, "1709626023 1709626023042"},
		{"%2$tR %2$tT %2$tr", now, "09:07 09:07:03 09:07:03 AM"},
		{"%2$tD", now, "03/05/24"},
		{"%2$tc", now, "Tue Mar 05 09:07:03 CET 2024"},
		{"%2$s", now, "Tue Mar 05 09:07:03 CET 2024"},
		{"%2$12tF|", now, "  2024-03-05|"},
		{"%message{name}-%1$s", now, "a%sb-id-1"},
		{"%payload{jsonpath:$['x}']}", now, "brace"},
		{"%env{STREAM}_%1$s", now, "orders_id-1"},
	} {
		t.Run(c.format, func(t *testing.T) {
			m := message.New([]byte(`{"x}":"brace"}`))
			m.SetID("id-1")
			m.SetMetadata("name", "a%sb")
			got, err := formatted(c.format, m, c.now)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestFilenameFormatRefusesWhatJavaWould(t *testing.T) {
	for format, want := range map[string]string{
		"":                          "empty",
		"%":                         "begins no conversion",
		"50% done":                  "flag",
		"%é":                        "begins no conversion",
		"%3$s":                      "no such argument",
		"%0$s":                      "no such argument",
		"%<s":                       "no such argument",
		"%s%s%s":                    "no such argument",
		"%d":                        "neither message id nor time",
		"%1$tF":                     "is no time",
		"%tF":                       "is no time",
		"%2$tX":                     "no part of a time",
		"%2$.3tF":                   "no precision",
		"%-s":                       "needs a width",
		"%+5s":                      "the flag '+'",
		"%message{key 1}":           "neither message id nor time",
		"%n":                        "neither",
		"%99999s":                   "too large",
		"%1$.99999999999999999999s": "too large",
		"%env{NOWHERE}":             "NOWHERE",
		"%99999999999999999999$s":   "no such argument",
	} {
		t.Run(format, func(t *testing.T) {
			_, err := formatted(format, message.New(nil), time.Now())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

// What a message brings is never taken for a conversion.
func TestFilenameKeepsValuesAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.String().Draw(t, "value")
		m := message.New(nil)
		m.SetMetadata("name", value)
		got, err := formatted("<%message{name}>", m, time.Now())
		if err != nil || got != "<"+value+">" {
			t.Fatalf("got %q, %v", got, err)
		}
	})
}

func FuzzFilenameFormat(f *testing.F) {
	for _, seed := range []string{"%1$s", "%2$tY%<tm", "%message{a}-%-5.2s", "%%", "%", "%payload{jsonpath:$.a}%n", "%2$Tp%3$s"} {
		f.Add(seed)
	}
	m := message.New([]byte(`{"a":"b"}`))
	m.SetMetadata("a", "%1$s")
	f.Fuzz(func(t *testing.T, format string) {
		first, err := formatted(format, m, time.Unix(0, 0))
		if err != nil {
			return
		}
		if second, err := formatted(format, m, time.Unix(0, 0)); err != nil || first != second {
			t.Errorf("%q gives %q, then %q, %v", format, first, second, err)
		}
	})
}
