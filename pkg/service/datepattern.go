package service

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// datePattern is a compiled pattern of Java's SimpleDateFormat.
type datePattern struct {
	fields []dateField
}

// dateField is a run of one letter of a pattern, or text between runs.
type dateField struct {
	letter byte // 0: literal
	width  int
	text   string
}

// maxPatternBytes bounds a pattern, which may come from a message.
const maxPatternBytes = 200

// parseDatePattern reads a pattern and refuses what it would write otherwise than Java does.
func parseDatePattern(pattern, language string) (*datePattern, error) {
	switch {
	case strings.TrimSpace(pattern) == "":
		return nil, fmt.Errorf("the date pattern is blank; write one such as yyyy-MM-dd'T'HH:mm:ss.SSSZ")
	case len(pattern) > maxPatternBytes:
		return nil, fmt.Errorf("the date pattern is %d bytes long; %d are allowed", len(pattern), maxPatternBytes)
	case pattern == secondsSinceEpoch:
		return &datePattern{[]dateField{{letter: epochSeconds}}}, nil
	case pattern == millisecondsSinceEpoch:
		return &datePattern{[]dateField{{letter: epochMilliseconds}}}, nil
	}
	p := &datePattern{}
	for i := 0; i < len(pattern); {
		b := pattern[i]
		switch {
		case b == '\'':
			text, n, ok := quotedText(pattern[i:])
			if !ok {
				return nil, fmt.Errorf("the date pattern %q has an open quote at character %d; close it, or double it for the character itself", pattern, i+1)
			}
			p.literal(text)
			i += n
		case 'a' <= b|0x20 && b|0x20 <= 'z':
			n := 1
			for i+n < len(pattern) && pattern[i+n] == b {
				n++
			}
			f := dateField{letter: b, width: n}
			if err := f.check(pattern, language); err != nil {
				return nil, err
			}
			p.fields = append(p.fields, f)
			i += n
		default:
			p.literal(pattern[i : i+1])
			i++
		}
	}
	return p, nil
}

func (p *datePattern) literal(text string) {
	p.fields = append(p.fields, dateField{text: text})
}

// quotedText reads 'text', in which two quotes are one, at the beginning of s; two quotes alone are one quote.
func quotedText(s string) (text string, length int, ok bool) {
	if strings.HasPrefix(s, "''") {
		return "'", 2, true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

// Letters of the two formats that are no patterns.
const (
	epochSeconds      = '1'
	epochMilliseconds = '2'
)

func (f dateField) check(pattern, language string) error {
	switch f.letter {
	case 'Y', 'w', 'W':
		return fmt.Errorf("the date pattern %q has %c, which counts weeks by the rules of the host's country; use y, M and d", pattern, f.letter)
	case 'X':
		if f.width > 3 {
			return fmt.Errorf("the date pattern %q has %s; use X, XX or XXX", pattern, strings.Repeat("X", f.width))
		}
	case 'z':
		if f.width > 3 {
			return fmt.Errorf("the date pattern %q asks for the long name of the time zone, which is not supported; use z, Z or XXX", pattern)
		}
	case 'G', 'y', 'M', 'L', 'D', 'd', 'F', 'E', 'u', 'a', 'H', 'k', 'K', 'h', 'm', 's', 'S', 'Z':
	default:
		return fmt.Errorf("the date pattern %q has the letter %c, which means nothing there; put text into quotes, as in yyyy-MM-dd'T'HH:mm", pattern, f.letter)
	}
	if f.named() && !isEnglish(language) {
		return fmt.Errorf("the date pattern %q asks for names in the language %q; English is supported, and numbers are in every language", pattern, language)
	}
	return nil
}

// named says that the field is written in words.
func (f dateField) named() bool {
	switch f.letter {
	case 'G', 'E', 'a':
		return true
	case 'M', 'L':
		return f.width > 2
	}
	return false
}

func isEnglish(tag string) bool {
	language, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	return language == "" || language == "en"
}

func (p *datePattern) format(t time.Time) string {
	out := make([]byte, 0, 40)
	for _, f := range p.fields {
		out = f.append(out, t)
	}
	return string(out)
}

func (f dateField) append(out []byte, t time.Time) []byte {
	number := func(n int) []byte { return appendPadded(out, n, f.width) }
	switch f.letter {
	case 0:
		return append(out, f.text...)
	case epochSeconds:
		// Interlok rounds half up.
		return strconv.AppendInt(out, (t.UnixMilli()+500)/1000, 10)
	case epochMilliseconds:
		return strconv.AppendInt(out, t.UnixMilli(), 10)
	case 'G':
		return append(out, "AD"...)
	case 'y':
		if f.width == 2 {
			return appendPadded(out, t.Year()%100, 2)
		}
		return number(t.Year())
	case 'M', 'L':
		switch name := t.Month().String(); {
		case f.width > 3:
			return append(out, name...)
		case f.width == 3:
			return append(out, name[:3]...)
		}
		return number(int(t.Month()))
	case 'D':
		return number(t.YearDay())
	case 'd':
		return number(t.Day())
	case 'F':
		return number((t.Day()-1)/7 + 1)
	case 'E':
		name := t.Weekday().String()
		if f.width < 4 {
			name = name[:3]
		}
		return append(out, name...)
	case 'u':
		return number((int(t.Weekday())+6)%7 + 1)
	case 'a':
		return append(out, t.Format("PM")...)
	case 'H':
		return number(t.Hour())
	case 'k':
		return number((t.Hour()+23)%24 + 1)
	case 'K':
		return number(t.Hour() % 12)
	case 'h':
		return number((t.Hour()+11)%12 + 1)
	case 'm':
		return number(t.Minute())
	case 's':
		return number(t.Second())
	case 'S':
		return number(t.Nanosecond() / int(time.Millisecond))
	case 'z':
		return append(out, t.Format("MST")...)
	case 'Z':
		return append(out, t.Format("-0700")...)
	default: // X
		return append(out, t.Format([...]string{"Z07", "Z0700", "Z07:00"}[f.width-1])...)
	}
}

func appendPadded(out []byte, n, width int) []byte {
	digits := strconv.Itoa(n)
	for range width - len(digits) {
		out = append(out, '0')
	}
	return append(out, digits...)
}
