package service

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// textFunction is a function that can be called on a text; takes says that it has an argument.
type textFunction struct {
	takes bool
	call  func(s, argument string) (value, error)
}

// textFunctions are those of Java's String that conditions need.
var textFunctions = map[string]textFunction{
	"equals":           predicate(func(s, a string) bool { return s == a }),
	"equalsIgnoreCase": predicate(strings.EqualFold),
	"contains":         predicate(strings.Contains),
	"startsWith":       predicate(strings.HasPrefix),
	"endsWith":         predicate(strings.HasSuffix),
	"matches": {true, func(s, a string) (value, error) {
		pattern, err := compilePattern(a)
		if err != nil {
			return value{}, err
		}
		return truthValue(pattern.MatchString(s)), nil
	}},
	"isEmpty": {false, func(s, _ string) (value, error) { return truthValue(s == ""), nil }},
	// Java counts in UTF-16.
	"length": {false, func(s, _ string) (value, error) {
		return value{kind: wholeValue, whole: int64(len(utf16.Encode([]rune(s))))}, nil
	}},
	"trim":        textResult(strings.TrimSpace),
	"toLowerCase": textResult(strings.ToLower),
	"toUpperCase": textResult(strings.ToUpper),
}

var functionNames = slices.Sorted(maps.Keys(textFunctions))

func predicate(holds func(s, a string) bool) textFunction {
	return textFunction{true, func(s, a string) (value, error) { return truthValue(holds(s, a)), nil }}
}

func textResult(f func(string) string) textFunction {
	return textFunction{false, func(s, _ string) (value, error) { return textOfValue(f(s)), nil }}
}
