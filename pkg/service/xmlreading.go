package service

import (
	"errors"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// xmlReading holds the fields of every component that evaluates XPath; they embed it.
type xmlReading struct {
	Namespaces     []component.KeyValue `xml:"namespace-context>key-value-pair" doc:"prefixes (key) of the namespaces (value) that the XPath names; without it a prefix means itself"`
	DocumentConfig XMLDocumentConfig    `xml:"xml-document-factory-config" class:"xml-document-builder-configuration" doc:"how XML is read"`
}

// XMLDocumentConfig says how XML is read.
type XMLDocumentConfig interface {
	// ignoresComments says that comments of a document are left out.
	ignoresComments() bool
}

// XMLReader says how XML is read. Interlok: DocumentBuilderFactoryBuilder. XML is always read with namespaces, with CDATA as text, and
// never with a document type declaration.
type XMLReader struct {
	IgnoreComments bool                 `xml:"ignore-comments" default:"false" doc:"true leaves comments out of what is written"`
	Validating     bool                 `xml:"validating" default:"false" doc:"must be false: without document type declarations nothing could be validated"`
	Features       []component.KeyValue `xml:"features>key-value-pair" doc:"switches of the Java parser: none changes anything here, and none lets document type declarations in"`
	XIncludeAware  bool                 `xml:"xinclude-aware" default:"false" doc:"must be false: a payload may not include files"`

	NamespaceAware         bool              `xml:"namespace-aware" default:"true" effect:"none" doc:"accepted for compatibility: a prefix is a namespace's if <namespace-context> has it, else it means itself"`
	IgnoreWhitespace       bool              `xml:"ignore-whitespace" default:"false" effect:"none" doc:"accepted for compatibility: it means something with a document type declaration only"`
	ExpandEntityReferences bool              `xml:"expand-entity-references" default:"false" effect:"none" doc:"accepted for compatibility: there are no entities without a document type declaration"`
	Coalescing             bool              `xml:"coalescing" default:"true" effect:"none" doc:"accepted for compatibility: CDATA is always text"`
	EntityResolver         XMLDocumentConfig `xml:"entity-resolver" effect:"none" doc:"accepted for compatibility: nothing outside of a payload is ever read"`
}

// Check refuses what would make a payload mean something else.
func (c *XMLReader) Check(r *component.Report) {
	if c.Validating {
		r.Errorf("validating", "unsupported-element", "is true, but XML with a document type declaration is refused here, and without one nothing can be validated; remove it")
	}
	if c.XIncludeAware {
		r.Errorf("xinclude-aware", "unsupported-element", "is true, but a payload may not include files; remove it")
	}
	for _, f := range c.Features {
		if strings.TrimSpace(f.Key) == disallowDoctype && strings.EqualFold(strings.TrimSpace(f.Value), "false") {
			r.Warnf("features", "without-effect", "let document type declarations in, but a payload that has one is refused here, whatever they say; send it without")
		}
	}
}

// disallowDoctype is the switch of the Java parser that lets document type declarations in when it is false.
const disallowDoctype = "http://apache.org/xml/features/disallow-doctype-decl"

func (c *XMLReader) ignoresComments() bool { return c.IgnoreComments }

// withoutComments says that comments are left out of what is written.
func (x *xmlReading) withoutComments() bool {
	return x.DocumentConfig != nil && x.DocumentConfig.ignoresComments()
}

// compile reads an XPath with the namespaces of the component.
func (x *xmlReading) compile(path string) (*expr.XPath, error) {
	namespaces := make(map[string]string, len(x.Namespaces))
	for _, pair := range x.Namespaces {
		namespaces[pair.Key] = pair.Value
	}
	return expr.CompileXPathNS(path, namespaces)
}

// checkXPath compiles the XPath of <element>; nil if it cannot be read, or is blank, which others report.
func (x *xmlReading) checkXPath(r *component.Report, element, path string) *expr.XPath {
	if path == "" {
		return nil
	}
	compiled, err := x.compile(path)
	if err != nil {
		r.Errorf(element, "bad-path", ": %v", err)
	}
	return compiled
}

// xpathText is what an XPath of text finds, with nothing as the empty text.
func xpathText(path *expr.XPath, m *message.Message) (string, error) {
	text, err := path.Text(m)
	if errors.Is(err, expr.ErrNoValue) {
		return "", nil
	}
	return text, err
}

func init() {
	component.Register[XMLReader]("xml-document-builder-configuration", "com.adaptris.core.util.DocumentBuilderFactoryBuilder", component.KindPart,
		"how XML is read")
}
