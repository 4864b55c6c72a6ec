package service

import (
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// matchesAtATime is how many matches are looked for before the records that they end are handed on: a payload may have as many matches
// as bytes, and each takes more memory than it.
const matchesAtATime = 128

// recordSearch finds matches from a place inside of a text, which package regexp only does from its beginning.
type recordSearch struct {
	pattern *regexp.Regexp
	// behind finds the first match that begins at the second byte of a text or later. It is there for patterns such as ^a and \b, which ask
	// for what is before a match; nil for others, whose matches in the rest of a text are the same as in all of it.
	behind *regexp.Regexp
}

func newRecordSearch(pattern *regexp.Regexp) (recordSearch, error) {
	parsed, err := syntax.Parse(pattern.String(), syntax.Perl)
	if err != nil || !asksForBefore(parsed) {
		return recordSearch{pattern: pattern}, err
	}
	// The parsed form, because \Q in the written one may have no end.
	behind, err := regexp.Compile(`\A(?s:.)(?s:.*?)(?:` + parsed.String() + `)`)
	return recordSearch{pattern, behind}, err
}

func asksForBefore(r *syntax.Regexp) bool {
	switch r.Op {
	case syntax.OpBeginLine, syntax.OpBeginText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	for _, sub := range r.Sub {
		if asksForBefore(sub) {
			return true
		}
	}
	return false
}

// ends calls do for the ends of the matches in a text, but those of matches of nothing at the end of the one before, or at the beginning.
func (s *recordSearch) ends(text []byte, do func(end int) error) error {
	if s.behind != nil {
		return s.endsBehind(text, do)
	}
	for from := 0; ; {
		matches := s.pattern.FindAllIndex(text[from:], matchesAtATime)
		begin := from
		for _, match := range matches {
			if end := begin + match[1]; end != from {
				from = end
				if err := do(end); err != nil {
					return err
				}
			}
		}
		if len(matches) < matchesAtATime {
			return nil
		}
	}
}

// endsBehind is ends one match after the other, with the byte before the place where the search goes on.
func (s *recordSearch) endsBehind(text []byte, do func(end int) error) error {
	for from, at := 0, 0; at <= len(text); {
		end := -1
		if at == 0 {
			if match := s.pattern.FindIndex(text); match != nil {
				end = match[1]
			}
		} else if match := s.behind.FindIndex(text[at-1:]); match != nil {
			end = at - 1 + match[1]
		}
		switch {
		case end < 0:
			return nil
		case end == from:
			// Nothing, where the record begins: the next match begins a character later.
			_, width := utf8.DecodeRune(text[from:])
			at = from + max(width, 1)
		default:
			from, at = end, end
			if err := do(end); err != nil {
				return err
			}
		}
	}
	return nil
}

// eachRecord calls do for every record of the text; the last one, behind the last match, may be empty.
func (s *RegexpSplitter) eachRecord(text []byte, do func(from, to int, last bool) error) error {
	from := 0
	err := s.search.ends(text, func(end int) error {
		begin := from
		from = end
		return do(begin, end, false)
	})
	if err != nil {
		return err
	}
	return do(from, len(text), true)
}
