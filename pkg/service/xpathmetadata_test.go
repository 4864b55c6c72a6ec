package service

import (
	"strings"
	"testing"

	"github.com/antchfx/xmlquery"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestXPathMetadataSetsWhatItFinds(t *testing.T) {
	query := func(class, inside string) string {
		return `<xpath-query class="` + class + `"><metadata-key>out</metadata-key>` + inside + `</xpath-query>`
	}
	service := func(inside string) string {
		return `<xpath-metadata-service>` + inside + `</xpath-metadata-service>`
	}
	const doc = `<r><i n="1">a</i><i n="2"> <b>x &amp; y</b></i><e/></r>`
	for _, c := range []serviceCase{
		{name: "text", xml: service(query("configured-xpath-query", `<xpath-query>/r/i</xpath-query>`)), set: []string{"out", "a"}},
		{name: "attribute", xml: service(query("configured-xpath-query", `<xpath-query>/r/i[2]/@n</xpath-query>`)), set: []string{"out", "2"}},
		{name: "function", xml: service(query("configured-xpath-query", `<xpath-query>count(/r/i)</xpath-query>`)), set: []string{"out", "2"}},
		{name: "without class", xml: service(`<xpath-query><metadata-key>out</metadata-key><xpath-query>/r/i</xpath-query></xpath-query>`), set: []string{"out", "a"}},
		{name: "expression", xml: service(query("configured-xpath-query", `<xpath-query>/r/i[@n='%message{n}']/b</xpath-query>`)), metadata: []string{"n", "2"}, set: []string{"out", "x & y"}},
		{name: "nothing", xml: service(query("configured-xpath-query", `<xpath-query>/r/x</xpath-query>`)), fails: `metadata "out": xpath /r/x found nothing`},
		{name: "empty", xml: service(query("configured-xpath-query", `<xpath-query>/r/e</xpath-query>`)), fails: "found nothing"},
		{name: "nothing, allowed", xml: service(query("configured-xpath-query", `<xpath-query>/r/x</xpath-query><allow-empty-results>true</allow-empty-results>`)), set: []string{"out", ""}},
		{name: "as XML", xml: service(query("configured-xpath-query", `<xpath-query>/r/i[2]/b</xpath-query><as-xml-string>true</as-xml-string>`)), set: []string{"out", "<b>x &amp; y</b>"}},
		{name: "as XML, more than one line", xml: service(query("configured-xpath-query", `<xpath-query>/r/i[2]</xpath-query><as-xml-string>true</as-xml-string>`)),
			set: []string{"out", "<i n=\"2\">\n   <b>x &amp; y</b>\n</i>"}},
		{name: "as XML, nothing", xml: service(query("configured-xpath-query", `<xpath-query>/r/x</xpath-query><as-xml-string>true</as-xml-string>`)), fails: "found nothing"},
		{name: "all", xml: service(query("multi-item-configured-xpath-query", `<xpath-query>/r/i/@n | /r/i</xpath-query>`)), set: []string{"out", "a|1||2"}},
		{name: "all with a comma", xml: service(query("multi-item-configured-xpath-query", `<xpath-query>/r/i/@n</xpath-query><separator>, </separator>`)), set: []string{"out", "1, 2"}},
		{name: "all as XML", xml: service(query("multi-item-configured-xpath-query", `<xpath-query>/r/i[1]|/r/e</xpath-query><as-xml-string>true</as-xml-string>`)),
			set: []string{"out", "<i n=\"1\">a</i>\n<e/>\n"}},
		{name: "all of nothing", xml: service(query("multi-item-configured-xpath-query", `<xpath-query>/r/x</xpath-query>`)), fails: "found nothing"},
		{name: "of metadata", xml: service(query("metadata-xpath-query", `<xpath-metadata-key>p</xpath-metadata-key>`)), metadata: []string{"p", "/r/i"}, set: []string{"out", "a"}},
		{name: "all of metadata", xml: service(query("multi-item-metadata-xpath-query", `<xpath-metadata-key>p</xpath-metadata-key>`)), metadata: []string{"p", "//@n"}, set: []string{"out", "1|2"}},
		{name: "no metadata", xml: service(query("metadata-xpath-query", `<xpath-metadata-key>p</xpath-metadata-key>`)), fails: `no XPath in metadata "p"`},
		{name: "metadata that is no XPath", xml: service(query("metadata-xpath-query", `<xpath-metadata-key>p</xpath-metadata-key>`)), metadata: []string{"p", "/r["}, fails: "cannot be read"},
		{name: "no XML", xml: service(query("configured-xpath-query", `<xpath-query>/r/i</xpath-query>`)), payload: "{}", fails: "not XML"},
		{name: "namespace", payload: `<r xmlns="urn:o"><i>a</i></r>`, set: []string{"out", "a"},
			xml: service(query("configured-xpath-query", `<xpath-query>/o:r/o:i</xpath-query>`) +
				`<namespace-context><key-value-pair><key>o</key><value>urn:o</value></key-value-pair></namespace-context>`)},
	} {
		if c.payload == "" {
			c.payload = doc
		}
		t.Run(c.name, c.run)
	}
}

func TestXPathMetadataSetsNothingWhenOneFails(t *testing.T) {
	s := decode[*XPathMetadata](t, `<xpath-metadata-service><xpath-query><metadata-key>a</metadata-key><xpath-query>/r</xpath-query></xpath-query>
		<xpath-query><metadata-key>b</metadata-key><xpath-query>/x</xpath-query></xpath-query></xpath-metadata-service>`)
	m := newMessage("<r>1</r>")
	if err := component.Apply(t.Context(), s, m); err == nil {
		t.Fatal("no error")
	}
	if keys := m.MetadataKeys(); len(keys) > 0 {
		t.Errorf("metadata %q is set", keys)
	}
}

func TestXPathObjectKeepsNodes(t *testing.T) {
	for class, want := range map[string]int{"configured-xpath-node-query": 1, "configured-xpath-nodelist-query": 2, "metadata-xpath-node-query": 1, "metadata-xpath-nodelist-query": 2} {
		t.Run(class, func(t *testing.T) {
			inside := `<xpath-query>/r/%message{name}</xpath-query>`
			if strings.HasPrefix(class, "metadata") {
				inside = `<xpath-metadata-key>path</xpath-metadata-key>`
			}
			s := decode[*XPathObject](t, `<xpath-object-metadata-service><xpath-query class="`+class+`"><metadata-key>o</metadata-key>`+inside+`</xpath-query></xpath-object-metadata-service>`)
			m := newMessage("<r><i>1</i><i>2</i></r>", "name", "i", "path", "/r/i")
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			found, _ := m.Object("o")
			n := 0
			switch found := found.(type) {
			case *xmlquery.Node:
				n = 1
			case []*xmlquery.Node:
				n = len(found)
			}
			if n != want {
				t.Errorf("found %v; want %d nodes", found, want)
			}
			if err := component.Apply(t.Context(), s, newMessage("<r/>", "name", "i", "path", "/r/i")); err == nil || !strings.Contains(err.Error(), "found nothing") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestXPathServiceWritesNodes(t *testing.T) {
	execution := func(path string) string {
		return `<xpath-execution><source class="constant-data-input-parameter"><value>` + path + `</value></source>
			<target class="metadata-data-output-parameter"><metadata-key>out</metadata-key></target></xpath-execution>`
	}
	service := func(inside string) string { return `<xpath-service>` + inside + `</xpath-service>` }
	const doc = `<r><i n="1">a</i> <i n="2"><b>x &amp; y</b></i></r>`
	for _, c := range []serviceCase{
		{name: "elements", xml: service(execution("/r/i")), set: []string{"out", `<i n="1">a</i><i n="2"><b>x &amp; y</b></i>`}},
		{name: "attributes", xml: service(execution("/r/i/@n")), set: []string{"out", "12"}},
		{name: "texts are XML", xml: service(execution("//b/text()")), set: []string{"out", "x &amp; y"}},
		{name: "nothing", xml: service(execution("/x")), set: []string{"out", ""}},
		{name: "payload", xml: service(`<xpath-execution><source class="metadata-data-input-parameter"><metadata-key>p</metadata-key></source>
			<target class="string-payload-data-output-parameter"/></xpath-execution>` + execution("/r/i/@n")), metadata: []string{"p", "//b"}, want: "<b>x &amp; y</b>", set: []string{"out", "12"}},
		{name: "of metadata", xml: service(`<xml-source class="metadata-data-input-parameter"><metadata-key>d</metadata-key></xml-source>` + execution("/d")),
			metadata: []string{"d", "<d/>"}, set: []string{"out", "<d/>"}},
		{name: "metadata that is no XML", xml: service(`<xml-source class="metadata-data-input-parameter"><metadata-key>d</metadata-key></xml-source>` + execution("/d")),
			metadata: []string{"d", "d"}, fails: "what <xml-source> gave is not XML"},
		{name: "value", xml: service(execution("count(/r)")), fails: "no node but a value"},
		{name: "no XPath", xml: service(`<xpath-execution><source class="metadata-data-input-parameter"><metadata-key>p</metadata-key></source>
			<target class="string-payload-data-output-parameter"/></xpath-execution>`), fails: `no metadata "p"`},
	} {
		c.payload = doc
		t.Run(c.name, c.run)
	}
}

func TestXPathServicesRefuseWhatCannotWork(t *testing.T) {
	for _, c := range []struct{ name, xml, want string }{
		{"no query", `<xpath-metadata-service/>`, "has no <xpath-query>"},
		{"no object query", `<xpath-object-metadata-service/>`, "has no <xpath-query>"},
		{"no execution", `<xpath-service/>`, "has no <xpath-execution>"},
		{"XPath", `<xpath-metadata-service><xpath-query><metadata-key>a</metadata-key><xpath-query>/r[</xpath-query></xpath-query></xpath-metadata-service>`, "cannot be read"},
		{"XPath of an execution", `<xpath-service><xpath-execution><source class="constant-data-input-parameter"><value>/r[</value></source>
			<target class="string-payload-data-output-parameter"/></xpath-execution></xpath-service>`, "cannot be read"},
		{"blank XPath", `<xpath-metadata-service><xpath-query><metadata-key>a</metadata-key><xpath-query> </xpath-query></xpath-query></xpath-metadata-service>`, "is blank"},
		{"object query for metadata", `<xpath-metadata-service><xpath-query class="configured-xpath-node-query"><metadata-key>a</metadata-key><xpath-query>/r</xpath-query></xpath-query></xpath-metadata-service>`,
			"can not stand in"},
		{"validation", `<xpath-service><xml-document-factory-config><validating>true</validating></xml-document-factory-config></xpath-service>`, "nothing can be validated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := decodeWith(t, c.xml, sharedParts{})
			if !strings.Contains(strings.Join(problems, "\n"), c.want) {
				t.Errorf("problems are %q; want %s", problems, c.want)
			}
		})
	}
}

// TestXPathsUseTheNamespacesOfTheMessage is about every component that evaluates XPath, with a namespace that the message brings and with
// one of its own, which wins.
func TestXPathsUseTheNamespacesOfTheMessage(t *testing.T) {
	pairs := func(uri string) string {
		return `<namespace-context><key-value-pair><key>o</key><value>` + uri + `</value></key-value-pair></namespace-context>`
	}
	add := decode[*AddNamespaces](t, `<add-namespace-object-metadata>`+pairs("urn:o")+`</add-namespace-object-metadata>`)
	execution := func(source string) string {
		return `<xpath-execution>` + source + `<target class="metadata-data-output-parameter"><metadata-key>out</metadata-key></target></xpath-execution>`
	}
	constant := execution(`<source class="constant-data-input-parameter"><value>/o:r/o:i/@n</value></source>`)
	split := func(inside string) string {
		return `<advanced-message-splitter-service><splitter ` + inside + `</splitter><service class="null-service"/></advanced-message-splitter-service>`
	}
	for name, c := range map[string]struct{ xml, key, want string }{
		"query":             {`<xpath-metadata-service><xpath-query><metadata-key>out</metadata-key><xpath-query>/o:r/o:i/@n</xpath-query></xpath-query></xpath-metadata-service>`, "out", "1"},
		"query of metadata": {`<xpath-metadata-service><xpath-query class="metadata-xpath-query"><metadata-key>out</metadata-key><xpath-metadata-key>p</xpath-metadata-key></xpath-query></xpath-metadata-service>`, "out", "1"},
		"service":           {`<xpath-service>` + constant + `</xpath-service>`, "out", "1"},
		"service, metadata": {`<xpath-service>` + execution(`<source class="metadata-data-input-parameter"><metadata-key>p</metadata-key></source>`) + `</xpath-service>`, "out", "1"},
		"service, its own":  {`<xpath-service>` + constant + pairs("urn:other") + `</xpath-service>`, "out", ""},
		"splitter":          {split(`class="xpath-message-splitter"><xpath>/o:r/o:i</xpath>`), MetadataSplitCount, "1"},
		"splitter, its own": {split(`class="xpath-message-splitter"><xpath>/o:r/o:i</xpath>` + pairs("urn:other")), MetadataSplitCount, "0"},
		"copier":            {split(`class="xpath-document-copier"><xpath>count(/o:r/o:i) * 3</xpath>`), MetadataSplitCount, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[component.Service](t, c.xml)
			for range 2 { // the second time with what is kept of the first
				m := newMessage(`<r xmlns="urn:o"><i n="1"/></r>`, "p", "/o:r/o:i/@n")
				if err := component.Apply(t.Context(), add, m); err != nil {
					t.Fatal(err)
				}
				if err := component.Apply(t.Context(), s, m); err != nil {
					t.Fatal(err)
				}
				if got, _ := m.Metadata(c.key); got != c.want {
					t.Errorf("%s is %q; want %q", c.key, got, c.want)
				}
			}
		})
	}
}
