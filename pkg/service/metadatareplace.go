package service

import (
	"context"
	"fmt"
	"regexp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// ReplaceMetadata replaces parts of values. Interlok: ReplaceMetadataValue. In the replacement $1 is a group of the match, and a backslash
// takes the character after it as it is; {1} is a group too, where the pattern matches the whole value, and text elsewhere. Groups are
// data: other than in Interlok, a $ or {2} in them stands for itself.
type ReplaceMetadata struct {
	MetadataByPattern
	SearchValue      *regexp.Regexp `xml:"search-value,required" example:"-.*" doc:"regular expression of what is replaced"`
	ReplacementValue *expr.Template `xml:"replacement-value" doc:"what it becomes; blank removes it"`
	ReplaceAll       bool           `xml:"replace-all" default:"false" doc:"true replaces every match, false the first"`

	wholeValue *regexp.Regexp
}

// Check refuses a replacement that cannot be read, if it is the same for every message.
func (s *ReplaceMetadata) Check(r *component.Report) {
	s.MetadataByPattern.Check(r)
	if s.SearchValue == nil {
		return
	}
	s.wholeValue = wholeMatch(s.SearchValue)
	text, constant := constantText(s.ReplacementValue)
	if !constant {
		return
	}
	filled, err := fillGroups(text, make([]string, s.SearchValue.NumSubexp()+1))
	if err == nil {
		err = s.readable(filled)
	}
	if err != nil {
		r.Errorf("replacement-value", "bad-value", ": %v", err)
	}
}

func (s *ReplaceMetadata) readable(replacement string) error {
	if _, err := parseReplacement(s.SearchValue, replacement); err != nil {
		return fmt.Errorf(`the replacement %q does not fit <search-value> %s; name groups that are there, and write \$ and \\ for these characters themselves`, replacement, s.SearchValue)
	}
	return nil
}

// Apply changes the metadata of m.
func (s *ReplaceMetadata) Apply(_ context.Context, m *message.Message) error {
	const name = "replace-metadata-value"
	text, err := resolve(s.ReplacementValue, m)
	if err != nil {
		return fmt.Errorf("%s: <replacement-value>: %w", name, err)
	}
	return s.rewrite(name, m, func(value string) (string, error) {
		replacement := text
		if groups := s.wholeValue.FindStringSubmatch(value); groups != nil {
			if replacement, err = fillGroups(text, groups); err != nil {
				return "", err
			}
		}
		if err := s.readable(replacement); err != nil {
			return "", err
		}
		if s.ReplaceAll {
			return replaceAll(s.SearchValue, value, replacement)
		}
		return replaceFirst(s.SearchValue, value, replacement)
	})
}

// RegexpMetadata sets metadata to what regular expressions find in the payload. Interlok: RegexpMetadataService.
type RegexpMetadata struct {
	component.ServiceBase
	Queries       []*RegexpQuery `xml:"regexp-metadata-query,implicit" doc:"what is looked for"`
	AddNullValues bool           `xml:"add-null-values" default:"true" doc:"false sets nothing where an expression finds nothing, or an empty text"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// RegexpQuery is a regular expression and the metadata that its first group becomes. Interlok: RegexpMetadataQuery.
type RegexpQuery struct {
	MetadataKey string         `xml:"metadata-key,required" example:"orderId" doc:"key of the metadata"`
	Expression  *regexp.Regexp `xml:"query-expression,required" example:"order=([0-9]+)" doc:"regular expression that is found in the payload; its first group is the value"`
	AllowNulls  bool           `xml:"allow-nulls" default:"false" doc:"false fails when the expression is not found, true makes that an empty text"`
}

// Check asks for a group.
func (q *RegexpQuery) Check(r *component.Report) {
	if q.Expression != nil && q.Expression.NumSubexp() == 0 {
		r.Errorf("query-expression", "bad-value", "is %q, which has no group; put what is wanted into parentheses", q.Expression)
	}
}

// Check warns of a service without queries.
func (s *RegexpMetadata) Check(r *component.Report) {
	if len(s.Queries) == 0 {
		r.Warnf("", "no-effect", "has no <regexp-metadata-query>, so it does nothing; add one or remove the service")
	}
}

// Apply sets the metadata of m. What was set before a failure stays set.
func (s *RegexpMetadata) Apply(_ context.Context, m *message.Message) error {
	text, err := m.Text()
	if err != nil {
		return fmt.Errorf("regexp-metadata-service: %w", err)
	}
	for _, q := range s.Queries {
		value := ""
		if groups := q.Expression.FindStringSubmatch(text); groups != nil {
			value = groups[1]
		} else if !q.AllowNulls {
			return fmt.Errorf("regexp-metadata-service: metadata %q: %s is not found in the payload; set <allow-nulls> to true if it need not be there", q.MetadataKey, q.Expression)
		}
		if value != "" || s.AddNullValues {
			m.SetMetadata(q.MetadataKey, value)
		}
	}
	return nil
}

func init() {
	component.Register[ReplaceMetadata]("replace-metadata-value", "com.adaptris.core.services.metadata.ReplaceMetadataValue", component.KindService,
		"replaces parts of metadata values")
	component.Register[RegexpMetadata]("regexp-metadata-service", "com.adaptris.core.services.metadata.RegexpMetadataService", component.KindService,
		"sets metadata to what regular expressions find in the payload")
}
