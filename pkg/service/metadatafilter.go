package service

import (
	"context"
	"regexp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// FilterMetadata removes metadata. Interlok: MetadataFilterService.
type FilterMetadata struct {
	component.ServiceBase
	Filter MetadataFilter `xml:"filter,required" doc:"which metadata stays"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what stays is not logged"`
}

// MetadataFilter says which metadata stays. It is safe for concurrent use.
type MetadataFilter interface {
	// Keeps says whether the metadata of that key stays.
	Keeps(key string) bool
}

// Apply removes from m what the filter does not keep.
func (f *FilterMetadata) Apply(_ context.Context, m *message.Message) error {
	for _, key := range m.MetadataKeys() {
		if !f.Filter.Keeps(key) {
			m.RemoveMetadata(key)
		}
	}
	return nil
}

// RegexMetadataFilter keeps the keys in which one of the include patterns is found and none of the exclude patterns; without include
// patterns every key counts as included. Patterns are found anywhere in the key; anchor them with ^ and $ for a whole one. Interlok:
// RegexMetadataFilter.
type RegexMetadataFilter struct {
	Include []*regexp.Regexp `xml:"include-pattern,implicit" doc:"regular expression of keys that stay"`
	Exclude []*regexp.Regexp `xml:"exclude-pattern,implicit" doc:"regular expression of keys that go, also of those that are included"`
}

// Keeps implements MetadataFilter.
func (f *RegexMetadataFilter) Keeps(key string) bool {
	return (len(f.Include) == 0 || anyMatch(f.Include, key)) && !anyMatch(f.Exclude, key)
}

func anyMatch(patterns []*regexp.Regexp, key string) bool {
	for _, p := range patterns {
		if p.MatchString(key) {
			return true
		}
	}
	return false
}

// NoOpMetadataFilter keeps all metadata. Interlok: NoOpMetadataFilter.
type NoOpMetadataFilter struct{}

// Keeps implements MetadataFilter.
func (*NoOpMetadataFilter) Keeps(string) bool { return true }

// RemoveAllMetadataFilter keeps nothing. Interlok: RemoveAllMetadataFilter.
type RemoveAllMetadataFilter struct{}

// Keeps implements MetadataFilter.
func (*RemoveAllMetadataFilter) Keeps(string) bool { return false }

func init() {
	component.Register[FilterMetadata]("metadata-filter-service", "com.adaptris.core.services.metadata.MetadataFilterService", component.KindService,
		"removes metadata")
	component.Register[RegexMetadataFilter]("regex-metadata-filter", "com.adaptris.core.metadata.RegexMetadataFilter", component.KindPart,
		"keeps metadata by patterns of its keys")
	component.Register[NoOpMetadataFilter]("no-op-metadata-filter", "com.adaptris.core.metadata.NoOpMetadataFilter", component.KindPart,
		"keeps all metadata")
	component.Register[RemoveAllMetadataFilter]("remove-all-metadata-filter", "com.adaptris.core.metadata.RemoveAllMetadataFilter", component.KindPart,
		"keeps no metadata")
}
