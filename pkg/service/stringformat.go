package service

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// stringFormat is a format of java.util.Formatter whose arguments are all texts.
type stringFormat struct {
	pieces []formatPiece
}

// formatPiece is a literal text, or a conversion of an argument.
type formatPiece struct {
	literal  string
	argument int // -1: the literal
	verb     byte
	upper    bool
	left     bool // justify
	width    int  // at least so many characters
	most     int  // at most so many of the text; -1 for all
}

// formatConversion is the syntax of a conversion.
var formatConversion = regexp.MustCompile(`^%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])`)

// maxFormattedWidth bounds a text that a few characters of a format ask for.
const maxFormattedWidth = 4096

// parseStringFormat reads a format for so many arguments and refuses what Java refuses.
func parseStringFormat(text string, arguments int) (*stringFormat, error) {
	f := &stringFormat{}
	next, last := 0, -1 // the argument of the next conversion without a number, and that of the one before
	for text != "" {
		at := strings.IndexByte(text, '%')
		if at < 0 {
			f.literal(text)
			break
		}
		f.literal(text[:at])
		text = text[at:]
		match := formatConversion.FindStringSubmatch(text)
		if match == nil {
			return nil, fmt.Errorf("%q begins no conversion; write %%%% for a percent sign", text[:min(len(text), 8)])
		}
		piece, err := parseFormatPiece(match)
		if err != nil {
			return nil, err
		}
		text = text[len(match[0]):]
		if piece.argument < 0 {
			f.pieces = append(f.pieces, piece)
			continue
		}
		switch {
		case match[1] != "":
			if piece.argument, err = strconv.Atoi(match[1]); err != nil {
				piece.argument = 0
			}
			piece.argument--
		case match[2] != "":
			piece.argument = last
		default:
			piece.argument = next
			next++
		}
		if last = piece.argument; last < 0 || last >= arguments {
			return nil, fmt.Errorf("%s: there is no such argument; there are %d <argument-metadata-key>", match[0], arguments)
		}
		f.pieces = append(f.pieces, piece)
	}
	return f, nil
}

func (f *stringFormat) literal(text string) {
	if text != "" {
		f.pieces = append(f.pieces, formatPiece{literal: text, argument: -1})
	}
}

// parseFormatPiece reads a conversion but for its argument, which is negative when there is none.
func parseFormatPiece(match []string) (formatPiece, error) {
	whole := match[0]
	p := formatPiece{verb: match[6][0] | 0x20, upper: match[6][0] < 'a', most: -1}
	for _, flag := range match[3] {
		if flag != '-' || p.left {
			return p, fmt.Errorf("%s: the flag %q does not go with texts, or is there twice; only - does", whole, flag)
		}
		p.left = true
	}
	for _, number := range []struct {
		text string
		to   *int
	}{{match[4], &p.width}, {match[5], &p.most}} {
		if number.text == "" {
			continue
		}
		n, err := strconv.Atoi(number.text)
		if err != nil || n > maxFormattedWidth {
			return p, fmt.Errorf("%s: %s is too large; %d are allowed", whole, number.text, maxFormattedWidth)
		}
		*number.to = n
	}
	if p.left && p.width == 0 {
		return p, fmt.Errorf("%s: the flag - needs a width", whole)
	}
	switch match[6] {
	case "s", "S", "b", "B", "h", "H":
		return p, nil
	case "n", "%":
		if match[5] != "" || match[6] == "n" && (p.width > 0 || p.left) {
			return p, fmt.Errorf("%s: %%%s has neither width nor precision", whole, match[6])
		}
		p.argument, p.literal = -1, pad(strings.ReplaceAll(match[6], "n", "\n"), p.width, p.left)
		return p, nil
	}
	return p, fmt.Errorf("%s: metadata are texts, which this conversion does not take; use %%s", whole)
}

func (f *stringFormat) write(arguments []string) string {
	var b strings.Builder
	for _, p := range f.pieces {
		if p.argument < 0 {
			b.WriteString(p.literal)
			continue
		}
		text := arguments[p.argument]
		switch p.verb {
		case 'b':
			text = "true" // Java: of anything but null
		case 'h':
			text = fmt.Sprintf("%x", uint32(javaHash(text)))
		}
		if p.most >= 0 {
			text = firstCharacters(text, p.most)
		}
		if p.upper {
			text = upperCase(text)
		}
		b.WriteString(pad(text, p.width, p.left))
	}
	return b.String()
}

func pad(text string, width int, left bool) string {
	blanks := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
	if left {
		return text + blanks
	}
	return blanks + text
}

func firstCharacters(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

// javaHash is Java's String.hashCode.
func javaHash(text string) int32 {
	var h int32
	for _, unit := range utf16.Encode([]rune(text)) {
		h = 31*h + int32(unit)
	}
	return h
}
