// Package document reads what a user writes: XML documents as trees of nodes that know file, line and column, Java .properties files,
// bootstrap.properties, variables, and secrets.
package document

import "fmt"

// Position is a place in a document. Line and Column count from 1. Column counts bytes; in a UTF-16 file it counts code units of two
// bytes, so that it is what an editor shows there too.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line:column, as editors and compilers write it.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Attr is an attribute of an element.
type Attr struct {
	Name, Value string
	Pos         Position

	origin origin // of Value
}

// ValuePos is where the value begins, after the quote.
func (a Attr) ValuePos() Position { return a.origin.start(a.Pos) }

// Position is where the byte of Value at that offset stands in its file. Text that came from a variable stands where the variable was named.
func (a Attr) Position(offset int) Position { return a.origin.position(offset, a.Pos) }

// Written is the value as it is written in the document, before variables were replaced: what a message may show, since a
// variable may hold a secret.
func (a Attr) Written() string { return a.origin.written(a.Value) }

// Node is an element of a document. Comments and processing instructions are left out.
type Node struct {
	Name     string
	Pos      Position // of the element's start tag
	Attrs    []Attr
	Children []*Node
	Parent   *Node
	// Text is the character data that stands directly in the element, CDATA included, as it stands, after variables were replaced.
	Text string
	// TextPos is where the first character of that text stands that is no white space; the element's position when there is none.
	TextPos Position

	origin origin // of Text
}

// TextPosition is where the byte of Text at that offset stands in its file, to the column, references such as &amp; and CDATA
// considered. Text that came from a variable stands where the variable was named.
func (n *Node) TextPosition(offset int) Position { return n.origin.position(offset, n.Pos) }

// Written is Text as it is written in the document, before variables were replaced: what a message may show, since a variable may
// hold a secret.
func (n *Node) Written() string { return n.origin.written(n.Text) }

// Attr returns the value of an attribute.
func (n *Node) Attr(name string) (string, bool) {
	for _, a := range n.Attrs {
		if a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}

// Child returns the first child element of that name, or nil.
func (n *Node) Child(name string) *Node {
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}
