package service

import (
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/expr"
)

func TestJSONToXML(t *testing.T) {
	for _, c := range []transformCase{
		{name: "members in order", payload: `{"b":1.10,"a":"x<y&\"'","t":true,"z":null,"e":""}`, want: `<json><b>1.10</b><a>x&lt;y&amp;&quot;&apos;</a><t>true</t><z>null</z><e/></json>`},
		{name: "arrays", payload: `{"a":[1,"",{"b":2},[3,4]],"none":[]}`, want: `<json><a>1</a><a/><a><b>2</b></a><a><array>3</array><array>4</array></a></json>`},
		{name: "content", payload: `{"a":{"id":7,"content":"t"},"c":{"content":["x","y"]}}`, want: "<json><a><id>7</id>t</a><c>x\ny</c></json>"},
		{name: "array as document", payload: `[{"a":1},2]`, want: `<json><array-item><a>1</a></array-item><array-item>2</array-item></json>`},
		{name: "what XML does not have", payload: `{"a":"\u0000\r\n\u0009"}`, want: "<json><a>\uFFFD&#xd;\n\t</a></json>"},
		{name: "empty", payload: `{}`, want: `<json></json>`},
		{name: "a key that is no name", payload: `{"sp ace":1}`, wantErr: `json-xml-transform-service: the key "sp ace" is no name of an XML element`},
		{name: "a key that is markup", payload: `{"a><b":1}`, wantErr: `is no name of an XML element`},
		{name: "text", payload: `"x"`, wantErr: "json-xml-transform-service: the payload is JSON, but a text"},
		{name: "no JSON", payload: `<a/>`, wantErr: "json-xml-transform-service: the payload is "},
	} {
		c.xml = `<json-xml-transform-service/>`
		c.run(t)
	}
}

func TestXMLToJSON(t *testing.T) {
	for _, c := range []transformCase{
		{name: "kinds", payload: `<?xml version="1.0" encoding="ISO-8859-1"?><!-- c --><json><b>1.10</b><big>12345678901234567890</big><t>TRUE</t><z>null</z><e/><s> x &lt;&#233; </s><zip>007</zip></json>`,
			want: `{"b":1.10,"big":12345678901234567890,"t":true,"z":null,"e":"","s":"x <é","zip":"007"}`},
		{name: "attributes and content", payload: `<json><a id="7" n="x">t</a></json>`, want: `{"a":{"id":7,"n":"x","content":"t"}}`},
		{name: "repeated", payload: `<json><a>1</a><b/><a><c>2</c></a></json>`, want: `{"a":[1,{"c":2}],"b":""}`},
		{name: "mixed", payload: `<json>x<a>1</a>y<![CDATA[<z>]]></json>`, want: `{"content":["x","y<z>"],"a":1}`},
		{name: "prefixes", payload: `<json xmlns:p="urn:p"><p:a p:b="1"/></json>`, want: `{"xmlns:p":"urn:p","p:a":{"p:b":1}}`},
		{name: "other element", payload: `<order><a>1</a></order>`, wantErr: "json-xml-transform-service: the document's element is <order>, not <json>; set <json-tag> to order"},
		{name: "text only", payload: `<json>1</json>`, wantErr: "so it becomes no JSON object"},
		{name: "empty element", payload: `<json/>`, wantErr: "so it becomes no JSON object"},
		{name: "no end", payload: `<json><a></json>`, wantErr: "</json> ends no element"},
		{name: "cut off", payload: `<json><a>`, wantErr: "<a> has no end"},
		{name: "two documents", payload: `<json><a/></json><json/>`, wantErr: "is a second document"},
		{name: "text behind", payload: `<json><a/></json>x`, wantErr: "text stands outside"},
		{name: "document type", payload: `<!DOCTYPE json [<!ENTITY a "b">]><json><a>&a;</a></json>`, wantErr: "document type declaration, which is refused"},
		{name: "unknown entity", payload: `<json><a>&b;</a></json>`, wantErr: "the payload is not XML"},
		{name: "too deep", payload: strings.Repeat("<json>", 2000), wantErr: "nested more than 1000 deep"},
		{name: "no XML", payload: `{}`, wantErr: "text stands outside"},
		{name: "nothing", wantErr: "it has no element"},
	} {
		c.xml = `<json-xml-transform-service><direction>XML_TO_JSON</direction></json-xml-transform-service>`
		c.run(t)
	}
	transformCase{name: "another tag", xml: `<json-xml-transform-service><direction>XML_TO_JSON</direction><driver class="simple-transformation-driver"><json-tag>order</json-tag></driver></json-xml-transform-service>`,
		payload: `<order><a>1</a></order>`, want: `{"a":1}`}.run(t)
	if _, problems := decodeWith(t, `<json-xml-transform-service><driver class="simple-transformation-driver"><json-tag>a b</json-tag></driver></json-xml-transform-service>`, sharedParts{}); !strings.Contains(strings.Join(problems, ""), `<json-tag> of simple-transformation-driver is "a b", which is no name`) {
		t.Errorf("%v", problems)
	}
}

func FuzzXMLToJSON(f *testing.F) {
	for _, seed := range []string{`<json><a id="7">t</a><a/></json>`, `<json>x<!--c-->y</json>`, `<a:b xmlns:a="c"><d>1e5</d></a:b>`, `<a></b>`, "<a>\xff</a>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, value, err := readXML(text)
		if err != nil {
			return
		}
		if _, err := expr.ParseJSONBytes([]byte(expr.JSONText(value))); err != nil {
			t.Errorf("%q became %s: %v", text, expr.JSONText(value), err)
		}
	})
}
