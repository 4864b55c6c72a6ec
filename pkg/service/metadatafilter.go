package service

import (
	"context"
	"fmt"
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

// MetadataItem is a key of metadata and its value.
type MetadataItem = component.MetadataItem

// MetadataFilter makes metadata of other metadata.
type MetadataFilter = component.MetadataFilter

func filterMetadata(f MetadataFilter, m *message.Message) ([]MetadataItem, error) {
	return component.FilterMetadata(f, m)
}

// keepMetadata is what is left of items when keeps has had its say.
func keepMetadata(items []MetadataItem, keeps func(MetadataItem) bool) []MetadataItem {
	out := make([]MetadataItem, 0, len(items))
	for _, item := range items {
		if keeps(item) {
			out = append(out, item)
		}
	}
	return out
}

// Apply gives m the metadata that the filter returns.
func (f *FilterMetadata) Apply(_ context.Context, m *message.Message) error {
	items, err := filterMetadata(f.Filter, m)
	if err != nil {
		return fmt.Errorf("metadata-filter-service: %w", err)
	}
	all := make(map[string]string, len(items))
	changed := false
	for _, item := range items {
		all[item.Key] = item.Value
		before, there := m.Metadata(item.Key)
		changed = changed || !there || before != item.Value
	}
	// Parts of a split message share their metadata until one of them changes it.
	if changed || len(all) != len(m.MetadataKeys()) {
		m.SetAllMetadata(all)
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

// Filter implements MetadataFilter.
func (f *RegexMetadataFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	return keepMetadata(items, func(item MetadataItem) bool {
		return (len(f.Include) == 0 || anyMatch(f.Include, item.Key)) && !anyMatch(f.Exclude, item.Key)
	}), nil
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

// Filter implements MetadataFilter.
func (*NoOpMetadataFilter) Filter(items []MetadataItem) ([]MetadataItem, error) { return items, nil }

// RemoveAllMetadataFilter keeps nothing. Interlok: RemoveAllMetadataFilter.
type RemoveAllMetadataFilter struct{}

// Filter implements MetadataFilter.
func (*RemoveAllMetadataFilter) Filter([]MetadataItem) ([]MetadataItem, error) { return nil, nil }

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
