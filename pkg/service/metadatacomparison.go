package service

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// CompareMetadata sets metadata to the outcome of a comparison of two values. Interlok: MetadataComparisonService.
type CompareMetadata struct {
	component.ServiceBase
	FirstKey   string     `xml:"first-key,required" doc:"key of the first value"`
	SecondKey  string     `xml:"second-key,required" doc:"key of the second value"`
	Comparator Comparator `xml:"comparator,required" example:"metadata-equals" doc:"the comparison, which names the key of its outcome"`
}

// Comparator compares two values, and is an operator of conditions too. Interlok: MetadataComparator. It is safe for concurrent use.
type Comparator interface {
	Operator
	// Compare returns the key of the metadata that is set, and its value.
	Compare(first, second string) (key, value string, err error)
}

// Apply sets the metadata of m.
func (s *CompareMetadata) Apply(_ context.Context, m *message.Message) error {
	var values [2]string
	for i, key := range []string{s.FirstKey, s.SecondKey} {
		var there bool
		if values[i], there = m.Metadata(key); !there {
			return fmt.Errorf("metadata-comparison-service: the message has no metadata %q to compare; set it before", key)
		}
	}
	key, value, err := s.Comparator.Compare(values[0], values[1])
	if err != nil {
		return fmt.Errorf("metadata-comparison-service: %w", err)
	}
	m.SetMetadata(key, value)
	return nil
}

// TextComparison is what comparators of texts have in common. Interlok: ComparatorImpl.
type TextComparison struct {
	ResultKey string         `xml:"result-key" doc:"key of the metadata that is set to true or false; without it the comparator's Java class"`
	Value     *expr.Template `xml:"value" doc:"what a value is compared with when this is the operator of a condition"`
}

// key is where the outcome goes; class is the comparator's name in Interlok's package.
func (c *TextComparison) key(class string) string {
	if c.ResultKey != "" {
		return c.ResultKey
	}
	return "com.adaptris.core.services.metadata.compare." + class
}

// compare is the outcome of holds for two values.
func (c *TextComparison) compare(class string, holds bool) (key, value string, err error) {
	return c.key(class), strconv.FormatBool(holds), nil
}

// foldedIf is a text in which letters differ in nothing but their kind, if asked for.
func foldedIf(ignoreCase bool, text string) string {
	if !ignoreCase {
		return text
	}
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, text)
}

// holds is the outcome of compare for a value and the comparator's own.
func (c *TextComparison) holds(m *message.Message, value string, there, ignoreCase bool, compare func(a, b string) bool) (bool, error) {
	own, err := resolve(c.Value, m)
	return err == nil && there && compare(foldedIf(ignoreCase, value), foldedIf(ignoreCase, own)), err
}

// Timestamps compares two times: the outcome is -1, 0 or 1. As an operator it holds for the same time. Interlok: CompareTimestamps.
type Timestamps struct {
	TextComparison
	DateFormat string `xml:"date-format" default:"yyyy-MM-dd'T'HH:mm:ssZ" doc:"pattern of SimpleDateFormat that both values have"`

	pattern *datePattern
}

// Check compiles the pattern.
func (c *Timestamps) Check(r *component.Report) {
	if c.DateFormat == "" {
		c.DateFormat = "yyyy-MM-dd'T'HH:mm:ssZ"
	}
	var err error
	if c.pattern, err = parseDatePattern(c.DateFormat, ""); err != nil {
		r.Errorf("date-format", "bad-value", ": %v", err)
	}
}

func (c *Timestamps) compareTimes(first, second string) (int, error) {
	a, err := c.pattern.parse(first, time.Local)
	if err != nil {
		return 0, err
	}
	b, err := c.pattern.parse(second, time.Local)
	return a.Compare(b), err
}

// Compare implements Comparator.
func (c *Timestamps) Compare(first, second string) (key, value string, err error) {
	order, err := c.compareTimes(first, second)
	return c.key("CompareTimestamps"), strconv.Itoa(order), err
}

// Holds implements Operator. What is no time equals nothing.
func (c *Timestamps) Holds(m *message.Message, value string, there bool) (bool, error) {
	own, err := resolve(c.Value, m)
	if err != nil || !there {
		return false, err
	}
	order, err := c.compareTimes(value, own)
	return err == nil && order == 0, nil
}

func init() {
	component.Register[CompareMetadata]("metadata-comparison-service", "com.adaptris.core.services.metadata.compare.MetadataComparisonService",
		component.KindService, "sets metadata to the outcome of a comparison of two values")
	component.Register[Timestamps]("metadata-compare-timestamps", "com.adaptris.core.services.metadata.compare.CompareTimestamps", component.KindPart,
		"compares two times")
}
