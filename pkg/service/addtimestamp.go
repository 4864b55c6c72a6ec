package service

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// AddTimestamp sets metadata to the time. Interlok: AddTimestampMetadataService.
type AddTimestamp struct {
	component.ServiceBase
	MetadataKey   string             `xml:"metadata-key" default:"timestamp" doc:"key of the metadata"`
	AlwaysReplace bool               `xml:"always-replace" default:"false" doc:"true replaces a value that is there already"`
	DateFormat    dateFormatter      `xml:"date-format-builder" class:"date-format-builder" default:"date-format-builder" doc:"how the time is written"`
	Generator     TimestampGenerator `xml:"timestamp-generator" doc:"which time; without it the present"`
}

// Check refuses a blank key.
func (s *AddTimestamp) Check(r *component.Report) {
	if strings.TrimSpace(s.MetadataKey) == "" {
		r.Errorf("metadata-key", "blank-element", "is blank; give it a value such as timestamp")
	}
}

// Apply sets the metadata of m.
func (s *AddTimestamp) Apply(_ context.Context, m *message.Message) error {
	if _, there := m.Metadata(s.MetadataKey); there && !s.AlwaysReplace {
		return nil
	}
	t := time.Now()
	if s.Generator != nil {
		var err error
		if t, err = s.Generator.Timestamp(m, t); err != nil {
			return fmt.Errorf("add-timestamp-metadata-service: %w", err)
		}
	}
	text, err := s.DateFormat.format(m, t)
	if err != nil {
		return fmt.Errorf("add-timestamp-metadata-service: %w", err)
	}
	m.SetMetadata(s.MetadataKey, text)
	return nil
}

func init() {
	component.Register[AddTimestamp]("add-timestamp-metadata-service", "com.adaptris.core.services.metadata.AddTimestampMetadataService",
		component.KindService, "sets metadata to the time")
}
