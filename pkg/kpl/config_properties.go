package kpl

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxPropertiesBytes bounds what is read: no configuration comes near it, and a URL may answer anything.
const maxPropertiesBytes = 1 << 20

// property is one entry of a properties text, escapes resolved.
type property struct {
	key, value       string
	keyPos, valuePos string
	// malformed are its escapes that cannot be read.
	malformed ConfigErrors
}

// readProperties reads the format of java.util.Properties.load. Other than there, valid UTF-8 is read as UTF-8 (Java: always
// ISO-8859-1), and it goes on after a malformed \u escape so that all of them are told. The error is about the text as a whole.
//
// It is a reader of our own because errors name line and column of keys, values and escapes.
func readProperties(name string, r io.Reader) ([]property, *ConfigError) {
	raw, err := io.ReadAll(io.LimitReader(r, maxPropertiesBytes+1))
	if err != nil {
		return nil, &ConfigError{Pos: name, Problem: fmt.Sprintf("cannot read it: %v", err)}
	}
	if len(raw) > maxPropertiesBytes {
		return nil, &ConfigError{Pos: name, Problem: fmt.Sprintf("is larger than %d bytes, this is not a KPL configuration", maxPropertiesBytes)}
	}
	p := propertiesReader{name: name, text: decodeProperties(raw), line: 1, column: 1}
	var all []property
	for p.nextEntry() {
		all = append(all, p.entry())
	}
	return all, nil
}

func decodeProperties(raw []byte) []rune {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if utf8.Valid(raw) {
		return []rune(string(raw))
	}
	text := make([]rune, len(raw))
	for i, b := range raw {
		text[i] = rune(b) // ISO-8859-1 is the first 256 code points
	}
	return text
}

// propertiesReader walks a text once, rune by rune. Line and column are those of text[at], from 1.
type propertiesReader struct {
	name         string
	text         []rune
	at           int
	line, column int
	errs         ConfigErrors
}

func (p *propertiesReader) pos() string { return fmt.Sprintf("%s:%d:%d", p.name, p.line, p.column) }

func (p *propertiesReader) peek(ahead int) rune {
	if p.at+ahead >= len(p.text) {
		return -1
	}
	return p.text[p.at+ahead]
}

func (p *propertiesReader) step() {
	c := p.text[p.at]
	p.at++
	if c == '\n' || c == '\r' && p.peek(0) != '\n' {
		p.line++
		p.column = 1
		return
	}
	p.column++
}

func (p *propertiesReader) skipBlanks() {
	for isBlank(p.peek(0)) {
		p.step()
	}
}

func isBlank(c rune) bool   { return c == ' ' || c == '\t' || c == '\f' }
func isLineEnd(c rune) bool { return c == '\n' || c == '\r' || c == -1 }

// continuation steps over a backslash at the end of a line, the line's end, and the blanks that begin the next one.
func (p *propertiesReader) continuation() bool {
	if p.peek(0) != '\\' || !isLineEnd(p.peek(1)) {
		return false
	}
	p.step()
	if p.peek(0) == '\r' && p.peek(1) == '\n' {
		p.step()
	}
	if p.peek(0) != -1 {
		p.step()
	}
	p.skipBlanks()
	return true
}

// nextEntry goes to the next key, over empty lines and comments.
func (p *propertiesReader) nextEntry() bool {
	for {
		p.skipBlanks()
		switch c := p.peek(0); {
		case c == -1:
			return false
		case isLineEnd(c):
			p.step()
		case c == '#' || c == '!':
			for !isLineEnd(p.peek(0)) {
				p.step()
			}
		case p.continuation():
			// A line of nothing but a backslash: the next one begins here, and cannot be a comment.
			if !isLineEnd(p.peek(0)) {
				return true
			}
		default:
			return true
		}
	}
}

func (p *propertiesReader) entry() property {
	var e property
	e.keyPos = p.pos()
	e.key = p.part(func(c rune) bool { return c == '=' || c == ':' || isBlank(c) })
	p.blanksAndContinuations()
	if c := p.peek(0); c == '=' || c == ':' {
		p.step()
		p.blanksAndContinuations()
	}
	e.valuePos = p.pos()
	e.value = p.part(func(rune) bool { return false })
	e.malformed, p.errs = p.errs, nil
	return e
}

func (p *propertiesReader) blanksAndContinuations() {
	for {
		p.skipBlanks()
		if !p.continuation() {
			return
		}
	}
}

// part reads up to the end of the line or an unescaped rune that ends it.
func (p *propertiesReader) part(ends func(rune) bool) string {
	var b strings.Builder
	for {
		c := p.peek(0)
		if p.continuation() {
			continue
		}
		if isLineEnd(c) || ends(c) {
			return b.String()
		}
		if c != '\\' {
			b.WriteRune(c)
			p.step()
			continue
		}
		p.escape(&b)
	}
}

func (p *propertiesReader) escape(b *strings.Builder) {
	start := p.pos()
	p.step()
	c := p.peek(0)
	p.step()
	switch c {
	case 't':
		b.WriteByte('\t')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 'f':
		b.WriteByte('\f')
	case 'u':
		unit, ok := p.hexUnit(start)
		if !ok {
			return
		}
		b.WriteRune(p.joinSurrogates(unit, start))
	default:
		b.WriteRune(c)
	}
}

func (p *propertiesReader) hexUnit(start string) (rune, bool) {
	var unit rune
	for i := range 4 {
		digit := hexDigit(p.peek(0))
		if digit < 0 {
			got := `\u` + string(p.text[p.at-i:min(p.at+1, len(p.text))])
			p.errs = append(p.errs, &ConfigError{
				Pos: start, Value: got, Problem: fmt.Sprintf(`malformed \u escape %q`, got), Remedy: `write \u and four hexadecimal digits, or \\u for the text itself`,
			})
			return 0, false
		}
		unit = unit<<4 | digit
		p.step()
	}
	return unit, true
}

// joinSurrogates makes one rune of two escapes as Java writes characters beyond 16 bits. Half a pair becomes U+FFFD.
func (p *propertiesReader) joinSurrogates(unit rune, start string) rune {
	if unit < 0xd800 || unit > 0xdbff || p.peek(0) != '\\' || p.peek(1) != 'u' {
		return unit
	}
	before := *p
	p.step()
	p.step()
	low, ok := p.hexUnit(start)
	if !ok || low < 0xdc00 || low > 0xdfff {
		errs := p.errs
		*p = before
		if !ok {
			p.errs = errs[:len(before.errs)] // told when it is read again
		}
		return utf8.RuneError
	}
	return (unit-0xd800)<<10 + (low - 0xdc00) + 0x10000
}

func hexDigit(c rune) rune {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return -1
}
