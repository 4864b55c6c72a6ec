package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"

	"github.com/adapterd/adapterd/pkg/message"
)

// XPath is a compiled XPath 1.0 expression. It is safe for concurrent use.
type XPath struct {
	path string
	// pool holds copies of the compiled expression: one keeps state while it is evaluated.
	pool sync.Pool
}

// CompileXPath reads an expression. A prefix in it matches the same prefix in the payload, whatever its namespace; a name without a
// prefix matches elements without one.
func CompileXPath(path string) (*XPath, error) { return CompileXPathNS(path, nil) }

// CompileXPathNS is CompileXPath with prefixes that stand for namespaces; nil for none.
func CompileXPathNS(path string, namespaces map[string]string) (*XPath, error) {
	trimmed := strings.TrimSpace(path)
	switch {
	case trimmed == "":
		return nil, fmt.Errorf("the xpath is empty; write one such as /order/@id")
	case len(trimmed) > maxPathBytes:
		return nil, fmt.Errorf("the xpath is %d bytes long; %d are allowed", len(trimmed), maxPathBytes)
	}
	compile := func() (e *xpath.Expr, err error) {
		defer func() {
			if r := recover(); r != nil {
				e, err = nil, fmt.Errorf("%v", r)
			}
		}()
		if len(namespaces) > 0 {
			return xpath.CompileWithNS(trimmed, namespaces)
		}
		return xpath.Compile(trimmed)
	}
	first, err := compile()
	if err == nil {
		err = checkPositions(trimmed)
	}
	if err != nil {
		return nil, fmt.Errorf("xpath %s cannot be read: %w; write a path such as /order/@id or string(/order/customer)", trimmed, err)
	}
	x := &XPath{path: trimmed}
	x.pool.New = func() any {
		e, _ := compile() // it compiled before
		return e
	}
	x.pool.Put(first)
	return x, nil
}

// String is the expression as written.
func (x *XPath) String() string { return x.path }

// Text is the string value of the first node that the expression selects in m's payload, or what its function returns: a number as
// XPath writes it, true or false. No node is a *PathError that wraps ErrNoValue. The payload is parsed at most once per message.
func (x *XPath) Text(m *message.Message) (string, error) {
	root, err := ParseXML(m)
	if err != nil {
		return "", x.failed(fmt.Errorf("the payload is %w", err))
	}
	return x.TextOf(root)
}

// TextOf is Text on a node that ParseXML or ParseXMLBytes returned, or a part of it.
func (x *XPath) TextOf(node *xmlquery.Node) (text string, err error) {
	err = x.evaluate(node, func(result any) error {
		switch r := result.(type) {
		case *xpath.NodeIterator:
			if !r.MoveNext() {
				return &PathError{Language: "xpath", Path: x.path, Found: "nothing", Err: ErrNoValue}
			}
			text = r.Current().Value()
		case string:
			text = r
		case float64:
			text = xpathNumber(r)
		case bool:
			text = strconv.FormatBool(r)
		}
		return nil
	})
	return text, err
}

// Nodes are the nodes that the expression selects in m's payload, in document order; attributes come as nodes of their own. They are
// shared and must not be changed.
func (x *XPath) Nodes(m *message.Message) ([]*xmlquery.Node, error) {
	root, err := ParseXML(m)
	if err != nil {
		return nil, x.failed(fmt.Errorf("the payload is %w", err))
	}
	return x.NodesOf(root)
}

// NodesOf is Nodes on a node that ParseXML or ParseXMLBytes returned, or a part of it.
func (x *XPath) NodesOf(node *xmlquery.Node) (nodes []*xmlquery.Node, err error) {
	err = x.evaluate(node, func(result any) error {
		it, ok := result.(*xpath.NodeIterator)
		if !ok {
			return &PathError{Language: "xpath", Path: x.path, Found: "no node but a value"}
		}
		for it.MoveNext() {
			nodes = append(nodes, currentNode(it))
		}
		return nil
	})
	return nodes, err
}

func currentNode(it *xpath.NodeIterator) *xmlquery.Node {
	n := it.Current().(*xmlquery.NodeNavigator)
	if n.NodeType() != xpath.AttributeNode {
		return n.Current()
	}
	attr := &xmlquery.Node{Type: xmlquery.AttributeNode, Data: n.LocalName(), Prefix: n.Prefix(), NamespaceURI: n.NamespaceURL(), Parent: n.Current()}
	xmlquery.AddChild(attr, &xmlquery.Node{Type: xmlquery.TextNode, Data: n.Value()})
	return attr
}

func (x *XPath) evaluate(node *xmlquery.Node, use func(any) error) (err error) {
	defer func() {
		// The library panics where an expression asks for what a document makes impossible; a payload must not end the process.
		if r := recover(); r != nil {
			err = x.failed(fmt.Errorf("it cannot be evaluated on this payload: %v", r))
		}
	}()
	e := x.pool.Get().(*xpath.Expr)
	err = use(e.Evaluate(xmlquery.CreateXPathNavigator(node)))
	x.pool.Put(e)
	return err
}

func (x *XPath) failed(err error) error {
	return &PathError{Language: "xpath", Path: x.path, Err: err}
}

// xpathNumber is a number as XPath 1.0's string() writes it: no exponent, integers without a point.
func xpathNumber(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}
