package expr

import (
	"errors"
	"regexp"
	"strings"
)

var (
	errPosition = errors.New("position() and last() are supported only as the first condition of the first predicate of a step: " +
		"put them first, or end with a plain number such as [2] or with [last()]")
	askPosition = regexp.MustCompile(`\b(position|last)\s*\(\s*\)`)
	connective  = regexp.MustCompile(`\s(and|or)\s`)
)

// checkPositions refuses expressions that the XPath library evaluates wrongly without a word: where position() or last() follows another
// condition, in the same predicate or in one before, it counts other nodes than XPath says. A wrong partition key is worse than an error.
func checkPositions(path string) error {
	type predicate struct {
		begin    int
		followed bool // it stands behind another predicate of the same step
	}
	clean := withoutQuotes(path)
	var open []predicate
	for i := range len(clean) {
		switch clean[i] {
		case '[':
			open = append(open, predicate{i + 1, strings.HasSuffix(strings.TrimRight(clean[:i], " \t\r\n"), "]")})
		case ']':
			if len(open) == 0 {
				return nil // the library says what is wrong
			}
			p := open[len(open)-1]
			open = open[:len(open)-1]
			text := clean[p.begin:i]
			asks := askPosition.FindAllStringIndex(text, -1)
			if len(asks) == 0 || strings.TrimSpace(text) == "last()" {
				continue
			}
			c := connective.FindStringIndex(text)
			if p.followed || c != nil && c[0] < asks[len(asks)-1][0] {
				return errPosition
			}
		}
	}
	return nil
}

// withoutQuotes is path with the insides of its literals blanked, at the same positions.
func withoutQuotes(path string) string {
	out := []byte(path)
	for i := 0; i < len(out); i++ {
		if out[i] != '\'' && out[i] != '"' {
			continue
		}
		n := quoted(path[i:], false)
		if n == 0 {
			return string(out[:i])
		}
		for j := i + 1; j < i+n-1; j++ {
			out[j] = '_'
		}
		i += n - 1
	}
	return string(out)
}
