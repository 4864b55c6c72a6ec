package service

import (
	"context"
	"fmt"

	"github.com/antchfx/xmlquery"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// XPathService reads nodes of an XML document into metadata or the payload. Interlok: XPathService. All executions read the document as
// it was before the first one. Elements and texts are written as XML, attributes as their text, one after the other without anything
// between; an XPath that finds nothing writes an empty text.
type XPathService struct {
	component.ServiceBase
	xmlReading
	Source     DataInput         `xml:"xml-source" default:"string-payload-data-input-parameter" doc:"where the XML document is"`
	Executions []*XPathExecution `xml:"xpath-execution,implicit" doc:"what is read and where it goes"`
}

// XPathExecution writes the nodes of one XPath. Interlok: Execution.
type XPathExecution struct {
	Source DataInput  `xml:"source,required" doc:"the XPath"`
	Target DataOutput `xml:"target,required" doc:"where the nodes go"`

	constant *expr.XPath
}

// Check compiles the XPaths that are the same for every message.
func (s *XPathService) Check(r *component.Report) {
	if len(s.Executions) == 0 {
		r.Errorf("", "missing-element", "has no <xpath-execution>, so it does nothing; add one or remove the service")
	}
	for _, e := range s.Executions {
		c, ok := e.Source.(*ConstantInput)
		if !ok {
			continue
		}
		if text, ok := constantText(c.Value); ok {
			var err error
			if e.constant, err = s.compile(text); err != nil {
				r.Errorf("xpath-execution", "bad-path", ": %v", err)
			}
		}
	}
}

// Apply writes the nodes.
func (s *XPathService) Apply(_ context.Context, m *message.Message) error {
	root, err := s.document(m)
	if err != nil {
		return fmt.Errorf("xpath-service: %w", err)
	}
	for _, e := range s.Executions {
		if err := s.execute(e, root, m); err != nil {
			return fmt.Errorf("xpath-service: %w", err)
		}
	}
	return nil
}

// document is the XML document, parsed; that of the payload at most once per message.
func (s *XPathService) document(m *message.Message) (*xmlquery.Node, error) {
	if _, ok := s.Source.(*PayloadInput); ok {
		root, err := expr.ParseXML(m)
		if err != nil {
			return nil, fmt.Errorf("the payload is %w", err)
		}
		return root, nil
	}
	text, err := s.Source.Read(m)
	if err != nil {
		return nil, fmt.Errorf("<xml-source>: %w", err)
	}
	root, err := expr.ParseXMLBytes([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("what <xml-source> gave is %w", err)
	}
	return root, nil
}

func (s *XPathService) execute(e *XPathExecution, root *xmlquery.Node, m *message.Message) error {
	path, err := s.path(e, m)
	if err != nil {
		return err
	}
	nodes, err := path.NodesOf(root)
	if err != nil {
		return err
	}
	w := &xmlWriter{skipComments: s.withoutComments()}
	for _, n := range inDocumentOrder(path, nodes) {
		if n.Type == xmlquery.AttributeNode {
			w.WriteString(n.InnerText())
			continue
		}
		w.node(n)
	}
	if err := e.Target.Write(m, w.String()); err != nil {
		return fmt.Errorf("<target>: %w", err)
	}
	return nil
}

func (s *XPathService) path(e *XPathExecution, m *message.Message) (*expr.XPath, error) {
	if e.constant != nil {
		return s.pathFor(m, e.constant)
	}
	text, err := e.Source.Read(m)
	if err != nil {
		return nil, fmt.Errorf("the XPath: %w", err)
	}
	return s.compileFor(m, text)
}

func init() {
	component.Register[XPathService]("xpath-service", "com.adaptris.core.services.path.XPathService", component.KindService,
		"reads nodes of an XML document into metadata or the payload")
}
