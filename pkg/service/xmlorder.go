package service

import (
	"slices"
	"strings"

	"github.com/antchfx/xmlquery"

	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// xpathNodes are the nodes that an XPath selects in the payload, in the order of the document.
func xpathNodes(path *expr.XPath, m *message.Message) ([]*xmlquery.Node, error) {
	nodes, err := path.Nodes(m)
	return inDocumentOrder(path, nodes), err
}

// inDocumentOrder sorts what a path selected, if it may have come in another order: the operands of a union follow each other, and some
// axes go backwards.
func inDocumentOrder(path *expr.XPath, nodes []*xmlquery.Node) []*xmlquery.Node {
	text := path.String()
	if len(nodes) < 2 || !strings.Contains(text, "|") && !strings.Contains(text, "::") && !strings.Contains(text, "..") {
		return nodes
	}
	root := nodes[0]
	for root.Parent != nil {
		root = root.Parent
	}
	positions := make(map[*xmlquery.Node]int)
	var number func(*xmlquery.Node)
	number = func(n *xmlquery.Node) {
		// Attributes have their places behind their element.
		positions[n] = len(positions) * 2
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			number(c)
		}
	}
	number(root)
	position := func(n *xmlquery.Node) int {
		if n.Type == xmlquery.AttributeNode {
			return positions[n.Parent] + 1
		}
		return positions[n]
	}
	slices.SortStableFunc(nodes, func(a, b *xmlquery.Node) int { return position(a) - position(b) })
	return nodes
}
