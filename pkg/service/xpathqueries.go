package service

import (
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ConfiguredXPathQuery takes the first node of an XPath of the document. Interlok: ConfiguredXpathQuery.
type ConfiguredXPathQuery struct {
	configuredXPath
	xpathResult
}

func (q *ConfiguredXPathQuery) find(in *xmlReading, m *message.Message) (key, value string, err error) {
	path, err := q.compiled(in, m)
	if err != nil {
		return q.MetadataKey, "", err
	}
	return q.first(path, m)
}

// MultiConfiguredXPathQuery takes all nodes of an XPath of the document. Interlok: MultiItemConfiguredXpathQuery.
type MultiConfiguredXPathQuery struct {
	configuredXPath
	xpathResult
	separated
}

func (q *MultiConfiguredXPathQuery) find(in *xmlReading, m *message.Message) (key, value string, err error) {
	path, err := q.compiled(in, m)
	if err != nil {
		return q.MetadataKey, "", err
	}
	return q.all(path, m, q.Separator)
}

// MetadataXPathQuery takes the first node of an XPath that a metadata value holds. Interlok: MetadataXpathQuery.
type MetadataXPathQuery struct {
	metadataXPath
	xpathResult
}

func (q *MetadataXPathQuery) find(in *xmlReading, m *message.Message) (key, value string, err error) {
	path, err := q.compiled(in, m)
	if err != nil {
		return q.MetadataKey, "", err
	}
	return q.first(path, m)
}

// MultiMetadataXPathQuery takes all nodes of an XPath that a metadata value holds. Interlok: MultiItemMetadataXpathQuery.
type MultiMetadataXPathQuery struct {
	metadataXPath
	xpathResult
	separated
}

func (q *MultiMetadataXPathQuery) find(in *xmlReading, m *message.Message) (key, value string, err error) {
	path, err := q.compiled(in, m)
	if err != nil {
		return q.MetadataKey, "", err
	}
	return q.all(path, m, q.Separator)
}

func init() {
	component.Register[ConfiguredXPathQuery]("configured-xpath-query", "com.adaptris.core.services.metadata.xpath.ConfiguredXpathQuery",
		component.KindPart, "the first node of an XPath")
	component.Register[MultiConfiguredXPathQuery]("multi-item-configured-xpath-query",
		"com.adaptris.core.services.metadata.xpath.MultiItemConfiguredXpathQuery", component.KindPart, "all nodes of an XPath")
	component.Register[MetadataXPathQuery]("metadata-xpath-query", "com.adaptris.core.services.metadata.xpath.MetadataXpathQuery", component.KindPart,
		"the first node of an XPath that a metadata value holds")
	component.Register[MultiMetadataXPathQuery]("multi-item-metadata-xpath-query",
		"com.adaptris.core.services.metadata.xpath.MultiItemMetadataXpathQuery", component.KindPart, "all nodes of an XPath that a metadata value holds")
}
