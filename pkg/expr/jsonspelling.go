package expr

import "strings"

// spell rewrites a path into the spelling that ojg's parser takes, with the same meaning: names after a dot may hold characters such as -
// or @, as other JSONPath implementations allow, in filters too; any white space stands for a blank; ! negates only what stands behind it; operators need no blank behind
// them; a regular expression may have flags.
func spell(path string) string {
	s := speller{in: path}
	s.path(true)
	return s.out.String()
}

type speller struct {
	in  string
	pos int
	out strings.Builder
}

func (s *speller) peek() byte {
	if s.pos < len(s.in) {
		return s.in[s.pos]
	}
	return 0
}

func (s *speller) copy(n int) {
	s.out.WriteString(s.in[s.pos : s.pos+n])
	s.pos += n
}

// path goes over $, .name, ..name and […] as far as they go; a path that is not inside a filter goes to the end.
func (s *speller) path(whole bool) {
	switch s.peek() {
	case '$', '@':
		s.copy(1)
	default:
		s.name("", whole)
	}
	for s.pos < len(s.in) {
		switch s.peek() {
		case '.':
			dots := "."
			if strings.HasPrefix(s.in[s.pos:], "..") {
				dots = ".."
			}
			s.pos += len(dots)
			s.name(dots, whole)
		case '[':
			s.bracket()
		default:
			if !whole {
				return
			}
			s.copy(1)
		}
	}
}

// name goes over a name that follows dots, and puts it into brackets if ojg would not take it for one.
func (s *speller) name(dots string, whole bool) {
	begin, plain := s.pos, true
	for ; s.pos < len(s.in); s.pos++ {
		b := s.in[s.pos]
		if isLetter(b) || isDigit(b) || b == '_' || b >= 0x80 {
			continue
		}
		// In a filter a name ends where an operator may begin; outside, only where the path goes on or text cannot be a name.
		if b != '-' && !(whole && strings.IndexByte("$@!#%&+/:;<=>?^|~", b) >= 0) {
			break
		}
		plain = false
	}
	name := s.in[begin:s.pos]
	switch {
	case plain:
		s.out.WriteString(dots + name)
	case dots == "..":
		s.out.WriteString("..['" + name + "']")
	default:
		s.out.WriteString("['" + name + "']")
	}
}

// bracket goes over […].
func (s *speller) bracket() {
	s.copy(1)
	for isBlank(s.peek()) {
		s.pos++
	}
	s.until(']', s.peek() == '?')
}

// until goes over everything up to and including the closing byte that is not inside brackets, parentheses or quotes.
func (s *speller) until(closing byte, filter bool) {
	for s.pos < len(s.in) {
		switch b := s.peek(); {
		case b == closing:
			s.copy(1)
			return
		case b == '\'' || b == '"':
			n := quoted(s.in[s.pos:], true)
			if n == 0 {
				n = len(s.in) - s.pos
			}
			s.copy(n)
		case b == '(':
			s.copy(1)
			s.until(')', filter)
		case b == '[':
			s.copy(1)
			s.until(']', filter)
		case isBlank(b):
			s.out.WriteByte(' ')
			s.pos++
		case filter:
			s.filterPart(b)
		default:
			s.copy(1)
		}
	}
}

func (s *speller) filterPart(b byte) {
	switch {
	case b == '@' || b == '$':
		s.path(false)
	case b == '!' && !strings.HasPrefix(s.in[s.pos:], "!="):
		s.negation()
	case strings.IndexByte("=!<>&|~", b) >= 0:
		s.operator()
	case b == '/' && strings.HasSuffix(strings.TrimRight(s.out.String(), " "), "~"):
		s.regex()
	default:
		s.copy(1)
	}
}

// negation puts ! and what it negates into parentheses: ojg's ! would take in everything that follows.
func (s *speller) negation() {
	s.out.WriteByte('(')
	s.copy(1)
	for isBlank(s.peek()) {
		s.pos++
	}
	for isLetter(s.peek()) {
		s.copy(1) // a function's name
	}
	switch b := s.peek(); {
	case b == '(':
		s.copy(1)
		s.until(')', true)
	case b == '!':
		s.negation()
	case b == '@' || b == '$':
		s.path(false)
	}
	s.out.WriteByte(')')
}

// operator goes over one operator and parts it from a sign, regular expression or ! that follows, which ojg would take as its end.
func (s *speller) operator() {
	n := 1
	if s.pos+1 < len(s.in) {
		switch s.in[s.pos : s.pos+2] {
		case "==", "!=", "<=", ">=", "&&", "||", "=~", "~=":
			n = 2
		}
	}
	s.copy(n)
	if next := s.peek(); next == '-' || next == '/' || next == '!' {
		s.out.WriteByte(' ')
	}
}

// regex goes over /…/ and takes flags after it into it.
func (s *speller) regex() {
	n := 0
	for i := s.pos + 1; i < len(s.in); i++ {
		if s.in[i] == '\\' {
			i++
		} else if s.in[i] == '/' {
			n = i + 1 - s.pos
			break
		}
	}
	if n == 0 {
		s.copy(len(s.in) - s.pos)
		return
	}
	body := s.in[s.pos+1 : s.pos+n-1]
	s.pos += n
	begin := s.pos
	for strings.IndexByte("ims", s.peek()) >= 0 && s.peek() != 0 {
		s.pos++
	}
	s.out.WriteByte('/')
	if flags := s.in[begin:s.pos]; flags != "" {
		s.out.WriteString("(?" + flags + ")")
	}
	s.out.WriteString(body + "/")
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }
