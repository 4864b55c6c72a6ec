package service

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
)

// EqualsMatcher takes the first mapping whose key equals the value. Interlok: EqualsValueMatcher.
type EqualsMatcher struct{ mappings []component.KeyValue }

func (e *EqualsMatcher) prepare(mappings []component.KeyValue) error {
	e.mappings = mappings
	return nil
}

func (e *EqualsMatcher) match(value string) (string, bool) {
	for _, p := range e.mappings {
		if p.Key == value {
			return p.Value, true
		}
	}
	return "", false
}

// IgnoresCaseMatcher takes the first mapping whose key equals the value, in whatever case. Interlok: IgnoresCaseValueMatcher.
type IgnoresCaseMatcher struct{ mappings []component.KeyValue }

func (e *IgnoresCaseMatcher) prepare(mappings []component.KeyValue) error {
	e.mappings = mappings
	return nil
}

func (e *IgnoresCaseMatcher) match(value string) (string, bool) {
	for _, p := range e.mappings {
		if strings.EqualFold(p.Key, value) {
			return p.Value, true
		}
	}
	return "", false
}

// RegexMatcher takes the first mapping whose key, a regular expression, matches the whole value. Interlok: RegexpValueMatcher.
type RegexMatcher struct {
	patterns []*regexp.Regexp
	ids      []string
}

func (e *RegexMatcher) prepare(mappings []component.KeyValue) error {
	for _, p := range mappings {
		pattern, err := compilePattern(p.Key)
		if err != nil {
			return fmt.Errorf("%s: %w", p.Pos, err)
		}
		e.patterns, e.ids = append(e.patterns, pattern), append(e.ids, p.Value)
	}
	return nil
}

func (e *RegexMatcher) match(value string) (string, bool) {
	for i, p := range e.patterns {
		if p.MatchString(value) {
			return e.ids[i], true
		}
	}
	return "", false
}

// IntegerMatcher takes the first mapping, in the order of their keys as texts, whose comparison holds for the value: >5, >=5, <5, <=5, =5.
// A value that is no whole number of 32 bits matches nothing. Interlok: IntegerValueMatcher.
type IntegerMatcher struct {
	MatchKey string `xml:"match-key" effect:"none" doc:"accepted for compatibility"`

	comparisons []comparison
}

type comparison struct {
	operator string
	with     int64
	id       string
}

var integerComparison = regexp.MustCompile(`^\s*(>=|<=|>|<|=)\s*([0-9]+)$`)

func (e *IntegerMatcher) prepare(mappings []component.KeyValue) error {
	sorted := slices.Clone(mappings)
	slices.SortStableFunc(sorted, func(a, b component.KeyValue) int { return strings.Compare(a.Key, b.Key) })
	for _, p := range sorted {
		parts := integerComparison.FindStringSubmatch(p.Key)
		if parts == nil {
			return fmt.Errorf("%s: the key %q is no comparison; write one such as >=10, with >, >=, <, <= or =", p.Pos, p.Key)
		}
		with, err := strconv.ParseInt(parts[2], 10, 32)
		if err != nil {
			return fmt.Errorf("%s: the key %q compares with a number that does not fit into 32 bits; take a smaller one", p.Pos, p.Key)
		}
		e.comparisons = append(e.comparisons, comparison{parts[1], with, p.Value})
	}
	return nil
}

func (e *IntegerMatcher) match(value string) (string, bool) {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		return "", false
	}
	for _, c := range e.comparisons {
		if c.holds(n) {
			return c.id, true
		}
	}
	return "", false
}

func (c comparison) holds(n int64) bool {
	switch c.operator {
	case ">":
		return n > c.with
	case ">=":
		return n >= c.with
	case "<":
		return n < c.with
	case "<=":
		return n <= c.with
	}
	return n == c.with
}

// KeyAsServiceIDMatcher takes the value itself for the service, unless it is blank. Interlok: UseKeyAsServiceIdValueMatcher.
type KeyAsServiceIDMatcher struct{}

func (*KeyAsServiceIDMatcher) prepare([]component.KeyValue) error { return nil }

func (*KeyAsServiceIDMatcher) match(value string) (string, bool) {
	return value, strings.TrimSpace(value) != ""
}

func init() {
	const pkg = "com.adaptris.core.services.metadata."
	component.Register[EqualsMatcher]("equals-value-matcher", pkg+"EqualsValueMatcher", component.KindPart, "the mapping's key equals the value")
	component.Register[IgnoresCaseMatcher]("ignores-case-value-matcher", pkg+"IgnoresCaseValueMatcher", component.KindPart, "the mapping's key equals the value, in whatever case")
	component.Register[RegexMatcher]("regex-value-matcher", pkg+"RegexpValueMatcher", component.KindPart, "the mapping's key is a regular expression for the whole value")
	component.Register[IntegerMatcher]("integer-value-matcher", pkg+"IntegerValueMatcher", component.KindPart, "the mapping's key compares with a whole number, such as >=10")
	component.Register[KeyAsServiceIDMatcher]("use-key-as-service-id-value-matcher", pkg+"UseKeyAsServiceIdValueMatcher", component.KindPart, "the value is the service's unique-id")
}
