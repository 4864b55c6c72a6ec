package service

import (
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// SameText compares whole texts. Interlok: compare.Equals.
type SameText struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"false" doc:"true takes capital and small letters for the same"`
}

// Compare implements Comparator.
func (c *SameText) Compare(first, second string) (key, value string, err error) {
	return c.compare("Equals", foldedIf(c.IgnoreCase, first) == foldedIf(c.IgnoreCase, second))
}

// Holds implements Operator.
func (c *SameText) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, func(a, b string) bool { return a == b })
}

// SameTextAnyCase compares whole texts, capital and small letters being the same. Interlok: compare.EqualsIgnoreCase.
type SameTextAnyCase struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"true" doc:"false tells capital and small letters apart"`
}

// Compare implements Comparator.
func (c *SameTextAnyCase) Compare(first, second string) (key, value string, err error) {
	return c.compare("EqualsIgnoreCase", foldedIf(c.IgnoreCase, first) == foldedIf(c.IgnoreCase, second))
}

// Holds implements Operator.
func (c *SameTextAnyCase) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, func(a, b string) bool { return a == b })
}

// ContainsText looks for the second text in the first. Interlok: compare.Contains.
type ContainsText struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"false" doc:"true takes capital and small letters for the same"`
}

// Compare implements Comparator.
func (c *ContainsText) Compare(first, second string) (key, value string, err error) {
	return c.compare("Contains", strings.Contains(foldedIf(c.IgnoreCase, first), foldedIf(c.IgnoreCase, second)))
}

// Holds implements Operator.
func (c *ContainsText) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, strings.Contains)
}

// ContainsTextAnyCase looks for the second text in the first, capital and small letters being the same. Interlok: compare.ContainsIgnoreCase.
type ContainsTextAnyCase struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"true" doc:"false tells capital and small letters apart"`
}

// Compare implements Comparator.
func (c *ContainsTextAnyCase) Compare(first, second string) (key, value string, err error) {
	return c.compare("ContainsIgnoreCase", strings.Contains(foldedIf(c.IgnoreCase, first), foldedIf(c.IgnoreCase, second)))
}

// Holds implements Operator.
func (c *ContainsTextAnyCase) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, strings.Contains)
}

// TextPrefix says whether the first text begins with the second. Interlok: compare.StartsWith.
type TextPrefix struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"false" doc:"true takes capital and small letters for the same"`
}

// Compare implements Comparator.
func (c *TextPrefix) Compare(first, second string) (key, value string, err error) {
	return c.compare("StartsWith", strings.HasPrefix(foldedIf(c.IgnoreCase, first), foldedIf(c.IgnoreCase, second)))
}

// Holds implements Operator.
func (c *TextPrefix) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, strings.HasPrefix)
}

// TextPrefixAnyCase says whether the first text begins with the second, capital and small letters being the same. Interlok:
// compare.StartsWithIgnoreCase.
type TextPrefixAnyCase struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"true" doc:"false tells capital and small letters apart"`
}

// Compare implements Comparator.
func (c *TextPrefixAnyCase) Compare(first, second string) (key, value string, err error) {
	return c.compare("StartsWithIgnoreCase", strings.HasPrefix(foldedIf(c.IgnoreCase, first), foldedIf(c.IgnoreCase, second)))
}

// Holds implements Operator.
func (c *TextPrefixAnyCase) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, strings.HasPrefix)
}

// TextSuffix says whether the first text ends with the second. Interlok: compare.EndsWith.
type TextSuffix struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"false" doc:"true takes capital and small letters for the same"`
}

// Compare implements Comparator.
func (c *TextSuffix) Compare(first, second string) (key, value string, err error) {
	return c.compare("EndsWith", strings.HasSuffix(foldedIf(c.IgnoreCase, first), foldedIf(c.IgnoreCase, second)))
}

// Holds implements Operator.
func (c *TextSuffix) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, strings.HasSuffix)
}

// TextSuffixAnyCase says whether the first text ends with the second, capital and small letters being the same. Interlok:
// compare.EndsWithIgnoreCase.
type TextSuffixAnyCase struct {
	TextComparison
	IgnoreCase bool `xml:"ignore-case" default:"true" doc:"false tells capital and small letters apart"`
}

// Compare implements Comparator.
func (c *TextSuffixAnyCase) Compare(first, second string) (key, value string, err error) {
	return c.compare("EndsWithIgnoreCase", strings.HasSuffix(foldedIf(c.IgnoreCase, first), foldedIf(c.IgnoreCase, second)))
}

// Holds implements Operator.
func (c *TextSuffixAnyCase) Holds(m *message.Message, value string, there bool) (bool, error) {
	return c.holds(m, value, there, c.IgnoreCase, strings.HasSuffix)
}

func init() {
	const of = "com.adaptris.core.services.metadata.compare."
	component.Register[SameText]("metadata-equals", of+"Equals", component.KindPart, "whether two texts are the same")
	component.Register[SameTextAnyCase]("metadata-equals-ignore-case", of+"EqualsIgnoreCase", component.KindPart, "whether two texts are the same, in any case")
	component.Register[ContainsText]("metadata-contains", of+"Contains", component.KindPart, "whether a text has another in it")
	component.Register[ContainsTextAnyCase]("metadata-contains-ignore-case", of+"ContainsIgnoreCase", component.KindPart, "whether a text has another in it, in any case")
	component.Register[TextPrefix]("metadata-starts-with", of+"StartsWith", component.KindPart, "whether a text begins with another")
	component.Register[TextPrefixAnyCase]("metadata-starts-with-ignore-case", of+"StartsWithIgnoreCase", component.KindPart, "whether a text begins with another, in any case")
	component.Register[TextSuffix]("metadata-ends-with", of+"EndsWith", component.KindPart, "whether a text ends with another")
	component.Register[TextSuffixAnyCase]("metadata-ends-with-ignore-case", of+"EndsWithIgnoreCase", component.KindPart, "whether a text ends with another, in any case")
}
