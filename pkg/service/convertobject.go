package service

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ConvertObject makes metadata of values that a message has in memory. Interlok: ConvertObjectMetadataService. Bytes are read as UTF-8;
// other values are written as the log would show them.
type ConvertObject struct {
	component.ServiceBase
	Pattern *regexp.Regexp `xml:"object-metadata-key-regexp,required" example:"report.*" doc:"regular expression that matches the whole key"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`

	whole *regexp.Regexp
}

// Check compiles the pattern.
func (s *ConvertObject) Check(*component.Report) {
	if s.Pattern != nil {
		s.whole = wholeMatch(s.Pattern)
	}
}

// Apply sets the metadata of m.
func (s *ConvertObject) Apply(_ context.Context, m *message.Message) error {
	for _, key := range m.ObjectKeys() {
		if key == objectNextService || key == objectLoggingContext || !s.whole.MatchString(key) {
			continue // the first two are ours, not the document's
		}
		switch value, _ := m.Object(key); value := value.(type) {
		case []byte:
			m.SetMetadata(key, strings.ToValidUTF8(string(value), "\uFFFD"))
		default:
			m.SetMetadata(key, fmt.Sprint(value))
		}
	}
	return nil
}

func init() {
	component.Register[ConvertObject]("convert-object-metadata-service", "com.adaptris.core.services.metadata.ConvertObjectMetadataService",
		component.KindService, "makes metadata of values that the message has in memory")
}
