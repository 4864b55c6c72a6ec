package document

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Property is a key and its value in a Java .properties file.
type Property struct {
	Key, Value string
	// Pos is where the key begins, ValuePos where the value does.
	Pos, ValuePos Position
}

// ReadProperties reads the syntax of java.util.Properties: comments with # and !, the separators =, : and blanks, lines continued by \,
// the escapes \t \n \r \f \uXXXX, and trailing blanks as part of the value. A file that is valid UTF-8 is read as such, else as
// ISO-8859-1. The properties come in the order of the file, a key that stands there twice comes twice; the later one counts.
func ReadProperties(name string, data []byte) ([]Property, Problems) {
	src := &source{file: name, text: bytes.TrimPrefix(data, markUTF8)}
	if !utf8.Valid(src.text) {
		src = &source{file: name}
		if problem := src.decodeSingle(data, charmap.ISO8859_1, "ISO-8859-1"); problem != nil {
			return nil, Problems{*problem}
		}
	}
	r := propertiesReader{src: src, at: firstMark}
	for r.line() {
	}
	return r.found, r.problems
}

type propertiesReader struct {
	src      *source
	at       mark // of what Position was asked for last
	offset   int
	found    []Property
	problems Problems
}

// line reads one logical line; false at the end of the file.
func (r *propertiesReader) line() bool {
	r.blanks()
	text := r.src.text
	switch {
	case r.offset >= len(text):
		return false
	case r.lineEnd() > 0:
		r.offset += r.lineEnd()
		return true
	case text[r.offset] == '#' || text[r.offset] == '!':
		end := bytes.IndexAny(text[r.offset:], "\r\n")
		if end < 0 {
			return false
		}
		r.offset += end
		return true
	}
	p := Property{Pos: r.position()}
	p.Key = r.token(true)
	if p.Key == "" && (r.offset >= len(text) || r.lineEnd() > 0) {
		return true // a lone \
	}
	r.blanks()
	if r.offset < len(text) && (text[r.offset] == '=' || text[r.offset] == ':') {
		r.offset++
		r.blanks()
	}
	p.ValuePos = r.position()
	p.Value = r.token(false)
	r.found = append(r.found, p)
	return true
}

// token reads up to the end of the logical line, or of the key.
func (r *propertiesReader) token(key bool) string {
	var out strings.Builder
	text := r.src.text
	for r.offset < len(text) && r.lineEnd() == 0 {
		b := text[r.offset]
		if key && (b == '=' || b == ':' || isPropertyBlank(b)) {
			break
		}
		if b != '\\' {
			out.WriteByte(b)
			r.offset++
			continue
		}
		begin := r.offset
		r.offset++
		switch n := r.lineEnd(); {
		case r.offset >= len(text): // a \ that ends the file continues nothing
		case n > 0:
			r.offset += n
			r.ownBlanks()
		case text[r.offset] == 'u':
			out.WriteRune(r.unicode(begin))
		default:
			_, size := utf8.DecodeRune(text[r.offset:])
			out.WriteString(escaped(text[r.offset : r.offset+size]))
			r.offset += size
		}
	}
	return out.String()
}

func escaped(character []byte) string {
	switch character[0] {
	case 't':
		return "\t"
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 'f':
		return "\f"
	}
	return string(character)
}

// unicode reads \uXXXX, and a second one with it if they are one character.
func (r *propertiesReader) unicode(begin int) rune {
	first, ok := r.unit()
	if ok && utf16.IsSurrogate(first) {
		ok = bytes.HasPrefix(r.src.text[r.offset:], []byte(`\u`))
		if ok {
			r.offset++
			var second rune
			second, ok = r.unit()
			first = utf16.DecodeRune(first, second)
			ok = ok && first != utf8.RuneError
		}
	}
	if !ok {
		r.at = r.at.to(r.src, begin)
		r.problems = append(r.problems, Problem{Severity: SeverityError, Code: "properties-escape", Pos: r.src.position(r.at),
			Message: `\u stands here without the four hexadecimal digits of a character; write them, or \\u for a backslash and a u`})
		return utf8.RuneError
	}
	return first
}

// unit reads u and four digits.
func (r *propertiesReader) unit() (rune, bool) {
	r.offset++
	var n rune
	for range 4 {
		if r.offset >= len(r.src.text) {
			return 0, false
		}
		d := strings.IndexByte("0123456789abcdef", r.src.text[r.offset]|0x20)
		if d < 0 {
			return 0, false
		}
		n = n<<4 | rune(d)
		r.offset++
	}
	return n, true
}

func isPropertyBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\f' }

// ownBlanks skips the blanks of this line.
func (r *propertiesReader) ownBlanks() {
	for r.offset < len(r.src.text) && isPropertyBlank(r.src.text[r.offset]) {
		r.offset++
	}
}

// blanks skips blanks, also over the ends of continued lines.
func (r *propertiesReader) blanks() {
	for {
		r.ownBlanks()
		if r.offset+1 >= len(r.src.text) || r.src.text[r.offset] != '\\' {
			return
		}
		r.offset++
		n := r.lineEnd()
		if n == 0 {
			r.offset--
			return
		}
		r.offset += n
	}
}

// lineEnd is the length of the line end that stands here, 0 if none does.
func (r *propertiesReader) lineEnd() int {
	rest := r.src.text[r.offset:]
	switch {
	case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
		return 2
	case len(rest) > 0 && (rest[0] == '\n' || rest[0] == '\r'):
		return 1
	}
	return 0
}

func (r *propertiesReader) position() Position {
	r.at = r.at.to(r.src, r.offset)
	return r.src.position(r.at)
}

// String does not show the value, which may be a secret.
func (p Property) String() string { return fmt.Sprintf("%s: %s", p.Pos, p.Key) }
