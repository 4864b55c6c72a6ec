package service

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// xmlName is a name of XML, with or without a prefix.
var xmlName = regexp.MustCompile(`^[\pL_][\pL\pM\pN_.\-]*(:[\pL_][\pL\pM\pN_.\-]*)?$`)

func isXMLName(name string) bool { return xmlName.MatchString(name) }

// maxXMLDepth bounds how deep elements may be nested, as in JSON.
const maxXMLDepth = 1000

// openElement is an element whose end has not been read.
type openElement struct {
	name   string
	object *expr.Object
	// text is what has been read since the last element.
	text strings.Builder
}

// readXML is the name of an XML document's element, and its value.
func readXML(text string) (name string, value any, err error) {
	decoder := xml.NewDecoder(strings.NewReader(text))
	// The text is decoded already, whatever its declaration says.
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var open []*openElement
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if name != "" && len(open) == 0 || len(open) >= maxXMLDepth {
				return "", nil, fmt.Errorf("<%s> is a second document, or nested more than %d deep", qualified(t.Name.Space, t.Name.Local), maxXMLDepth)
			}
			if len(open) > 0 {
				open[len(open)-1].endText()
			}
			e := &openElement{name: qualified(t.Name.Space, t.Name.Local), object: &expr.Object{}}
			for _, a := range t.Attr {
				accumulate(e.object, qualified(a.Name.Space, a.Name.Local), valueOfXML(a.Value))
			}
			open = append(open, e)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != qualified(t.Name.Space, t.Name.Local) {
				return "", nil, fmt.Errorf("</%s> ends no element", qualified(t.Name.Space, t.Name.Local))
			}
			e := open[len(open)-1]
			open = open[:len(open)-1]
			if len(open) == 0 {
				name, value = e.name, e.value()
				continue
			}
			accumulate(open[len(open)-1].object, e.name, e.value())
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text.Write(t)
			} else if strings.TrimSpace(strings.TrimPrefix(string(t), "\uFEFF")) != "" {
				return "", nil, errors.New("text stands outside of the document's element")
			}
		case xml.Directive:
			return "", nil, errors.New("it has a document type declaration, which is refused; remove it")
		}
	}
	if len(open) > 0 {
		return "", nil, fmt.Errorf("<%s> has no end", open[len(open)-1].name)
	}
	if name == "" {
		return "", nil, errors.New("it has no element")
	}
	return name, value, nil
}

func (e *openElement) endText() {
	if text := strings.TrimSpace(e.text.String()); text != "" {
		accumulate(e.object, contentKey, valueOfXML(text))
	}
	e.text.Reset()
}

// value is what an element becomes: its text if it has nothing else.
func (e *openElement) value() any {
	e.endText()
	switch content, there := e.object.Get(contentKey); {
	case e.object.Len() == 0:
		return ""
	case e.object.Len() == 1 && there:
		return content
	}
	return e.object
}

// accumulate sets a member, or makes an array of its values.
func accumulate(o *expr.Object, key string, value any) {
	before, there := o.Get(key)
	if !there {
		o.Set(key, value)
		return
	}
	list, ok := before.([]any)
	if !ok {
		list = []any{before}
	}
	o.Set(key, append(list, value))
}

// valueOfXML is what a text means: a boolean, null, a number, or itself.
func valueOfXML(text string) any {
	switch {
	case strings.EqualFold(text, "true"):
		return true
	case strings.EqualFold(text, "false"):
		return false
	case strings.EqualFold(text, "null"):
		return nil
	case jsonNumber.MatchString(text):
		return json.Number(text)
	}
	return text
}
