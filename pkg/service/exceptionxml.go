package service

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ExceptionAsXML makes the payload an XML document about the error. Interlok: ExceptionAsXml, which can merge that into the payload too:
// here it always replaces it.
type ExceptionAsXML struct {
	Generator ExceptionDocument `xml:"exception-generator" default:"simple-exception-report" doc:"what the document looks like"`
	Encoding  string            `xml:"xml-encoding" doc:"character set of the document; without it the message's, or UTF-8"`
	Merge     DocumentMerge     `xml:"document-merge" default:"xml-replace-original" doc:"how it comes into the payload: it can only replace it"`

	DocumentConfig XMLDocumentConfig `xml:"xml-document-factory-config" class:"xml-document-builder-configuration" effect:"none" doc:"accepted for compatibility: the payload is not read"`
	IgnoreParse    bool              `xml:"ignore-xml-parse-exceptions" default:"false" effect:"none" doc:"accepted for compatibility: the payload is not read"`
}

// DocumentMerge is how one XML document comes into another.
type DocumentMerge interface {
	// replaces says that nothing of the other is left.
	replaces() bool
}

// ReplaceOriginal leaves nothing of the other document. Interlok: ReplaceOriginal.
type ReplaceOriginal struct{}

func (*ReplaceOriginal) replaces() bool { return true }

// ExceptionDocument makes an XML element about an error. It is safe for concurrent use.
type ExceptionDocument interface {
	// document is the element; workflow may be empty.
	document(err error, workflow string) string
}

// Check refuses a character set that nobody knows.
func (s *ExceptionAsXML) Check(r *component.Report) {
	if !isUTF8(s.Encoding) {
		if _, err := charsetOf(s.Encoding); err != nil {
			r.Errorf("xml-encoding", "bad-value", ": %v", err)
		}
	}
	if s.Merge != nil && !s.Merge.replaces() {
		r.Errorf("document-merge", "unsupported-element", "merges the report into the payload, which is not supported here; use xml-replace-original")
	}
}

// Serialize implements ExceptionSerializer.
func (s *ExceptionAsXML) Serialize(err error, m *message.Message) error {
	workflow, _ := m.Metadata(metadataWorkflow)
	switch {
	case s.Encoding != "":
		m.SetEncoding(s.Encoding)
	case m.Encoding() == "":
		m.SetEncoding("UTF-8")
	}
	return setText(m, `<?xml version="1.0" encoding="`+m.Encoding()+`" standalone="no"?>`+"\n"+s.Generator.document(err, workflow)+"\n")
}

// SimpleReport is an element with the error's text as CDATA. Interlok: SimpleExceptionReport.
type SimpleReport struct {
	ElementName string `xml:"element-name" default:"Exception" doc:"name of the element"`
}

// Check refuses a name that is none.
func (r *SimpleReport) Check(report *component.Report) {
	if strings.TrimSpace(r.ElementName) == "" {
		r.ElementName = "Exception"
	}
	var any struct {
		XMLName xml.Name
	}
	if xml.Unmarshal([]byte("<"+r.ElementName+"></"+r.ElementName+">"), &any) != nil || strings.ContainsAny(r.ElementName, " \t\r\n") {
		report.Errorf("element-name", "bad-value", "is %q, which is no name of an XML element; write one such as Exception", r.ElementName)
	}
}

func (r *SimpleReport) document(err error, _ string) string {
	text := strings.ReplaceAll(onlyXML(err.Error()), "]]>", "]]]]><![CDATA[>")
	return fmt.Sprintf("<%[1]s>\n<![CDATA[\n%[2]s\n]]>\n</%[1]s>", r.ElementName, text)
}

// XMLReport has the error's text and the workflow as elements. Interlok: XmlExceptionReport.
type XMLReport struct{}

func (*XMLReport) document(err error, workflow string) string { return xmlReport(err, workflow, "") }

// XMLReportWithStack is XMLReport with an empty stack trace, for readers that expect one. Interlok: XmlReportWithStacktrace.
type XMLReportWithStack struct{}

func (*XMLReportWithStack) document(err error, workflow string) string {
	return xmlReport(err, workflow, "  <stacktrace></stacktrace>\n")
}

func xmlReport(err error, workflow, more string) string {
	var b strings.Builder
	element := func(name, text string) {
		b.WriteString("  <" + name + ">")
		_ = xml.EscapeText(&b, []byte(onlyXML(text))) // a Builder takes everything
		b.WriteString("</" + name + ">\n")
	}
	b.WriteString("<exception-report>\n")
	element("exception-message", err.Error())
	b.WriteString(more)
	if workflow != "" {
		element("workflow", workflow)
	}
	b.WriteString("</exception-report>")
	return b.String()
}

// onlyXML replaces characters that XML can not hold, even escaped.
func onlyXML(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

func init() {
	const pkg = "com.adaptris.core.services.exception."
	component.Register[ExceptionAsXML]("exception-as-xml", pkg+"ExceptionAsXml", component.KindPart, "an XML document about the error")
	component.Register[SimpleReport]("simple-exception-report", pkg+"SimpleExceptionReport", component.KindPart, "an element with the error's text")
	component.Register[XMLReport]("xml-exception-report", pkg+"XmlExceptionReport", component.KindPart, "an element with the error's text and the workflow in it")
	component.Register[XMLReportWithStack]("xml-with-stacktrace-exception-report", pkg+"XmlReportWithStacktrace", component.KindPart, "the same, with an empty stack trace")
	component.Register[ReplaceOriginal]("xml-replace-original", "com.adaptris.util.text.xml.ReplaceOriginal", component.KindPart, "replaces the payload")
}
