package service

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONStreaming makes an object of one member of every value at a path in a JSON document: of {"a":{"b":[1,2]}} and the path /a/b the
// parts {"b":1} and {"b":2}. Interlok: JsonStreamingSplitter.
//
// Of an array on the way, or at the end of it, every element counts. Values become compact JSON as they are written; in Interlok, which
// takes them through XML, a text that looks like a number becomes one. A payload with a mistake anywhere fails before the first part.
type JSONStreaming struct {
	splitting
	Path                 *expr.Template      `xml:"path,required" example:"/data/orders" doc:"the keys that lead to the values, with / between them"`
	Config               JSONStreamingConfig `xml:"json-streaming-config" class:"json-streaming-config" doc:"how the parts are written"`
	SuppressPathNotFound bool                `xml:"suppress-path-not-found" default:"false" doc:"true makes no parts when the path leads to nothing; false fails the message"`
	WrapWithArray        bool                `xml:"wrap-with-array" default:"false" doc:"true puts the value into an array"`

	BufferSize int `xml:"buffer-size" default:"8192" effect:"none" doc:"accepted for compatibility: nothing is buffered"`
}

// JSONStreamingConfig says how JSON is written.
type JSONStreamingConfig interface {
	// withoutRoot names the member whose value is written alone; empty for none.
	withoutRoot() string
}

// JSONStreamingStyle says how JSON is written. Interlok: JsonStreamingConfigBuilder. Most of it is about the way through XML that
// Interlok takes.
type JSONStreamingStyle struct {
	VirtualRoot string `xml:"virtual-root" doc:"key at the end of the path: its value is then written alone, without the object around it"`

	AutoArray                     bool                 `xml:"auto-array" default:"true" effect:"none" doc:"accepted for compatibility: arrays stay what they are"`
	AutoPrimitive                 bool                 `xml:"auto-primitive" default:"true" effect:"none" doc:"accepted for compatibility: texts, numbers and booleans stay what they are"`
	MultipleProcessingInstruction bool                 `xml:"multiple-processing-instruction" default:"true" effect:"none" doc:"accepted for compatibility: there is no XML on the way"`
	NamespaceDeclarations         bool                 `xml:"namespace-declarations" default:"true" effect:"none" doc:"accepted for compatibility: there is no XML on the way"`
	NamespaceSeparator            string               `xml:"namespace-separator" default:":" effect:"none" doc:"accepted for compatibility: there is no XML on the way"`
	NamespaceMappings             []component.KeyValue `xml:"namespace-mappings>key-value-pair" effect:"none" doc:"accepted for compatibility: there is no XML on the way"`
	RepairingNamespaces           bool                 `xml:"repairing-namespaces" default:"false" effect:"none" doc:"accepted for compatibility: there is no XML on the way"`
	PrettyPrint                   bool                 `xml:"pretty-print" default:"false" effect:"none" doc:"accepted for compatibility: parts are compact"`
}

func (c *JSONStreamingStyle) withoutRoot() string { return c.VirtualRoot }

// Split implements component.Splitter.
func (s *JSONStreaming) Split(m *message.Message, yield func(*message.Message) error) error {
	path, err := resolve(s.Path, m)
	if err != nil {
		return fmt.Errorf("json-streaming-splitter: <path>: %w", err)
	}
	origin, text, err := s.json(m)
	if err != nil {
		return fmt.Errorf("json-streaming-splitter: %w", err)
	}
	keys := strings.Split(strings.TrimPrefix(path, "/"), "/")
	name := keys[len(keys)-1]
	alone := false
	if s.Config != nil && s.Config.withoutRoot() != "" {
		if alone = s.Config.withoutRoot() == name; !alone {
			return fmt.Errorf("json-streaming-splitter: <virtual-root> is %q, but the path %s ends with %q; give it that", s.Config.withoutRoot(), path, name)
		}
	}
	before := []byte{}
	if !alone {
		before = append(expr.AppendJSON([]byte{'{'}, name), ':')
	}
	found := 0
	err = eachAt(text[skipBlanks(text, 0):], keys, func(value []byte) error {
		found++
		part := append(make([]byte, 0, len(before)+len(value)+3), before...)
		if s.WrapWithArray {
			part = appendValue(append(part, '['), value, false, ']')
		} else {
			part = appendValue(part, value, false, ' ')
			part = part[:len(part)-1]
		}
		if !alone {
			part = append(part, '}')
		}
		return yield(origin.Child(part))
	})
	if err == nil && found == 0 && !s.SuppressPathNotFound {
		err = fmt.Errorf("json-streaming-splitter: path %s leads to nothing; use a path that every payload has, or set <suppress-path-not-found>", path)
	}
	return err
}

// eachAt calls do for every value at the keys in a valid JSON text that begins with the value: of an array every element, but not those of
// an array in it.
func eachAt(text []byte, keys []string, do func(value []byte) error) error {
	if text[0] == '[' {
		return eachElement(text, func(element []byte, _ bool) error { return eachBelow(element, keys, do) })
	}
	return eachBelow(text, keys, do)
}

func eachBelow(text []byte, keys []string, do func(value []byte) error) error {
	if len(keys) == 0 {
		return do(text)
	}
	if text[0] != '{' {
		return nil
	}
	return eachMember(text, func(quoted, value []byte, _ bool) error {
		if !keyIs(quoted, keys[0]) {
			return nil
		}
		return eachAt(value, keys[1:], do)
	})
}

func init() {
	component.Register[JSONStreaming]("json-streaming-splitter", "com.adaptris.core.json.streaming.JsonStreamingSplitter", component.KindSplitter,
		"makes an object of one member of every value at a path in a JSON document")
	component.Register[JSONStreamingStyle]("json-streaming-config", "com.adaptris.core.json.streaming.JsonStreamingConfigBuilder", component.KindPart,
		"how a JSON splitter writes its parts")
}
