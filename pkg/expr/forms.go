package expr

import "strings"

// pathRunes are the characters that Interlok allows in a path besides letters and digits, in a class of ASCII's.
const pathRunes = "_!$\"#&%'*+,-.:=()[]/@|"

// opening splits %keyword{body.
func opening(text string) (keyword, body string, ok bool) {
	i := 1
	for i < len(text) && (isLetter(text[i]) || i > 1 && (isDigit(text[i]) || text[i] == '_')) {
		i++
	}
	if i == 1 || i >= len(text) || text[i] != '{' {
		return "", "", false
	}
	return text[1:i], text[i+1:], true
}

// keyEnd is the length of the key at the beginning of body: Interlok's [\w!\$"#&%'\*\+,\-\.:=]+ .
func keyEnd(body string) int {
	for i := range len(body) {
		if b := body[i]; !isLetter(b) && !isDigit(b) && strings.IndexByte(`_!$"#&%'*+,-.:=`, b) < 0 {
			return i
		}
	}
	return len(body)
}

// maxBrackets is how deep brackets and braces may stand in each other before an expression is none: else texts with many beginnings and no
// end would be read to the end for each.
const maxBrackets = 100

// scanPathEnd finds the brace that closes an expression in body, from position from on: the first one outside brackets and quotes of the
// path. quotesAnywhere is for XPath; a JSONPath quotes only inside brackets, with escapes. -1 means that there is none.
func scanPathEnd(body string, from int, quotesAnywhere bool) int {
	var open []byte
	for i := from; i < len(body) && len(open) <= maxBrackets; i++ {
		switch b := body[i]; b {
		case '\'', '"':
			if !quotesAnywhere && len(open) == 0 {
				continue
			}
			n := quoted(body[i:], !quotesAnywhere)
			if n == 0 {
				return -1
			}
			i += n - 1
		case '[':
			open = append(open, ']')
		case '(':
			open = append(open, ')')
		case '{':
			open = append(open, '}')
		case ']', ')', '}':
			if len(open) == 0 {
				if b == '}' {
					return i
				}
				continue // the path's own parser will say what is wrong
			}
			if open[len(open)-1] != b {
				return -1
			}
			open = open[:len(open)-1]
		}
	}
	return -1
}

// quoted is the length of the quoted piece at the beginning of s; 0 if it is not closed.
func quoted(s string, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return 0
}

// notIn matches characters that are neither an ASCII letter or digit nor in set.
func notIn(set string) func(rune) bool {
	return func(r rune) bool {
		return r >= 0x80 || !isLetter(byte(r)) && !isDigit(byte(r)) && strings.IndexByte(set, byte(r)) < 0
	}
}

func isLetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
