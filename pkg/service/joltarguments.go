package service

import (
	"encoding/json"
	"strings"
)

// splitArguments cuts at commas that stand neither in quotes nor in parentheses.
func splitArguments(text string) []string {
	var args []string
	begin, depth, quoted := 0, 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth <= 0:
			args = append(args, strings.TrimSpace(text[begin:i]))
			begin = i + 1
		}
	}
	return append(args, strings.TrimSpace(text[begin:]))
}

// parseJoltArgument reads a value of the document (@), of a context (^), or a text; literal says that a text may mean something else, as the
// arguments of functions do.
func parseJoltArgument(text string, literal bool) (joltValue, error) {
	switch {
	case strings.HasPrefix(text, "^"):
		return joltValue{nothing: true}, nil
	case strings.HasPrefix(text, "@"):
		from, err := parseJoltFrom(text)
		return joltValue{from: from}, err
	case !literal:
		return joltValue{literal: text}, nil
	case text == "":
		return joltValue{}, nil
	case len(text) > 1 && strings.HasPrefix(text, "'") && strings.HasSuffix(text, "'"):
		return joltValue{literal: text[1 : len(text)-1]}, nil
	case strings.EqualFold(text, "true"), strings.EqualFold(text, "false"):
		return joltValue{literal: strings.EqualFold(text, "true")}, nil
	case jsonNumber.MatchString(text):
		return joltValue{literal: json.Number(text)}, nil
	}
	return joltValue{literal: text}, nil
}
