package expr

import (
	"errors"
	"strings"
	"testing"

	"github.com/antchfx/xmlquery"

	"github.com/adapterd/adapterd/pkg/message"
)

const order = `<?xml version="1.0"?>
<!-- an order -->
<order id="77" xmlns:w="urn:ware">
  <c>x</c><item n="1" w:lot="L1">first</item><item n="2">se<![CDATA[<co>]]>nd</item>
  <w:extra>e &amp; f</w:extra><empty/>
</order>`

func TestXPathText(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"attribute", "/order/@id", "77"},
		{"attribute with a prefix", "/order/item/@w:lot", "L1"},
		{"element", "/order/c", "x"},
		{"text", "/order/c/text()", "x"},
		{"first of several", "//item", "first"},
		{"by number", "//item[2]", "se<co>nd"},
		{"text with CDATA", "//item[2]/text()", "se<co>nd"},
		{"by attribute", "//item[@n='2']/@n", "2"},
		{"by attribute, then number", "//item[@n > 0][2]/@n", "2"},
		{"by position", "//item[position()=2 and @n='2']/@n", "2"},
		{"last", "//item[@n > 0][last()]/@n", "2"},
		{"prefix", "/order/w:extra", "e & f"},
		{"empty element", "/order/empty", ""},
		{"string()", "string(/order/c)", "x"},
		{"string() of nothing", "string(/order/nope)", ""},
		{"count()", "count(//item)", "2"},
		{"sum()", "sum(//item/@n) div 2", "1.5"},
		{"boolean", "count(//item) = 2", "true"},
		{"concat()", "concat(/order/@id,'-',//item[1]/@n)", "77-1"},
		{"brace in a literal", "concat('}',/order/c)", "}x"},
		{"no number", "number('x')", "NaN"},
		{"infinity", "-1 div 0", "-Infinity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := message.New([]byte(order))
			if got := resolve(t, "%payload{xpath:"+c.path+"}", m); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if got := resolve(t, "<%PAYLOAD{XPATH: "+c.path+" }>", m); got != "<"+c.want+">" {
				t.Errorf("%q, want %q between brackets", got, c.want)
			}
		})
	}
}

func TestXPathErrors(t *testing.T) {
	for _, c := range []struct{ name, path, payload, want string }{
		{"no node", "/order/nope", order, "xpath /order/nope found nothing in the payload; use a path that every payload has"},
		{"no XML", "/a", "hello", "xpath /a: the payload is not XML that can be read: line 1, column 6: text outside the root element"},
		{"empty", "/a", "", "xpath /a: the payload is not XML that can be read: line 1, column 1: there is no element"},
		{"not closed", "/a", "<a><b></a>", "xpath /a: the payload is not XML that can be read: line 1, column 11: <b> is closed by </a>"},
		{"cut", "/a", "<x:a>", "xpath /a: the payload is not XML that can be read: line 1, column 6: <x:a> is not closed"},
		{"two roots", "/a", "<a/>\n<b/>", "xpath /a: the payload is not XML that can be read: line 2, column 5: a second root element <b>"},
		{"unknown entity", "/a", "<a>&b;</a>", "xpath /a: the payload is not XML that can be read: line 1, column 7: invalid character entity &b;"},
		{"DTD", "/a", `<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>`, "a document type declaration (<!DOCTYPE …>) is not accepted"},
		{"depth", "/a", strings.Repeat("<a>", 5000), "more than 1000 elements inside each other"},
		{"character set", "/a", `<?xml version="1.0" encoding="martian"?><a/>`, `the character set "martian" is not known`},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, err := CompileXPath(c.path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := x.Text(message.New([]byte(c.payload)))
			if err == nil {
				t.Fatalf("no error but %q", got)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			var path *PathError
			if !errors.As(err, &path) || path.Language != "xpath" {
				t.Errorf("no PathError: %v", err)
			}
			if errors.Is(err, ErrNoValue) != (c.name == "no node") {
				t.Error("ErrNoValue")
			}
		})
	}
}

func TestXPathCharacterSets(t *testing.T) {
	x, err := CompileXPath("/a")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, encoding, payload string }{
		{"declared", "", "<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>"},
		{"by the source", "ISO-8859-1", "<a>caf\xe9</a>"},
		{"by the source against the declaration", "ISO-8859-1", "<?xml version='1.0' encoding='martian'?><a>caf\xe9</a>"},
		{"byte order mark", "", "\xEF\xBB\xBF<a>café</a>"},
	} {
		m := message.New([]byte(c.payload))
		m.SetEncoding(c.encoding)
		if got, err := x.Text(m); err != nil || got != "café" {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestXMLIsParsedOnce(t *testing.T) {
	m := message.New([]byte(order))
	first, err := ParseXML(m)
	if err != nil {
		t.Fatal(err)
	}
	if got := resolve(t, "%payload{xpath:/order/@id}%payload{xpath:/order/c}", m); got != "77x" {
		t.Errorf("%q", got)
	}
	if again, _ := ParseXML(m); first != again {
		t.Error("parsed twice")
	}
}

func TestXPathNodesAndNamespaces(t *testing.T) {
	m := message.New([]byte(order))
	x, err := CompileXPath("//item | //item/@n")
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := x.Nodes(m)
	if err != nil || len(nodes) != 4 {
		t.Fatalf("%v, %v", nodes, err)
	}
	var texts []string
	attributes := 0
	for _, n := range nodes {
		texts = append(texts, n.InnerText())
		if n.Type == xmlquery.AttributeNode {
			attributes++
		}
	}
	if attributes != 2 || !strings.Contains(strings.Join(texts, "|"), "se<co>nd") {
		t.Errorf("%q", texts)
	}
	ns, err := CompileXPathNS("/order/ware:extra", map[string]string{"ware": "urn:ware"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ns.Text(m); err != nil || got != "e & f" {
		t.Errorf("%q, %v", got, err)
	}
	if count, _ := CompileXPath("count(//item)"); count != nil {
		if _, err := count.Nodes(m); err == nil {
			t.Error("nodes of a number")
		}
	}
}

func TestCompileXPathRefuses(t *testing.T) {
	for _, path := range []string{"", "/a[", "nofunction(1)", "///", "/a/@", "//i[@n='2' and position()=2]", "//i[@n='2'][position()=2]", "//i[@n][last()-1]"} {
		if x, err := CompileXPath(path); err == nil {
			t.Errorf("%q: compiled to %s", path, x)
		} else if !strings.Contains(err.Error(), path) {
			t.Errorf("%q is not named in: %v", path, err)
		}
	}
	if _, err := CompileXPath("//i[. = ' and position()']"); err != nil {
		t.Errorf("a literal is no condition: %v", err)
	}
}
