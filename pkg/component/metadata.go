package component

import "github.com/adapterd/adapterd/pkg/message"

// MetadataItem is a key of metadata and its value.
type MetadataItem struct{ Key, Value string }

// MetadataFilter makes metadata of other metadata: mostly it leaves some out, but it may change keys and values too. It is safe for
// concurrent use.
type MetadataFilter interface {
	// Filter returns what stays of items, in the order in which it is to be written where order counts. When a key is there twice, the last
	// one counts. It does not change items.
	Filter(items []MetadataItem) ([]MetadataItem, error)
}

// FilterMetadata is the metadata of m as f leaves it; all of it, in the order of the keys, without a filter.
func FilterMetadata(f MetadataFilter, m *message.Message) ([]MetadataItem, error) {
	keys := m.MetadataKeys()
	items := make([]MetadataItem, len(keys))
	for i, key := range keys {
		value, _ := m.Metadata(key)
		items[i] = MetadataItem{key, value}
	}
	if f == nil {
		return items, nil
	}
	return f.Filter(items)
}
