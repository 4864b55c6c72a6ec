package service

import (
	"context"
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// dateReader is a registered date format that can be read too.
type dateReader interface {
	dateFormatter
	parse(m *message.Message, text string) (time.Time, error)
}

// unsetDatePattern is what Interlok's DateFormatBuilder has when the document gives it no format.
const unsetDatePattern = "yyyy-MM-dd'T'HH:mm:ssZ"

// ReformatDate writes dates in values in another format. Interlok: ReformatDateService. A builder without a format has
// yyyy-MM-dd'T'HH:mm:ssZ here, without milliseconds, as in Interlok: with them, it would not read what Interlok reads.
type ReformatDate struct {
	MetadataByPattern
	Source      dateReader `xml:"source-format-builder" class:"date-format-builder" default:"date-format-builder" doc:"how the values are written; without a format as yyyy-MM-dd'T'HH:mm:ssZ"`
	Destination dateReader `xml:"destination-format-builder" class:"date-format-builder" default:"date-format-builder" doc:"how they will be written; without a format as yyyy-MM-dd'T'HH:mm:ssZ"`
}

// Check sets the pattern of builders that have no format.
func (s *ReformatDate) Check(r *component.Report) {
	s.MetadataByPattern.Check(r)
	for element, builder := range map[string]dateReader{"source-format-builder": s.Source, "destination-format-builder": s.Destination} {
		format, ok := builder.(*DateFormat)
		if node := r.Node().Child(element); !ok || node != nil && node.Child("format") != nil {
			continue
		}
		pattern, err := parseDatePattern(unsetDatePattern, "")
		if err != nil {
			r.Errorf(element, "bad-value", ": %v", err)
		}
		format.pattern = pattern
	}
}

// Apply changes the metadata of m.
func (s *ReformatDate) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("reformat-date-service", m, func(value string) (string, error) {
		t, err := s.Source.parse(m, value)
		if err != nil {
			return "", fmt.Errorf("<source-format-builder>: %w", err)
		}
		text, err := s.Destination.format(m, t)
		if err != nil {
			return "", fmt.Errorf("<destination-format-builder>: %w", err)
		}
		return text, nil
	})
}

func init() {
	component.Register[ReformatDate]("reformat-date-service", "com.adaptris.core.services.metadata.ReformatDateService", component.KindService,
		"writes dates in metadata values in another format")
}
