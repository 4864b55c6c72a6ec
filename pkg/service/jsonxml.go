package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONXML makes XML of a JSON payload, or the other way round. Interlok: JsonXmlTransformService.
type JSONXML struct {
	component.ServiceBase
	Direction string        `xml:"direction" default:"JSON_TO_XML" enum:"JSON_TO_XML,XML_TO_JSON" doc:"what becomes what"`
	Driver    JSONXMLDriver `xml:"driver" default:"simple-transformation-driver" doc:"how JSON and XML correspond"`
}

// JSONXMLDriver says how JSON and XML correspond. Interlok: TransformationDriver. It is safe for concurrent use.
type JSONXMLDriver interface {
	// toXML is XML for a JSON value.
	toXML(root any) (string, error)
	// toJSON is a JSON value for XML.
	toJSON(text string) (any, error)
}

// Apply replaces the payload.
func (s *JSONXML) Apply(_ context.Context, m *message.Message) error {
	out, err := s.transform(m)
	if err == nil {
		err = setText(m, out)
	}
	if err != nil {
		return fmt.Errorf("json-xml-transform-service: %w", err)
	}
	return nil
}

func (s *JSONXML) transform(m *message.Message) (string, error) {
	if s.Direction == "JSON_TO_XML" {
		root, err := expr.ParseJSON(m)
		if err != nil {
			return "", fmt.Errorf("the payload is %w", err)
		}
		return s.Driver.toXML(root)
	}
	text, err := m.Text()
	if err != nil {
		return "", err
	}
	value, err := s.Driver.toJSON(text)
	if err != nil {
		return "", err
	}
	return expr.JSONText(value), nil
}

// SimpleJSONXML makes an element of every member, and as many as an array has elements. Interlok: SimpleJsonTransformationDriver, which
// uses the class XML of org.json. Members keep their order, and numbers their digits.
//
// To XML: the member "content" is the text of its element, an array as document becomes elements <array-item>, null becomes the text null.
// There is no XML declaration. A key that is no XML name fails the message.
//
// To JSON: attributes and elements are members, text beside them is the member "content", elements of the same name become an array. Text that
// looks like a number, a boolean or null becomes one, but not a number with leading zeros; an empty element becomes an empty text. Names keep their prefixes.
type SimpleJSONXML struct {
	JSONTag string `xml:"json-tag" default:"json" doc:"name of the document's element"`
}

const (
	contentKey   = "content"    // what org.json calls the text of an element
	arrayItemKey = "array-item" // what Interlok puts an array that is the document into
)

// Check refuses a name that XML does not have.
func (d *SimpleJSONXML) Check(r *component.Report) {
	if !isXMLName(d.JSONTag) {
		r.Errorf("json-tag", "bad-value", "is %q, which is no name of an XML element; use letters, digits, - and _", d.JSONTag)
	}
}

func (d *SimpleJSONXML) toXML(root any) (string, error) {
	object, ok := root.(*expr.Object)
	if !ok {
		list, isList := root.([]any)
		if !isList {
			return "", fmt.Errorf("the payload is JSON, but %s; only objects and arrays become XML", kindOfJSON(root))
		}
		object = &expr.Object{}
		object.Set(arrayItemKey, list)
	}
	var b strings.Builder
	if err := writeElement(&b, d.JSONTag, object); err != nil {
		return "", err
	}
	return b.String(), nil
}

// writeElement writes a value as an element, or an array as several.
func writeElement(b *strings.Builder, name string, value any) error {
	if !isXMLName(name) {
		return fmt.Errorf("the key %q is no name of an XML element; rename it before, for instance with json-transform-service", name)
	}
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			inner, nested := element.([]any)
			if !nested {
				if err := writeElement(b, name, element); err != nil {
					return err
				}
				continue
			}
			b.WriteString("<" + name + ">")
			if err := writeElement(b, "array", inner); err != nil {
				return err
			}
			b.WriteString("</" + name + ">")
		}
	case *expr.Object:
		b.WriteString("<" + name + ">")
		for _, member := range v.Members() {
			if member.Key == contentKey {
				writeContent(b, member.Value)
			} else if err := writeElement(b, member.Key, member.Value); err != nil {
				return err
			}
		}
		b.WriteString("</" + name + ">")
	default:
		text := scalarText(value)
		if text == "" {
			b.WriteString("<" + name + "/>")
			return nil
		}
		b.WriteString("<" + name + ">")
		writeXMLText(b, text)
		b.WriteString("</" + name + ">")
	}
	return nil
}

func writeContent(b *strings.Builder, value any) {
	list, ok := value.([]any)
	if !ok {
		writeXMLText(b, scalarText(value))
		return
	}
	for i, element := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeXMLText(b, scalarText(element))
	}
}

func scalarText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return expr.JSONText(value)
}

// writeXMLText escapes what would be markup. Characters that XML does not have at all become U+FFFD.
func writeXMLText(b *strings.Builder, text string) {
	for _, r := range text {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '"':
			b.WriteString("&quot;")
		case '\'':
			b.WriteString("&apos;")
		case '\r':
			b.WriteString("&#xd;") // a reader would make a line feed of it
		default:
			if r < 0x20 && r != '\t' && r != '\n' || r == 0xFFFE || r == 0xFFFF {
				r = '\uFFFD'
			}
			b.WriteRune(r)
		}
	}
}

func (d *SimpleJSONXML) toJSON(text string) (any, error) {
	name, value, err := readXML(text)
	if err != nil {
		return nil, fmt.Errorf("the payload is not XML that becomes JSON: %w", err)
	}
	if name != d.JSONTag {
		return nil, fmt.Errorf("the document's element is <%s>, not <%s>; set <json-tag> to %s", name, d.JSONTag, name)
	}
	if _, ok := value.(*expr.Object); !ok {
		return nil, fmt.Errorf("<%s> has neither attributes nor elements, so it becomes no JSON object", name)
	}
	return value, nil
}

func init() {
	const pkg = "com.adaptris.core.transform.json."
	component.Register[JSONXML]("json-xml-transform-service", pkg+"JsonXmlTransformService", component.KindService, "makes XML of a JSON payload, or the other way round")
	component.Register[SimpleJSONXML]("simple-transformation-driver", pkg+"SimpleJsonTransformationDriver", component.KindPart, "makes an element of every member, and a member of every element")
}
