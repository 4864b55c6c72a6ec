package main

import (
	"strconv"
	"strings"
	"unicode"
)

// harmless makes an error safe to print on a terminal: it may have the name of a file in it, or what a server answered. What steers a
// terminal is written as in Go, such as \x1b; lines stay lines.
func harmless(err error) string {
	var b strings.Builder
	for _, r := range err.Error() {
		if steers(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// steers says whether a character does more to a terminal than stand there, or end a line.
func steers(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || unicode.Is(unicode.Bidi_Control, r)
}
