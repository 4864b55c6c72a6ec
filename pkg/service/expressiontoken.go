package service

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// token is one word of an algorithm.
type token struct {
	kind tokenKind
	// text is the operator, name or number; at is where the token begins.
	text string
	at   int
	// pieces are those of a quoted text, or the one expression of a placeholder.
	pieces []piece
}

// piece is a text, or an expression if that is not nil.
type piece struct {
	literal  string
	template *expr.Template
}

type tokenKind uint8

const (
	endToken tokenKind = iota
	operatorToken
	nameToken
	numberToken
	textToken
	placeholderToken
)

// describe is the token as an error shows it.
func (t token) describe() string {
	switch t.kind {
	case endToken:
		return "the end"
	case textToken:
		return "a text"
	case placeholderToken:
		return t.pieces[0].template.Text()
	}
	return t.text
}

// spelled are the spellings of operators that need no escaping in XML (BeanShell).
var spelled = map[string]string{"@or": "||", "@and": "&&", "@gt": ">", "@gteq": ">=", "@lt": "<", "@lteq": "<="}

var operators = []string{"||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")", ".", ","}

// tokenizer splits an algorithm into tokens.
type tokenizer struct {
	text     string
	at       int
	sources  expr.Sources
	warnings []string
}

func (z *tokenizer) next() (token, error) {
	for z.at < len(z.text) && strings.IndexByte(" \t\r\n", z.text[z.at]) >= 0 {
		z.at++
	}
	t := token{at: z.at}
	rest := z.text[z.at:]
	if rest == "" {
		return t, nil
	}
	switch b := rest[0]; {
	case b == '%':
		template, length, err := z.placeholder(rest)
		if err != nil {
			return t, err
		}
		if length > 0 {
			t.kind, t.pieces = placeholderToken, []piece{{template: template}}
			z.at += length
			return t, nil
		}
		if n := 1 + wordLength(rest[1:]); n > 1 && n < len(rest) && rest[n] == '{' {
			return t, fmt.Errorf("%s at character %d is no expression; write one such as %%message{count}", abbreviate(rest, 40), z.at+1)
		}
	case b == '"' || b == '\'':
		return z.quoted(t)
	case isDigit(b):
		t.kind, t.text = numberToken, rest[:numberLength(rest)]
		z.at += len(t.text)
		return t, nil
	case isLetter(b) || b == '@':
		t.kind, t.text = nameToken, rest[:1+wordLength(rest[1:])]
		z.at += len(t.text)
		if operator, ok := spelled[t.text]; ok {
			t.kind, t.text = operatorToken, operator
		}
		return t, nil
	}
	for _, operator := range operators {
		if strings.HasPrefix(rest, operator) {
			t.kind, t.text = operatorToken, operator
			z.at += len(operator)
			return t, nil
		}
	}
	return t, fmt.Errorf("%q at character %d means nothing here; put text into quotes", firstRune(rest), z.at+1)
}

// placeholder reads the %…{…} at the beginning of text: the shortest that is one, because a path may contain braces of its own. length is
// 0 when there is none.
func (z *tokenizer) placeholder(text string) (t *expr.Template, length int, err error) {
	n := 1 + wordLength(text[1:])
	if n == 1 || n >= len(text) || text[n] != '{' {
		return nil, 0, nil
	}
	var first error
	for end := n; end < len(text); end++ {
		if text[end] != '}' {
			continue
		}
		t, err := expr.Compile(text[:end+1], z.sources)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		if constant, ok := t.Constant(); ok && constant == t.Text() {
			continue
		}
		z.warnings = append(z.warnings, t.Differences()...)
		return t, end + 1, nil
	}
	return nil, 0, first
}

// quoted reads the text in quotes that begins at t.
func (z *tokenizer) quoted(t token) (token, error) {
	const escapes = "n\nt\tr\r"
	quote := z.text[z.at]
	t.kind = textToken
	z.at++
	var literal strings.Builder
	end := func() {
		if literal.Len() > 0 {
			t.pieces = append(t.pieces, piece{literal: literal.String()})
			literal.Reset()
		}
	}
	for z.at < len(z.text) {
		switch b := z.text[z.at]; {
		case b == quote:
			z.at++
			end()
			return t, nil
		case b == '\\' && z.at+1 < len(z.text):
			c := z.text[z.at+1]
			if i := strings.IndexByte(escapes, c); i >= 0 && i%2 == 0 {
				c = escapes[i+1]
			}
			literal.WriteByte(c)
			z.at += 2
		case b == '%':
			template, length, err := z.placeholder(z.text[z.at:])
			switch {
			case err != nil:
				return t, err
			case length == 0:
				literal.WriteByte(b)
				z.at++
			default:
				end()
				t.pieces = append(t.pieces, piece{template: template})
				z.at += length
			}
		default:
			literal.WriteByte(b)
			z.at++
		}
	}
	return t, fmt.Errorf("the quote at character %d is not closed; close it, or write \\%c for the character itself", t.at+1, quote)
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' || b == '_' }

func wordLength(s string) int {
	n := 0
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
		n++
	}
	return n
}

// numberLength is the length of the digits at the beginning of s, with a decimal point among them.
func numberLength(s string) int {
	n := 0
	for n < len(s) && (isDigit(s[n]) || s[n] == '.' && n+1 < len(s) && isDigit(s[n+1])) {
		n++
	}
	return n
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
