package service

import (
	"errors"
	"fmt"
	"strings"

	"github.com/antchfx/xmlquery"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// XPathQuery finds the text for one metadata key. Interlok: XpathQuery.
type XPathQuery interface {
	xpathSource
	// find is the metadata's key and value.
	find(in *xmlReading, m *message.Message) (key, value string, err error)
}

// XPathObjectQuery finds nodes for one key of the object metadata. Interlok: XpathObjectQuery.
type XPathObjectQuery interface {
	xpathSource
	// findObject is the object's key and the nodes.
	findObject(in *xmlReading, m *message.Message) (key string, nodes any, err error)
}

// xpathSource is where a query has its XPath from.
type xpathSource interface {
	// prepare compiles an XPath that is the same for every message; the error says what is wrong with it.
	prepare(in *xmlReading) error
	compiled(in *xmlReading, m *message.Message) (*expr.XPath, error)
}

// xpathResult holds the fields that all queries have.
type xpathResult struct {
	MetadataKey       string `xml:"metadata-key,required" example:"customerId" doc:"key that gets what is found"`
	AllowEmptyResults bool   `xml:"allow-empty-results" default:"false" doc:"true takes nothing for an empty value; false fails the message"`
	AsXMLString       bool   `xml:"as-xml-string" default:"false" doc:"true takes the node as XML; false takes its text"`
}

// separated is the field of queries that take all nodes.
type separated struct {
	Separator string `xml:"separator" default:"|" doc:"what stands between the values; with <as-xml-string> each ends with a line feed instead"`
}

// configuredXPath is an XPath of the document.
type configuredXPath struct {
	Query *expr.Template `xml:"xpath-query,required" example:"/order/@id" doc:"the XPath, or an expression for it"`

	constant *expr.XPath
}

func (c *configuredXPath) prepare(in *xmlReading) error {
	text, ok := constantText(c.Query)
	if !ok || text == "" {
		return nil
	}
	var err error
	c.constant, err = in.compile(text)
	return err
}

func (c *configuredXPath) compiled(in *xmlReading, m *message.Message) (*expr.XPath, error) {
	if c.constant != nil {
		return in.pathFor(m, c.constant)
	}
	text, err := resolve(c.Query, m)
	if err != nil {
		return nil, fmt.Errorf("<xpath-query>: %w", err)
	}
	return in.compileFor(m, text)
}

// metadataXPath is an XPath that a metadata value holds.
type metadataXPath struct {
	XPathMetadataKey string `xml:"xpath-metadata-key,required" doc:"key of the metadata that holds the XPath"`
}

func (*metadataXPath) prepare(*xmlReading) error { return nil }

func (p *metadataXPath) compiled(in *xmlReading, m *message.Message) (*expr.XPath, error) {
	text, _ := m.Metadata(p.XPathMetadataKey)
	if text == "" {
		return nil, fmt.Errorf("<xpath-metadata-key>: the message has no XPath in metadata %q; set it before", p.XPathMetadataKey)
	}
	return in.compileFor(m, text)
}

var errNothingFound = errors.New("found nothing in the payload; use a path that every payload has, or set <allow-empty-results>")

// first is the text of the first node, or the node as XML.
func (q *xpathResult) first(path *expr.XPath, m *message.Message) (key, value string, err error) {
	if !q.AsXMLString {
		value, err = xpathText(path, m)
		if err == nil && value == "" && !q.AllowEmptyResults {
			err = fmt.Errorf("xpath %s %w", path, errNothingFound)
		}
		return q.MetadataKey, value, err
	}
	nodes, err := q.nodes(path, m)
	if err != nil || len(nodes) == 0 {
		return q.MetadataKey, "", err
	}
	return q.MetadataKey, nodeText(nodes[0]), nil
}

// all are the texts of all nodes, or the nodes as XML.
func (q *xpathResult) all(path *expr.XPath, m *message.Message, separator string) (key, value string, err error) {
	nodes, err := q.nodes(path, m)
	if err != nil {
		return q.MetadataKey, "", err
	}
	var b strings.Builder
	for i, n := range nodes {
		if q.AsXMLString {
			b.WriteString(nodeText(n) + "\n")
			continue
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(ownText(n))
	}
	return q.MetadataKey, b.String(), nil
}

func (q *xpathResult) nodes(path *expr.XPath, m *message.Message) ([]*xmlquery.Node, error) {
	nodes, err := xpathNodes(path, m)
	if err == nil && len(nodes) == 0 && !q.AllowEmptyResults {
		err = fmt.Errorf("xpath %s %w", path, errNothingFound)
	}
	return nodes, err
}

// ownText is what a list of values has of a node: a text or attribute as it is, of an element the text before its first child. Blanks
// alone count as nothing.
func ownText(n *xmlquery.Node) string {
	text := n.Data
	if n.Type != xmlquery.TextNode && n.Type != xmlquery.CommentNode {
		if n.FirstChild == nil || n.FirstChild.Type != xmlquery.TextNode {
			return ""
		}
		text = n.FirstChild.Data
	}
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

// nodeText is a node as XML without a declaration, elements on lines of their own.
func nodeText(n *xmlquery.Node) string {
	if n.Type == xmlquery.AttributeNode {
		return n.InnerText()
	}
	w := &xmlWriter{indented: true}
	w.node(n)
	return strings.TrimSpace(w.String())
}

// prepareQueries compiles the constant XPaths of the queries of a component.
func prepareQueries[Q xpathSource](r *component.Report, in *xmlReading, queries []Q) {
	if len(queries) == 0 {
		r.Errorf("", "missing-element", "has no <xpath-query>, so it does nothing; add one or remove the service")
	}
	for _, q := range queries {
		if err := q.prepare(in); err != nil {
			r.Errorf("xpath-query", "bad-path", ": %v", err)
		}
	}
}
