package service

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/antchfx/xmlquery"
	"golang.org/x/text/encoding"
)

// xmlIndent is how far an element stands to the right of the one around it, and xmlLine how long attributes may be that stand in one
// line (Saxon, which writes the XML of Interlok). Deeper than xmlLevels nothing moves to the right any more, so that a payload cannot
// become many times as long.
const (
	xmlIndent = 3
	xmlLine   = 80
	xmlLevels = 50
)

// xmlWriter writes nodes as text, in the form that Interlok's does: attributes in the order of their names, after the declarations of
// the namespaces that the nodes need.
type xmlWriter struct {
	strings.Builder
	// indented puts elements on lines of their own where no text stands beside them.
	indented     bool
	skipComments bool
	// charset is what the text will be written in; what it does not have becomes a character reference. nil has all characters.
	charset encoding.Encoding

	level                int
	afterStart, afterEnd bool
	// blank is text of blanks only that is written unless the next tag gets a line of its own.
	blank string
	// preserved is the level of the outermost element with xml:space="preserve"; 0 for none.
	preserved int
	scope     []xmlBinding
}

type xmlBinding struct{ prefix, uri string }

// declaration begins a document, as Interlok's splitters write it.
func (w *xmlWriter) declaration(charset string) {
	w.WriteString(`<?xml version="1.0" encoding="` + charset + `" standalone="no"?>`)
	w.afterEnd = true
}

// finish ends a document.
func (w *xmlWriter) finish() {
	if w.indented && w.afterEnd {
		w.WriteByte('\n')
	}
}

func (w *xmlWriter) node(n *xmlquery.Node) {
	switch n.Type {
	case xmlquery.ElementNode:
		w.element(n)
	case xmlquery.TextNode, xmlquery.CharDataNode:
		w.text(n.Data)
	case xmlquery.CommentNode:
		if !w.skipComments {
			w.beside()
			w.WriteString("<!--" + n.Data + "-->")
		}
	case xmlquery.DocumentNode:
		w.children(n)
	}
}

func (w *xmlWriter) children(n *xmlquery.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

func (w *xmlWriter) element(n *xmlquery.Node) {
	if w.afterStart || w.afterEnd {
		w.line()
	} else {
		w.flush()
	}
	w.level++
	if w.preserved == 0 && n.SelectAttr("xml:space") == "preserve" {
		w.preserved = w.level
	}
	name := qualified(n.Prefix, n.Data)
	outer := len(w.scope)
	w.WriteString("<" + name)
	w.attributes(n, name)
	w.afterStart, w.afterEnd = true, false
	if n.FirstChild == nil {
		w.WriteString("/>")
		w.level--
	} else {
		w.WriteByte('>')
		w.children(n)
		w.level--
		if w.afterEnd {
			w.line()
		} else {
			w.flush()
		}
		w.WriteString("</" + name + ">")
	}
	w.afterStart, w.afterEnd = false, true
	w.scope = w.scope[:outer]
	if w.level < w.preserved {
		w.preserved = 0
	}
}

// attributes writes the namespaces that an element declares or needs and that are not in force, and its attributes.
func (w *xmlWriter) attributes(n *xmlquery.Node, name string) {
	var out []string
	length := 0
	for _, b := range w.declare(n) {
		out = append(out, qualified("xmlns", b.prefix)+`="`+w.escape(b.uri, true)+`"`)
		length += len("xmlns=....") + len(b.prefix) + len(b.uri)
	}
	plain := slices.DeleteFunc(slices.Clone(n.Attr), isDeclaration)
	slices.SortStableFunc(plain, func(a, b xmlquery.Attr) int {
		return strings.Compare(qualified(a.Name.Space, a.Name.Local), qualified(b.Name.Space, b.Name.Local))
	})
	for _, a := range plain {
		attribute := qualified(a.Name.Space, a.Name.Local)
		out = append(out, attribute+`="`+w.escape(a.Value, true)+`"`)
		length += len("........") + len(attribute) + len(a.Value)
	}
	between := " "
	if w.indented && w.preserved == 0 && length > xmlLine {
		between = "\n" + strings.Repeat(" ", min(w.level-1, xmlLevels)*xmlIndent+len("< ")+utf8.RuneCountInString(name))
	}
	for i, a := range out {
		if i == 0 {
			w.WriteByte(' ')
		} else {
			w.WriteString(between)
		}
		w.WriteString(a)
	}
}

// declare brings namespaces into force, and returns those that were not, in the order of their prefixes.
func (w *xmlWriter) declare(n *xmlquery.Node) []xmlBinding {
	wanted := []xmlBinding{{n.Prefix, n.NamespaceURI}}
	for _, a := range n.Attr {
		switch {
		case a.Name.Space == "xmlns":
			wanted = append(wanted, xmlBinding{a.Name.Local, a.Value})
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			wanted = append(wanted, xmlBinding{"", a.Value})
		case a.Name.Space != "":
			wanted = append(wanted, xmlBinding{a.Name.Space, a.NamespaceURI})
		}
	}
	var added []xmlBinding
	for _, b := range wanted {
		if b.prefix == "xml" || b.uri == "" && b.prefix != "" || w.inForce(b.prefix) == b.uri {
			continue
		}
		w.scope = append(w.scope, b)
		added = append(added, b)
	}
	slices.SortFunc(added, func(a, b xmlBinding) int { return strings.Compare(a.prefix, b.prefix) })
	return added
}

func (w *xmlWriter) inForce(prefix string) string {
	for i := len(w.scope) - 1; i >= 0; i-- {
		if w.scope[i].prefix == prefix {
			return w.scope[i].uri
		}
	}
	return ""
}

func isDeclaration(a xmlquery.Attr) bool {
	return a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
}

// qualified is a name with its prefix; one of both may be empty.
func qualified(prefix, local string) string {
	if prefix == "" || local == "" {
		return prefix + local
	}
	return prefix + ":" + local
}

func (w *xmlWriter) text(text string) {
	if w.indented && w.preserved == 0 && strings.Trim(text, " \t\r\n") == "" {
		w.blank += text
		return
	}
	w.flush()
	w.WriteString(w.escape(text, false))
	w.afterStart, w.afterEnd = false, false
}

// beside is before what stands between elements without being one.
func (w *xmlWriter) beside() {
	if w.afterEnd {
		w.line()
	} else {
		w.flush()
	}
}

// line begins a new line in place of the blanks that stood there.
func (w *xmlWriter) line() {
	if !w.indented || w.preserved > 0 {
		w.flush()
		return
	}
	w.blank = ""
	w.WriteByte('\n')
	w.WriteString(strings.Repeat(" ", min(w.level, xmlLevels)*xmlIndent))
}

func (w *xmlWriter) flush() {
	if w.blank != "" {
		w.WriteString(w.escape(w.blank, false))
		w.blank = ""
	}
}
