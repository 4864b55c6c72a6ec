package service

import (
	"strings"
	"testing"

	"github.com/antchfx/xmlquery"
	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestXPathSplitterMakesDocuments(t *testing.T) {
	const class = "xpath-message-splitter"
	const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="no"?>` + "\n"
	for _, c := range []splitCase{
		{name: "elements", inside: `<xpath>/r/i</xpath>`, payload: `<r><i n="1">a</i><i n="2">b</i></r>`,
			want: []string{declaration + "<i n=\"1\">a</i>\n", declaration + "<i n=\"2\">b</i>\n"}},
		{name: "nothing", inside: `<xpath>/r/x</xpath>`, payload: `<r><i/></r>`},
		{name: "indented", inside: `<xpath>/r</xpath>`, payload: `<r><a><b>1</b><c/></a></r>`,
			want: []string{declaration + "<r>\n   <a>\n      <b>1</b>\n      <c/>\n   </a>\n</r>\n"}},
		{name: "indented anew", inside: `<xpath>/r</xpath>`, payload: "<r>\n <a> </a>\r\n\t<b/>\n</r>", want: []string{declaration + "<r>\n   <a> </a>\n   <b/>\n</r>\n"}},
		{name: "text beside elements", inside: `<xpath>/r</xpath>`, payload: `<r>one <b>two</b> three<i/></r>`,
			want: []string{declaration + "<r>one <b>two</b> three<i/>\n</r>\n"}},
		{name: "blanks that are asked for", inside: `<xpath>/r</xpath>`, payload: `<r xml:space="preserve"><a> <b/> </a></r>`,
			want: []string{declaration + "<r xml:space=\"preserve\"><a> <b/> </a></r>\n"}},
		{name: "attributes by name", inside: `<xpath>/r</xpath>`, payload: `<r b="1" a="&lt;&amp;&gt;&quot;'&#9;&#10;"/>`,
			want: []string{declaration + "<r a=\"&lt;&amp;&gt;&#34;'&#x9;&#xA;\" b=\"1\"/>\n"}},
		{name: "long attributes", inside: `<xpath>/r/a</xpath>`, payload: `<r><a one="` + strings.Repeat("1", 40) + `" two="` + strings.Repeat("2", 40) + `"/></r>`,
			want: []string{declaration + `<a one="` + strings.Repeat("1", 40) + "\"\n   two=\"" + strings.Repeat("2", 40) + "\"/>\n"}},
		{name: "characters", inside: `<xpath>/r</xpath>`, payload: `<r>a&lt;b&gt;c&amp;d"é世&#13;&#160;` + "\u0085</r>", want: []string{declaration + "<r>a&lt;b&gt;c&amp;d\"é世&#xD;\u00a0&#x85;</r>\n"}},
		{name: "CDATA is text", inside: `<xpath>/r</xpath>`, payload: `<r>a<![CDATA[<b>]]></r>`, want: []string{declaration + "<r>a&lt;b&gt;</r>\n"}},
		{name: "comments", inside: `<xpath>/r</xpath>`, payload: `<r><!-- c --><a/></r>`, want: []string{declaration + "<r><!-- c -->\n   <a/>\n</r>\n"}},
		{name: "without comments", payload: `<r><!-- c --><a/></r>`, want: []string{declaration + "<r>\n   <a/>\n</r>\n"},
			inside: `<xpath>/r</xpath><xml-document-factory-config class="xml-document-builder-configuration"><ignore-comments>true</ignore-comments></xml-document-factory-config>`},
		{name: "namespaces that names need", inside: `<xpath>/o:r/o:i</xpath>`, payload: `<o:r xmlns:o="urn:o" xmlns:x="urn:x" xmlns:u="urn:u"><o:i x:a="1"><o:j/></o:i></o:r>`,
			want: []string{declaration + "<o:i xmlns:o=\"urn:o\" xmlns:x=\"urn:x\" x:a=\"1\">\n   <o:j/>\n</o:i>\n"}},
		{name: "default namespace", inside: `<xpath>/p:r/p:i</xpath><namespace-context><key-value-pair><key>p</key><value>urn:o</value></key-value-pair></namespace-context>`,
			payload: `<r xmlns="urn:o"><i><j xmlns=""><k xmlns="urn:o"/></j></i></r>`,
			want:    []string{declaration + "<i xmlns=\"urn:o\">\n   <j xmlns=\"\">\n      <k xmlns=\"urn:o\"/>\n   </j>\n</i>\n"}},
		{name: "inner elements of inner elements", inside: `<xpath>//a</xpath>`, payload: `<a><a/></a>`, want: []string{declaration + "<a>\n   <a/>\n</a>\n", declaration + "<a/>\n"}},
		{name: "a union in the order of the document", inside: `<xpath>/r/b | /r/a</xpath>`, payload: `<r><a/><b/><a/></r>`,
			want: []string{declaration + "<a/>\n", declaration + "<b/>\n", declaration + "<a/>\n"}},
		{name: "attributes are no documents", inside: `<xpath>/r/@n</xpath>`, payload: `<r n="1"/>`, fails: "select elements"},
		{name: "values are no documents", inside: `<xpath>count(/r)</xpath>`, payload: `<r n="1"/>`, fails: "no node but a value"},
		{name: "no XML", inside: `<xpath>/r</xpath>`, payload: `{}`, fails: "not XML"},
		{name: "document type", inside: `<xpath>/r</xpath>`, payload: `<!DOCTYPE r><r/>`, fails: "document type declaration"},
	} {
		c.class = class
		t.Run(c.name, c.run)
	}
}

func TestXPathSplitterWritesInACharacterSet(t *testing.T) {
	for _, c := range []struct{ name, encoding, inside, payload, want, wantEncoding string }{
		{"of the message", "ISO-8859-1", "", "<r>\xe9&#x4e16;</r>", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" standalone=\"no\"?>\n<r>\xe9&#x4e16;</r>\n", "ISO-8859-1"},
		{"of the document", "", "<encoding>ISO-8859-1</encoding>", "<r>é</r>", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" standalone=\"no\"?>\n<r>\xe9</r>\n", "ISO-8859-1"},
		{"ASCII", "", "<encoding>US-ASCII</encoding>", "<r a='é'/>", "<?xml version=\"1.0\" encoding=\"US-ASCII\" standalone=\"no\"?>\n<r a=\"&#xe9;\"/>\n", "US-ASCII"},
		{"none", "", "", "<r>é</r>", "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<r>é</r>\n", "UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMessage(c.payload)
			m.SetEncoding(c.encoding)
			err := splitterOf(t, "xpath-message-splitter", "<xpath>/r</xpath>"+c.inside).Split(m, func(part *message.Message) error {
				if part.Encoding() != c.wantEncoding {
					t.Errorf("character set is %q", part.Encoding())
				}
				if diff := cmp.Diff(c.want, string(part.Payload())); diff != "" {
					t.Errorf("part (-want +got):\n%s", diff)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// FuzzXMLWriter holds that what is written without indentation reads as what it was written of.
func FuzzXMLWriter(f *testing.F) {
	for _, seed := range []string{`<r><i n="1">a</i></r>`, `<o:r xmlns:o="urn:o" o:a="&#9;&quot;">x<![CDATA[<]]>&#13;<!--c--></o:r>`, `<a xmlns="u"><b xmlns=""/></a>`,
		`<a xml:space="preserve"> <b/> </a>`, `<a xmlns:p="1"><b xmlns:p="2" p:c="3"><p:d/></b></a>`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := expr.ParseXMLBytes([]byte(text))
		if err != nil {
			return
		}
		w := &xmlWriter{}
		w.node(root)
		again, err := expr.ParseXMLBytes([]byte(w.String()))
		if err != nil {
			t.Fatalf("%q: %v", w.String(), err)
		}
		if diff := cmp.Diff(canonical(root), canonical(again)); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", w.String(), diff)
		}
	})
}

// canonical lists what an XML tree means, whatever prefix is declared where.
func canonical(n *xmlquery.Node) (out []string) {
	switch n.Type {
	case xmlquery.ElementNode:
		line := "<" + n.NamespaceURI + " " + n.Prefix + " " + n.Data
		attributes := map[string]string{}
		for _, a := range n.Attr {
			if !isDeclaration(a) {
				attributes[a.NamespaceURI+" "+a.Name.Local] = a.Value
			}
		}
		out = append(out, line)
		for _, a := range n.Attr {
			if !isDeclaration(a) {
				out = append(out, a.NamespaceURI+" "+a.Name.Local+"="+attributes[a.NamespaceURI+" "+a.Name.Local])
			}
		}
		sorted := out[1:]
		for i := range sorted {
			for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
				sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
			}
		}
	case xmlquery.TextNode:
		out = append(out, "text "+n.Data)
	case xmlquery.CommentNode:
		return append(out, "comment "+n.Data)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out = append(out, canonical(c)...)
	}
	return append(out, ">")
}
