package service

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/adapterd/adapterd/pkg/component"
)

// CompositeMetadataFilter runs filters one after the other. Interlok: CompositeMetadataFilter.
type CompositeMetadataFilter struct {
	Filters []MetadataFilter `xml:"*,implicit" doc:"the filters, each an element named by its alias"`
}

// Filter implements MetadataFilter.
func (f *CompositeMetadataFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	for _, next := range f.Filters {
		var err error
		if items, err = next.Filter(items); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// DiscardEmptyFilter leaves out empty values. Interlok: DiscardEmptyValuesFilter.
type DiscardEmptyFilter struct{}

// Filter implements MetadataFilter.
func (*DiscardEmptyFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	return keepMetadata(items, func(item MetadataItem) bool { return item.Value != "" }), nil
}

// DiscardLongFilter leaves out long values. Interlok: DiscardValuesTooLongFilter. Characters are UTF-16 code units, as in Java: an emoji
// counts twice.
type DiscardLongFilter struct {
	MaxLength int `xml:"max-length-chars" default:"256" min:"0" doc:"characters that a value may have"`
}

// Filter implements MetadataFilter.
func (f *DiscardLongFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	return keepMetadata(items, func(item MetadataItem) bool { return javaLength(item.Value) <= f.MaxLength }), nil
}

// javaLength is Java's String.length.
func javaLength(text string) int {
	n := 0
	for _, r := range text {
		n += utf16.RuneLen(r)
	}
	return n
}

// ExcludeJMSFilter leaves out keys that begin with JMS. Interlok: ExcludeJmsHeaders.
type ExcludeJMSFilter struct{}

// Filter implements MetadataFilter.
func (*ExcludeJMSFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	return keepMetadata(items, func(item MetadataItem) bool { return !strings.HasPrefix(item.Key, "JMS") }), nil
}

// FixedValuesFilter replaces all metadata. Interlok: FixedValuesMetadataFilter.
type FixedValuesFilter struct {
	Metadata []component.KeyValue `xml:"metadata>key-value-pair" doc:"the metadata; values are taken as they are"`
}

// Filter implements MetadataFilter.
func (f *FixedValuesFilter) Filter([]MetadataItem) ([]MetadataItem, error) {
	items := make([]MetadataItem, len(f.Metadata))
	for i, pair := range f.Metadata {
		items[i] = MetadataItem{Key: pair.Key, Value: pair.Value}
	}
	return items, nil
}

// MappedKeyFilter changes keys. Interlok: MappedKeyMetadataFilter. The pattern is found anywhere in the key, and every match is replaced;
// begin it with ^ for a prefix.
type MappedKeyFilter struct {
	Prefix      *regexp.Regexp `xml:"prefix,required" example:"^http_" doc:"regular expression of the part of the key that is replaced"`
	Replacement string         `xml:"replacement" doc:"what it becomes; $1 is the first group of the match"`
}

// Check refuses a replacement that cannot be read.
func (f *MappedKeyFilter) Check(r *component.Report) {
	if f.Prefix == nil {
		return
	}
	if _, err := parseReplacement(f.Prefix, f.Replacement); err != nil {
		r.Errorf("replacement", "bad-value", `is %q, which is no replacement for %s; name groups that are there, and write \$ and \\ for these characters themselves`, f.Replacement, f.Prefix)
	}
}

// Filter implements MetadataFilter.
func (f *MappedKeyFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	out := make([]MetadataItem, len(items))
	for i, item := range items {
		key, err := replaceAll(f.Prefix, item.Key, f.Replacement)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", item.Key, err)
		}
		out[i] = MetadataItem{Key: key, Value: item.Value}
	}
	return out, nil
}

// OrderedItemFilter makes metadata of a list of keys, in its order; those that the message does not have are empty. Interlok:
// OrderedItemMetadataFilter.
type OrderedItemFilter struct {
	Keys       []string `xml:"metadata-key,implicit" doc:"the keys"`
	IgnoreCase bool     `xml:"ignore-case" default:"false" doc:"true finds keys in any case; the key is written as it stands here"`
}

// Filter implements MetadataFilter.
func (f *OrderedItemFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	out := make([]MetadataItem, len(f.Keys))
	for i, key := range f.Keys {
		out[i].Key = key
		for _, item := range items {
			if item.Key == key || f.IgnoreCase && strings.EqualFold(item.Key, key) {
				out[i].Value = item.Value
			}
		}
	}
	return out, nil
}

func init() {
	component.Register[CompositeMetadataFilter]("composite-metadata-filter", "com.adaptris.core.metadata.CompositeMetadataFilter", component.KindPart,
		"runs metadata filters one after the other")
	component.Register[DiscardEmptyFilter]("discard-empty-values-metadata-filter", "com.adaptris.core.metadata.DiscardEmptyValuesFilter", component.KindPart,
		"leaves out empty metadata")
	component.Register[DiscardLongFilter]("discard-values-too-long-metadata-filter", "com.adaptris.core.metadata.DiscardValuesTooLongFilter", component.KindPart,
		"leaves out metadata with long values")
	component.Register[ExcludeJMSFilter]("exclude-jms-headers", "com.adaptris.core.metadata.ExcludeJmsHeaders", component.KindPart,
		"leaves out metadata whose key begins with JMS")
	component.Register[FixedValuesFilter]("fixed-values-metadata-filter", "com.adaptris.core.metadata.FixedValuesMetadataFilter", component.KindPart,
		"replaces all metadata by what the document gives")
	component.Register[MappedKeyFilter]("mapped-key-metadata-filter", "com.adaptris.core.metadata.MappedKeyMetadataFilter", component.KindPart,
		"changes metadata keys by a pattern")
	component.Register[OrderedItemFilter]("ordered-item-metadata-filter", "com.adaptris.core.metadata.OrderedItemMetadataFilter", component.KindPart,
		"keeps a list of metadata keys, in its order")
}
