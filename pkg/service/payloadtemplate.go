package service

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// PayloadFromTemplate makes a new payload of a text with expressions, which may read the old one, and then puts metadata in place of
// tokens. Interlok: PayloadFromTemplateService. Expressions are resolved first, so a token may be found in what they gave, as in
// Interlok; what tokens bring in is not searched for expressions.
type PayloadFromTemplate struct {
	component.ServiceBase
	Template         *expr.Template `xml:"template" doc:"the new payload, with expressions"`
	Tokens           []*Token       `xml:"metadata-tokens>key-value-pair" doc:"metadata and the tokens that it replaces"`
	QuoteReplacement bool           `xml:"quote-replacement" default:"true" doc:"false lets $1 and \\ in a metadata value mean what they mean in Java's replaceAll"`

	Quiet     bool `xml:"quiet" effect:"none" doc:"accepted for compatibility: replacements are not logged"`
	MultiLine bool `xml:"multi-line-expression" default:"true" effect:"none" doc:"accepted for compatibility: line ends never matter to expressions"`
}

// Token is a metadata key and the pattern of what its value replaces.
type Token struct {
	Key   string         `xml:"key,required" doc:"key of the metadata"`
	Value *regexp.Regexp `xml:"value,required" example:"@@name@@" doc:"regular expression of the token"`
}

// Apply replaces the payload of m.
func (s *PayloadFromTemplate) Apply(_ context.Context, m *message.Message) error {
	text, err := resolve(s.Template, m)
	if err != nil {
		return fmt.Errorf("payload-from-template: %w", err)
	}
	for _, token := range s.Tokens {
		value, ok := m.Metadata(token.Key)
		if !ok {
			continue
		}
		if s.QuoteReplacement {
			value = quoteReplacement(value)
		}
		if text, err = replaceAll(token.Value, text, value); err != nil {
			return fmt.Errorf("payload-from-template: metadata %q as a replacement: %w", token.Key, err)
		}
	}
	if err := setText(m, text); err != nil {
		return fmt.Errorf("payload-from-template: %w", err)
	}
	return nil
}

// parseReplacement reads a replacement of Java.
func parseReplacement(pattern *regexp.Regexp, replacement string) ([]replacementPart, error) {
	var parts []replacementPart
	for i := 0; i < len(replacement); {
		switch replacement[i] {
		case '\\':
			if i+1 == len(replacement) {
				return nil, fmt.Errorf("it ends with \\; double it, or set <quote-replacement> to true")
			}
			parts = append(parts, replacementPart{replacement[i+1 : i+2], -1})
			i += 2
		case '$':
			group, length := parseGroup(pattern, replacement[i+1:])
			if group < 0 {
				return nil, fmt.Errorf("%s has no group for the $ at character %d; set <quote-replacement> to true to take it as it is", pattern, i+1)
			}
			parts = append(parts, replacementPart{"", group})
			i += 1 + length
		default:
			n := strings.IndexAny(replacement[i:], `\$`)
			if n < 0 {
				n = len(replacement) - i
			}
			parts = append(parts, replacementPart{replacement[i : i+n], -1})
			i += n
		}
	}
	return parts, nil
}

// parseGroup reads the group after a $: as many digits as make a group that exists, or a name in braces.
func parseGroup(pattern *regexp.Regexp, s string) (group, length int) {
	if name, _, closed := strings.Cut(strings.TrimPrefix(s, "{"), "}"); strings.HasPrefix(s, "{") && closed {
		return pattern.SubexpIndex(name), len(name) + 2
	}
	group = -1
	for length < len(s) && '0' <= s[length] && s[length] <= '9' {
		next := max(group, 0)*10 + int(s[length]-'0')
		if next > pattern.NumSubexp() {
			break
		}
		group = next
		length++
	}
	return group, length
}

func init() {
	component.Register[PayloadFromTemplate]("payload-from-template", "com.adaptris.core.services.metadata.PayloadFromTemplateService", component.KindService,
		"makes a new payload of a text with expressions")
}
