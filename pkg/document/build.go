package document

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/beevik/etree"
)

// build makes the tree and gives each node the place that scan found for it. Both read the same bytes in the same order.
func build(src *source, o Options, layouts []layout) (*Node, error) {
	doc := etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{CharsetReader: keepCharset, PreserveDuplicateAttrs: true, MaxDepth: o.MaxDepth}
	if err := doc.ReadFromBytes(src.text); err != nil {
		return nil, err
	}
	b := builder{src: src, layouts: layouts}
	root := b.node(doc.Root(), nil)
	return root, b.err
}

type builder struct {
	src     *source
	layouts []layout // of the elements that are still to come
	err     error
}

func (b *builder) node(e *etree.Element, parent *Node) *Node {
	if e == nil || len(b.layouts) == 0 || b.layouts[0].name != e.FullTag() || len(b.layouts[0].attrs) != len(e.Attr) {
		b.err = fmt.Errorf("two readings of it differ")
		return nil
	}
	l := b.layouts[0]
	b.layouts = b.layouts[1:]
	n := &Node{Name: l.name, Pos: b.src.position(l.start), Parent: parent, origin: origin{src: b.src, pieces: l.pieces}}
	if len(e.Attr) > 0 {
		n.Attrs = make([]Attr, len(e.Attr))
	}
	for i, a := range e.Attr {
		n.Attrs[i] = Attr{Name: a.FullKey(), Value: a.Value, Pos: b.src.position(l.attrs[i].name),
			origin: origin{src: b.src, pieces: []piece{{from: l.attrs[i].value}}}}
	}
	var text strings.Builder
	for _, t := range e.Child {
		switch t := t.(type) {
		case *etree.CharData:
			text.WriteString(t.Data)
		case *etree.Element:
			child := b.node(t, n)
			if b.err != nil {
				return nil
			}
			n.Children = append(n.Children, child)
		}
	}
	n.Text = text.String()
	if len(n.Text) != l.length {
		b.err = fmt.Errorf("two readings of <%s> differ", l.name)
	}
	n.TextPos = n.Pos
	if first := strings.IndexFunc(n.Text, func(r rune) bool { return r > 0x7F || !isBlank(byte(r)) }); first >= 0 {
		n.TextPos = n.TextPosition(first)
	}
	return n
}

// String is the tree as XML, for tests and for people who look for what variables and includes made of a document. Values that came
// from variables are shown as they are written.
func (n *Node) String() string {
	doc := etree.NewDocument()
	doc.SetRoot(n.element())
	doc.WriteSettings.CanonicalText, doc.WriteSettings.CanonicalAttrVal = true, true
	var out bytes.Buffer
	if _, err := doc.WriteTo(&out); err != nil {
		return err.Error()
	}
	return out.String()
}

func (n *Node) element() *etree.Element {
	e := etree.NewElement(n.Name)
	for _, a := range n.Attrs {
		e.CreateAttr(a.Name, a.Written())
	}
	if text := n.Written(); strings.TrimSpace(text) != "" {
		e.CreateText(text)
	}
	for _, c := range n.Children {
		e.AddChild(c.element())
	}
	return e
}
