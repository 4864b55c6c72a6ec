package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// XPathMetadata sets metadata to what XPaths find in the payload. Interlok: XpathMetadataService. Nothing is set when one of them fails.
type XPathMetadata struct {
	component.ServiceBase
	xmlReading
	Queries []XPathQuery `xml:"xpath-query,implicit" class:"configured-xpath-query" doc:"what is looked for"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// Check compiles the XPaths.
func (s *XPathMetadata) Check(r *component.Report) { prepareQueries(r, &s.xmlReading, s.Queries) }

// Apply sets the metadata of m.
func (s *XPathMetadata) Apply(_ context.Context, m *message.Message) error {
	found := make([][2]string, 0, len(s.Queries))
	for _, q := range s.Queries {
		key, value, err := q.find(&s.xmlReading, m)
		if err != nil {
			return fmt.Errorf("xpath-metadata-service: metadata %q: %w", key, err)
		}
		found = append(found, [2]string{key, value})
	}
	for _, f := range found {
		m.SetMetadata(f[0], f[1])
	}
	return nil
}

func init() {
	component.Register[XPathMetadata]("xpath-metadata-service", "com.adaptris.core.services.metadata.XpathMetadataService", component.KindService,
		"sets metadata to what XPaths find in the payload")
}
