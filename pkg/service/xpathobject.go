package service

import (
	"context"
	"fmt"

	"github.com/antchfx/xmlquery"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// XPathObject sets object metadata to nodes of the payload: a *xmlquery.Node of a query for one, a slice of them of a query for a list,
// nothing where nothing is found and that is allowed.
// Interlok: XpathObjectMetadataService.
type XPathObject struct {
	component.ServiceBase
	xmlReading
	Queries []XPathObjectQuery `xml:"xpath-query,implicit" class:"configured-xpath-node-query" doc:"what is looked for"`
}

// Check compiles the XPaths.
func (s *XPathObject) Check(r *component.Report) { prepareQueries(r, &s.xmlReading, s.Queries) }

// Apply sets the object metadata of m.
func (s *XPathObject) Apply(_ context.Context, m *message.Message) error {
	for _, q := range s.Queries {
		key, nodes, err := q.findObject(&s.xmlReading, m)
		if err != nil {
			return fmt.Errorf("xpath-object-metadata-service: %q: %w", key, err)
		}
		if nodes != nil {
			m.SetObject(key, nodes)
		}
	}
	return nil
}

// nodeQuery holds the fields of queries for nodes.
type nodeQuery struct {
	MetadataKey       string `xml:"metadata-key,required" doc:"key of the object metadata that gets what is found"`
	AllowEmptyResults bool   `xml:"allow-empty-results" default:"false" doc:"true takes nothing for a value; false fails the message"`

	AsXMLString bool `xml:"as-xml-string" default:"false" effect:"none" doc:"accepted for compatibility: the nodes are kept as they are"`
}

func (q *nodeQuery) nodes(from xpathSource, in *xmlReading, m *message.Message) ([]*xmlquery.Node, error) {
	path, err := from.compiled(in, m)
	if err != nil {
		return nil, err
	}
	return (&xpathResult{AllowEmptyResults: q.AllowEmptyResults}).nodes(path, m)
}

func (q *nodeQuery) one(from xpathSource, in *xmlReading, m *message.Message) (string, any, error) {
	nodes, err := q.nodes(from, in, m)
	if err != nil || len(nodes) == 0 {
		return q.MetadataKey, nil, err
	}
	return q.MetadataKey, nodes[0], nil
}

func (q *nodeQuery) list(from xpathSource, in *xmlReading, m *message.Message) (string, any, error) {
	nodes, err := q.nodes(from, in, m)
	if err != nil || len(nodes) == 0 {
		return q.MetadataKey, nil, err
	}
	return q.MetadataKey, nodes, nil
}

// ConfiguredXPathNode is the first node of an XPath of the document. Interlok: ConfiguredXpathNodeQuery.
type ConfiguredXPathNode struct {
	configuredXPath
	nodeQuery
}

func (q *ConfiguredXPathNode) findObject(in *xmlReading, m *message.Message) (string, any, error) {
	return q.one(q, in, m)
}

// ConfiguredXPathNodeList is all nodes of an XPath of the document. Interlok: ConfiguredXpathNodeListQuery.
type ConfiguredXPathNodeList struct {
	configuredXPath
	nodeQuery
}

func (q *ConfiguredXPathNodeList) findObject(in *xmlReading, m *message.Message) (string, any, error) {
	return q.list(q, in, m)
}

// MetadataXPathNode is the first node of an XPath that a metadata value holds. Interlok: MetadataXpathNodeQuery.
type MetadataXPathNode struct {
	metadataXPath
	nodeQuery
}

func (q *MetadataXPathNode) findObject(in *xmlReading, m *message.Message) (string, any, error) {
	return q.one(q, in, m)
}

// MetadataXPathNodeList is all nodes of an XPath that a metadata value holds. Interlok: MetadataXpathNodeListQuery.
type MetadataXPathNodeList struct {
	metadataXPath
	nodeQuery
}

func (q *MetadataXPathNodeList) findObject(in *xmlReading, m *message.Message) (string, any, error) {
	return q.list(q, in, m)
}

func init() {
	component.Register[XPathObject]("xpath-object-metadata-service", "com.adaptris.core.services.metadata.XpathObjectMetadataService",
		component.KindService, "sets object metadata to nodes of the payload")
	component.Register[ConfiguredXPathNode]("configured-xpath-node-query", "com.adaptris.core.services.metadata.xpath.ConfiguredXpathNodeQuery",
		component.KindPart, "the first node of an XPath")
	component.Register[ConfiguredXPathNodeList]("configured-xpath-nodelist-query",
		"com.adaptris.core.services.metadata.xpath.ConfiguredXpathNodeListQuery", component.KindPart, "all nodes of an XPath")
	component.Register[MetadataXPathNode]("metadata-xpath-node-query", "com.adaptris.core.services.metadata.xpath.MetadataXpathNodeQuery",
		component.KindPart, "the first node of an XPath that a metadata value holds")
	component.Register[MetadataXPathNodeList]("metadata-xpath-nodelist-query",
		"com.adaptris.core.services.metadata.xpath.MetadataXpathNodeListQuery", component.KindPart, "all nodes of an XPath that a metadata value holds")
}
