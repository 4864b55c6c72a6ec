package service

import (
	"errors"
	"fmt"
	"strings"

	"github.com/antchfx/xmlquery"
	"golang.org/x/text/encoding"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// XPathSplitter makes a part of every element that an XPath selects. Interlok: XpathMessageSplitter.
//
// Each part is an XML document with a declaration, indented by three spaces where no text stands beside the elements, and with the
// namespaces that its names need. It is made when it is its turn. The XPath must select elements: with anything else among them the
// message fails before the first part.
type XPathSplitter struct {
	splitting
	xmlReading
	XPath    string `xml:"xpath,required" example:"/orders/order" doc:"what becomes a part"`
	Encoding string `xml:"encoding" doc:"character set of the parts; without it that of the message, or UTF-8"`

	path *expr.XPath
}

// Check compiles the XPath.
func (s *XPathSplitter) Check(r *component.Report) {
	s.path = s.checkXPath(r, "xpath", s.XPath)
	checkCharset(r, "encoding", s.Encoding)
}

// Split implements component.Splitter. A message without such elements has no parts.
func (s *XPathSplitter) Split(m *message.Message, yield func(*message.Message) error) error {
	path, err := s.pathFor(m, s.path)
	if err != nil {
		return fmt.Errorf("xpath-message-splitter: %w", err)
	}
	nodes, err := xpathNodes(path, m)
	if err != nil {
		return fmt.Errorf("xpath-message-splitter: %w", err)
	}
	for _, n := range nodes {
		if n.Type != xmlquery.ElementNode {
			return errors.New("xpath-message-splitter: xpath " + s.XPath + " selects something that is no element, and only an element can be a document; select elements")
		}
	}
	origin := s.origin(m)
	name := "UTF-8"
	if s.Encoding != "" {
		name = s.Encoding
	} else if m.Encoding() != "" {
		name = m.Encoding()
	}
	var charset encoding.Encoding
	if !strings.EqualFold(name, "UTF-8") && !strings.EqualFold(name, "UTF8") {
		if charset, err = charsetOf(name); err != nil {
			return fmt.Errorf("xpath-message-splitter: %w", err)
		}
	}
	origin.SetEncoding(name)
	for _, n := range nodes {
		w := &xmlWriter{indented: true, skipComments: s.withoutComments(), charset: charset}
		w.declaration(name)
		w.node(n)
		w.finish()
		payload, err := encodeText(name, w.String())
		if err != nil {
			return fmt.Errorf("xpath-message-splitter: %w", err)
		}
		if err := yield(origin.Child(payload)); err != nil {
			return err
		}
	}
	return nil
}

func init() {
	component.Register[XPathSplitter]("xpath-message-splitter", "com.adaptris.core.services.splitter.XpathMessageSplitter", component.KindSplitter,
		"makes a part of every element that an XPath selects")
}
