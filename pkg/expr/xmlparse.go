package expr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/antchfx/xmlquery"
	"golang.org/x/text/encoding/ianaindex"

	"github.com/adapterd/adapterd/pkg/message"
)

// ParseXML is the message's payload as an XML tree. The payload is parsed at most once; the tree is kept with the message, shared with
// its clones, and must not be changed. A document type declaration is refused: with it, entities and external files would come in. The
// character set is the message's if its source named one, else the XML declaration's.
func ParseXML(m *message.Message) (*xmlquery.Node, error) {
	v, err := m.Parsed(message.XML, func(payload []byte) (any, error) {
		if m.IsUTF8() {
			return ParseXMLBytes(payload)
		}
		text, err := m.Text()
		if err != nil {
			return nil, err
		}
		return parseXML([]byte(text), true)
	})
	if err != nil {
		return nil, err
	}
	return v.(*xmlquery.Node), nil
}

// ParseXMLBytes reads an XML text as ParseXML does.
func ParseXMLBytes(data []byte) (*xmlquery.Node, error) { return parseXML(data, false) }

// parseXML builds the tree from raw tokens, so that prefixes stay as written. decoded says that data is UTF-8 whatever its declaration says.
func parseXML(data []byte, decoded bool) (*xmlquery.Node, error) {
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if decoded {
			return in, nil
		}
		e, err := ianaindex.IANA.Encoding(charset)
		if err != nil || e == nil {
			return nil, fmt.Errorf("the character set %q is not known", charset)
		}
		return e.NewDecoder().Reader(in), nil
	}
	b := xmlBuilder{root: &xmlquery.Node{Type: xmlquery.DocumentNode}}
	b.at = b.root
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			if err = b.end(); err == nil {
				return b.root, nil
			}
		} else if err == nil {
			err = b.add(token)
		}
		if err != nil {
			line, column := d.InputPos()
			var syntax *xml.SyntaxError
			if errors.As(err, &syntax) {
				err = errors.New(syntax.Msg)
			}
			return nil, fmt.Errorf("not XML that can be read: line %d, column %d: %w", line, column, err)
		}
	}
}

type xmlBuilder struct {
	root, at *xmlquery.Node
	depth    int
	// scopes are the namespace declarations in force, the innermost last.
	scopes []xmlScope
	closed bool
	// pending is character data whose node is not made yet: a CDATA section and the text around it are one text node, as XPath has it.
	pending []byte
}

type xmlScope struct {
	depth       int
	prefix, uri string
}

func (b *xmlBuilder) add(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return b.start(t)
	case xml.EndElement:
		return b.stop(t.Name)
	case xml.CharData:
		return b.text(t)
	case xml.Comment:
		b.endText()
		xmlquery.AddChild(b.at, &xmlquery.Node{Type: xmlquery.CommentNode, Data: string(t)})
	case xml.Directive:
		return errors.New("a document type declaration (<!DOCTYPE …>) is not accepted; send the payload without one")
	}
	return nil
}

func (b *xmlBuilder) start(t xml.StartElement) error {
	b.endText()
	if b.at == b.root && b.closed {
		return fmt.Errorf("a second root element <%s>", rawName(t.Name))
	}
	if b.depth++; b.depth > maxDepth {
		return fmt.Errorf("more than %d elements inside each other", maxDepth)
	}
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns":
			b.scopes = append(b.scopes, xmlScope{b.depth, a.Name.Local, a.Value})
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			b.scopes = append(b.scopes, xmlScope{b.depth, "", a.Value})
		}
	}
	n := &xmlquery.Node{Type: xmlquery.ElementNode, Data: t.Name.Local, Prefix: t.Name.Space, NamespaceURI: b.namespace(t.Name.Space)}
	if len(t.Attr) > 0 {
		n.Attr = make([]xmlquery.Attr, len(t.Attr))
		for i, a := range t.Attr {
			n.Attr[i] = xmlquery.Attr{Name: a.Name, Value: a.Value}
			if a.Name.Space != "" {
				n.Attr[i].NamespaceURI = b.namespace(a.Name.Space)
			}
		}
	}
	xmlquery.AddChild(b.at, n)
	b.at = n
	return nil
}

func (b *xmlBuilder) stop(name xml.Name) error {
	b.endText()
	if b.at == b.root {
		return fmt.Errorf("</%s> closes nothing", rawName(name))
	}
	if b.at.Data != name.Local || b.at.Prefix != name.Space {
		return fmt.Errorf("<%s> is closed by </%s>", rawName(xml.Name{Space: b.at.Prefix, Local: b.at.Data}), rawName(name))
	}
	for len(b.scopes) > 0 && b.scopes[len(b.scopes)-1].depth == b.depth {
		b.scopes = b.scopes[:len(b.scopes)-1]
	}
	b.depth--
	b.at = b.at.Parent
	b.closed = b.at == b.root
	return nil
}

func (b *xmlBuilder) text(t xml.CharData) error {
	if b.at != b.root {
		b.pending = append(b.pending, t...)
	} else if len(bytes.TrimSpace(t)) > 0 {
		return errors.New("text outside the root element")
	}
	return nil
}

func (b *xmlBuilder) endText() {
	if len(b.pending) > 0 {
		xmlquery.AddChild(b.at, &xmlquery.Node{Type: xmlquery.TextNode, Data: string(b.pending)})
		b.pending = b.pending[:0]
	}
}

func (b *xmlBuilder) end() error {
	switch {
	case b.at != b.root:
		return fmt.Errorf("<%s> is not closed", rawName(xml.Name{Space: b.at.Prefix, Local: b.at.Data}))
	case !b.closed:
		return errors.New("there is no element")
	}
	return nil
}

func (b *xmlBuilder) namespace(prefix string) string {
	for i := len(b.scopes) - 1; i >= 0; i-- {
		if b.scopes[i].prefix == prefix {
			return b.scopes[i].uri
		}
	}
	if prefix == "xml" {
		return "http://www.w3.org/XML/1998/namespace"
	}
	return ""
}

func rawName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}
