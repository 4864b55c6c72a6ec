package service

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// escape is text as it stands in XML. In an attribute blanks other than the space are references too, so that they stay what they are.
func (w *xmlWriter) escape(text string, inAttribute bool) string {
	var b strings.Builder
	from := 0
	for i, r := range text {
		reference := w.reference(r, inAttribute)
		if reference == "" {
			continue
		}
		b.WriteString(text[from:i])
		b.WriteString(reference)
		from = i + utf8.RuneLen(r)
	}
	if from == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}

// reference is what a character is written as if it does not stand for itself. A parser has judged the text, so that it has no byte
// that is not UTF-8.
func (w *xmlWriter) reference(r rune, inAttribute bool) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '\r':
		return "&#xD;"
	case '"':
		if inAttribute {
			return "&#34;"
		}
		return ""
	case '\n':
		if inAttribute {
			return "&#xA;"
		}
		return ""
	case '\t':
		if inAttribute {
			return "&#x9;"
		}
		return ""
	}
	switch {
	case r < 0x7F:
		return ""
	case r < 0xA0 || r == 0x2028:
	case w.charset == nil:
		return ""
	default:
		if _, err := w.charset.NewEncoder().String(string(r)); err == nil {
			return ""
		}
	}
	return fmt.Sprintf("&#x%x;", r)
}
