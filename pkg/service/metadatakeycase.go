package service

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// MetadataKeys is what services have in common that rewrite the keys of metadata. Interlok: ReformatMetadataKey. Two keys that become the
// same leave the value of the later one, in the order of the filter.
type MetadataKeys struct {
	component.ServiceBase
	KeysToModify MetadataFilter `xml:"keys-to-modify" default:"remove-all-metadata-filter" example:"regex-metadata-filter" doc:"which metadata changes its key: what the filter keeps"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// Check warns of a service that does nothing.
func (s *MetadataKeys) Check(r *component.Report) {
	if _, none := s.KeysToModify.(*RemoveAllMetadataFilter); none {
		r.Warnf("keys-to-modify", "no-effect", "keeps no metadata, so the service does nothing; name a filter that keeps what is to change, such as regex-metadata-filter")
	}
}

func (s *MetadataKeys) rename(service string, m *message.Message, change func(string) string) error {
	items, err := filterMetadata(s.KeysToModify, m)
	if err != nil {
		return fmt.Errorf("%s: <keys-to-modify>: %w", service, err)
	}
	for _, item := range items {
		m.RemoveMetadata(item.Key)
	}
	for _, item := range items {
		m.SetMetadata(change(item.Key), item.Value)
	}
	return nil
}

// LowerMetadataKeys makes keys lower case. Interlok: MetadataKeyToLowerCase.
type LowerMetadataKeys struct{ MetadataKeys }

// Apply changes the metadata of m.
func (s *LowerMetadataKeys) Apply(_ context.Context, m *message.Message) error {
	return s.rename("metadata-key-to-lower-case", m, lowerCase)
}

// UpperMetadataKeys makes keys upper case. Interlok: MetadataKeyToUpperCase.
type UpperMetadataKeys struct{ MetadataKeys }

// Apply changes the metadata of m.
func (s *UpperMetadataKeys) Apply(_ context.Context, m *message.Message) error {
	return s.rename("metadata-key-to-upper-case", m, upperCase)
}

// CapitalMetadataKeys makes keys lower case but for the first letter of each word; words are parted by white space alone. Interlok:
// MetadataKeyToCapitalCase.
type CapitalMetadataKeys struct{ MetadataKeys }

// Apply changes the metadata of m.
func (s *CapitalMetadataKeys) Apply(_ context.Context, m *message.Message) error {
	return s.rename("metadata-key-to-capital-case", m, capitalCase)
}

func capitalCase(text string) string {
	first := true
	return strings.Map(func(r rune) rune {
		begins := first
		first = unicode.IsSpace(r)
		if begins {
			return unicode.ToTitle(r)
		}
		return r
	}, lowerCase(text))
}

func init() {
	component.Register[LowerMetadataKeys]("metadata-key-to-lower-case", "com.adaptris.core.services.metadata.MetadataKeyToLowerCase", component.KindService,
		"makes metadata keys lower case")
	component.Register[UpperMetadataKeys]("metadata-key-to-upper-case", "com.adaptris.core.services.metadata.MetadataKeyToUpperCase", component.KindService,
		"makes metadata keys upper case")
	component.Register[CapitalMetadataKeys]("metadata-key-to-capital-case", "com.adaptris.core.services.metadata.MetadataKeyToCapitalCase", component.KindService,
		"makes metadata keys lower case with capitals")
}
