package producer

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/message"
)

// conversion is one %… of a java.util.Formatter format whose arguments are a string, the message id, and a date, the time. Dates are in
// the process's time zone and in English.
type conversion struct {
	// argument is 1 for the id and 2 for the time; 0 for a conversion that needs none.
	argument int
	left     bool // justify
	width    int  // at least so many characters
	most     int  // precision: of a text, at most so many; -1 for all
	upper    bool
	verb     byte // 's', 'b', '%', or the suffix of 't'
	isTime   bool
}

// formatSpecifier is the syntax of java.util.Formatter.
var formatSpecifier = regexp.MustCompile(`^%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([tT])?([a-zA-Z%])`)

// maxFormatWidth is more than any file system takes in a name.
const maxFormatWidth = 4096

// argumentCounter gives arguments to conversions that do not say which: the first to the first such, and so on; < means the one before.
type argumentCounter struct{ ordinary, last int }

// parseConversion reads the conversion that text, which begins with %, begins with.
func parseConversion(text string, arguments *argumentCounter) (*conversion, int, error) {
	m := formatSpecifier.FindStringSubmatch(text)
	if m == nil {
		return nil, 0, fmt.Errorf("%q begins no conversion; write %%%% for a percent sign", firstRunes(text))
	}
	c := &conversion{most: -1, verb: m[7][0], isTime: m[6] != "", upper: m[6] == "T"}
	if !c.isTime && c.verb >= 'A' && c.verb <= 'Z' {
		c.upper, c.verb = true, c.verb|0x20
	}
	var err error
	if c.width, err = formatNumber(m[4], 0); err != nil {
		return nil, 0, fmt.Errorf("%s: its width is too large", m[0])
	}
	if c.most, err = formatNumber(m[5], -1); err != nil {
		return nil, 0, fmt.Errorf("%s: its precision is too large", m[0])
	}
	for _, flag := range m[3] {
		if flag != '-' || c.left {
			return nil, 0, fmt.Errorf("%s: the flag %q does not go with it, or is there twice; only - does", m[0], flag)
		}
		c.left = true
	}
	if c.left && c.width == 0 {
		return nil, 0, fmt.Errorf("%s: the flag - needs a width", m[0])
	}
	if !c.isTime && c.verb == '%' && !c.upper {
		return c, len(m[0]), nil
	}
	switch {
	case m[1] != "":
		if c.argument, err = strconv.Atoi(m[1]); err != nil {
			c.argument = 0
		}
	case m[2] != "":
		c.argument = arguments.last
	default:
		arguments.ordinary++
		c.argument = arguments.ordinary
	}
	arguments.last = c.argument
	return c, len(m[0]), c.check(m[0])
}

func (c *conversion) check(text string) error {
	switch {
	case c.argument != 1 && c.argument != 2:
		return fmt.Errorf("%s: there is no such argument; %%1$ is the message id, %%2$ the time", text)
	case !c.isTime && c.verb != 's' && c.verb != 'b':
		return fmt.Errorf("%s: the conversion fits neither message id nor time; use %%1$s for the id, %%2$t… for the time", text)
	case !c.isTime:
		return nil
	case c.argument == 1:
		return fmt.Errorf("%s: the message id is no time; use %%2$t…", text)
	case c.most >= 0:
		return fmt.Errorf("%s: a time has no precision", text)
	}
	if _, ok := timeFormats[c.verb]; !ok {
		return fmt.Errorf("%s: %q is no part of a time in Java's formats", text, c.verb)
	}
	return nil
}

func formatNumber(text string, otherwise int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && n > maxFormatWidth {
		err = strconv.ErrRange
	}
	return n, err
}

// write appends the conversion for a message.
func (c *conversion) write(b *strings.Builder, m *message.Message, now time.Time) {
	var s string
	switch {
	case c.argument == 0:
		s = "%"
	case c.isTime:
		s = timeFormats[c.verb](now)
	case c.verb == 'b':
		s = "true" // Java: of anything but null
	case c.argument == 1:
		s = m.ID()
	default:
		s = timeFormats['c'](now) // as Date.toString of Java
	}
	if c.most >= 0 {
		s = leadingRunes(s, c.most)
	}
	if c.upper {
		s = strings.ToUpper(s)
	}
	blanks := strings.Repeat(" ", max(0, c.width-utf8.RuneCountInString(s)))
	if c.left {
		b.WriteString(s + blanks)
	} else {
		b.WriteString(blanks + s)
	}
}

func leadingRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func firstRunes(s string) string { return leadingRunes(s, 12) }

// layout is a part of a time that Go's own formats can write.
func layout(format string) func(time.Time) string {
	return func(t time.Time) string { return t.Format(format) }
}

// number is a part of a time as a number with leading zeros.
func number(width int, of func(time.Time) int64) func(time.Time) string {
	return func(t time.Time) string { return fmt.Sprintf("%0*d", width, of(t)) }
}

// timeFormats are the suffixes of %t in java.util.Formatter. Java's dates have milliseconds, so nanoseconds (N) end in six zeros.
var timeFormats = map[byte]func(time.Time) string{
	'H': layout("15"),
	'I': layout("03"),
	'k': number(1, func(t time.Time) int64 { return int64(t.Hour()) }),
	'l': layout("3"),
	'M': layout("04"),
	'S': layout("05"),
	'L': number(3, func(t time.Time) int64 { return t.UnixMilli() % 1000 }),
	'N': number(9, func(t time.Time) int64 { return t.UnixMilli() % 1000 * 1_000_000 }),
	'p': layout("pm"),
	'z': layout("-0700"),
	'Z': layout("MST"),
	's': number(1, time.Time.Unix),
	'Q': number(1, time.Time.UnixMilli),
	'B': layout("January"),
	'b': layout("Jan"),
	'h': layout("Jan"),
	'A': layout("Monday"),
	'a': layout("Mon"),
	'C': number(2, func(t time.Time) int64 { return int64(t.Year() / 100) }),
	'Y': layout("2006"),
	'y': layout("06"),
	'j': layout("002"),
	'm': layout("01"),
	'd': layout("02"),
	'e': layout("2"),
	'R': layout("15:04"),
	'T': layout("15:04:05"),
	'r': layout("03:04:05 PM"),
	'D': layout("01/02/06"),
	'F': layout("2006-01-02"),
	'c': layout("Mon Jan 02 15:04:05 MST 2006"),
}
