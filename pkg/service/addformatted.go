package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// AddFormatted sets metadata to a text of other metadata by a format of java.util.Formatter. Interlok: AddFormattedMetadataService. All
// arguments are texts, so the conversions are %s, %b and %h. Expressions are resolved before the format is read, as there.
type AddFormatted struct {
	component.ServiceBase
	Format      *expr.Template   `xml:"format-string,required" example:"%1$s-%2$s" doc:"Java format: %1$s is the first of the metadata; expressions"`
	Arguments   []string         `xml:"argument-metadata-key,implicit" doc:"keys of the metadata that the format writes, in order"`
	MetadataKey string           `xml:"metadata-key,required" doc:"key of the metadata that is set"`
	Formatter   ElementFormatter `xml:"element-formatter" default:"element-value-formatter" doc:"what an argument is: the value, or key and value"`

	constant *stringFormat
}

// ElementFormatter makes a text of metadata. Interlok: ElementFormatter. It is safe for concurrent use.
type ElementFormatter interface {
	FormatElement(item MetadataItem) string
}

// ElementValue is the value. Interlok: ElementValueFormatter.
type ElementValue struct{}

// FormatElement implements ElementFormatter.
func (*ElementValue) FormatElement(item MetadataItem) string { return item.Value }

// ElementKeyAndValue is the key and the value. Interlok: ElementKeyAndValueFormatter.
type ElementKeyAndValue struct {
	Separator string `xml:"separator" default:"=" doc:"text between the two"`
}

// FormatElement implements ElementFormatter.
func (f *ElementKeyAndValue) FormatElement(item MetadataItem) string {
	return item.Key + f.Separator + item.Value
}

// Check reads a format that is the same for every message.
func (s *AddFormatted) Check(r *component.Report) {
	text, constant := constantText(s.Format)
	if !constant || s.Format == nil {
		return
	}
	f, err := parseStringFormat(text, len(s.Arguments))
	if err != nil {
		r.Errorf("format-string", "bad-value", "is %q: %v", text, err)
		return
	}
	s.constant = f
}

// Apply sets the metadata of m.
func (s *AddFormatted) Apply(_ context.Context, m *message.Message) error {
	const name = "add-formatted-metadata-service"
	format := s.constant
	if format == nil {
		text, err := resolve(s.Format, m)
		if err != nil {
			return fmt.Errorf("%s: <format-string>: %w", name, err)
		}
		if format, err = parseStringFormat(text, len(s.Arguments)); err != nil {
			return fmt.Errorf("%s: <format-string> %q: %w", name, text, err)
		}
	}
	arguments := make([]string, len(s.Arguments))
	for i, key := range s.Arguments {
		value, there := m.Metadata(key)
		if !there {
			return fmt.Errorf("%s: the message has no metadata %q; set it before, or remove its <argument-metadata-key>", name, key)
		}
		arguments[i] = s.Formatter.FormatElement(MetadataItem{Key: key, Value: value})
	}
	m.SetMetadata(s.MetadataKey, format.write(arguments))
	return nil
}

func init() {
	component.Register[AddFormatted]("add-formatted-metadata-service", "com.adaptris.core.services.metadata.AddFormattedMetadataService",
		component.KindService, "sets metadata to a text of other metadata, by a format")
	component.Register[ElementValue]("element-value-formatter", "com.adaptris.core.metadata.ElementValueFormatter", component.KindPart,
		"the value of metadata")
	component.Register[ElementKeyAndValue]("element-key-and-value-formatter", "com.adaptris.core.metadata.ElementKeyAndValueFormatter", component.KindPart,
		"key and value of metadata")
}
