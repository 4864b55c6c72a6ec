package top

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// mostText bounds, in bytes, what is shown of one text of the server's.
	mostText = 4 << 10
	// mostMarks is how many combining marks may follow each other: more are no language, and pile up over the lines around.
	mostMarks = 3
)

// clean makes a text of the server's harmless to a terminal: an id can have been anything. White space becomes a space; what steers the
// terminal, changes the direction of writing or can not be seen is written as in Go, such as \x1b.
func clean(s string) string {
	cut := len(s) > mostText
	if cut {
		s = s[:mostText]
	}
	var b strings.Builder
	marks := 0
	for i, size := 0, 0; i < len(s); i += size {
		var r rune
		r, size = utf8.DecodeRuneInString(s[i:])
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			if cut && len(s)-i < utf8.UTFMax {
				continue // it was whole before the cut
			}
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
		case marks > mostMarks:
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}

// cleanJSON makes JSON harmless that stays the same JSON: what is not to be seen can stand in its texts only, where it can be escaped.
func cleanJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r < utf8.RuneSelf && r != 0x7f, r != utf8.RuneError && unicode.IsPrint(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			for _, half := range [2]rune{0xd800 + (r-0x10000)>>10, 0xdc00 + (r-0x10000)&0x3ff} {
				out = append(out, `\u`+strconv.FormatInt(int64(half), 16)...)
			}
		default:
			out = append(out, `\u`+strconv.FormatInt(int64(r)|0x10000, 16)[1:]...)
		}
		text = text[size:]
	}
	return out
}
