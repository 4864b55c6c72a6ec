package service

import (
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONObject makes an object of one member of every member of a JSON object, in their order. Interlok: JsonObjectSplitter.
//
// Values become compact JSON, with numbers as they are written. Of an array every element is a part, as JSONArray has it; an empty object
// or array is one part, unchanged. Anything else, and a payload with a mistake anywhere, fails before the first part.
type JSONObject struct {
	splitting
}

// Split implements component.Splitter.
func (s *JSONObject) Split(m *message.Message, yield func(*message.Message) error) error {
	origin, text, err := s.json(m)
	if err != nil {
		return fmt.Errorf("json-object-splitter: %w", err)
	}
	at := skipBlanks(text, 0)
	if open := text[at]; open != '{' && open != '[' {
		return errors.New("json-object-splitter: the payload is JSON, but neither an object nor an array; leave it whole")
	}
	if inner := text[skipBlanks(text, at+1)]; inner == '}' || inner == ']' {
		part := origin.Child(m.Payload())
		part.SetEncoding(m.Encoding())
		return yield(part)
	}
	if text[at] == '{' {
		return eachMember(text[at:], func(key, value []byte, compact bool) error {
			part := make([]byte, 0, len("{:}")+len(key)+len(value))
			part = append(append(append(part, '{'), key...), ':')
			return yield(origin.Child(appendValue(part, value, compact, '}')))
		})
	}
	return eachElement(text, func(element []byte, compact bool) error {
		payload, err := elementPayload(element, compact)
		if err != nil {
			return fmt.Errorf("json-object-splitter: %w", err)
		}
		return yield(origin.Child(payload))
	})
}

// appendValue appends a JSON value without blanks outside of its strings, and then end.
func appendValue(dst, value []byte, compact bool, end byte) []byte {
	if compact {
		return append(append(dst, value...), end)
	}
	for i := 0; i < len(value); {
		switch b := value[i]; {
		case b == '"':
			next := skipString(value, i)
			dst = append(dst, value[i:next]...)
			i = next
		case isBlank(b):
			i++
		default:
			dst = append(dst, b)
			i++
		}
	}
	return append(dst, end)
}

// eachMember calls do for every member of the object that text begins with, which must be valid JSON: its key with the quotes, and its
// value. compact says that the value has no blanks outside of its strings.
func eachMember(text []byte, do func(key, value []byte, compact bool) error) error {
	at := skipBlanks(text, 1)
	for text[at] != '}' {
		keyEnd := skipString(text, at)
		begin := skipBlanks(text, skipBlanks(text, keyEnd)+1)
		end, compact := skipValue(text, begin)
		last := end
		for isBlank(text[last-1]) {
			last--
		}
		if err := do(text[at:keyEnd:keyEnd], text[begin:last:last], compact); err != nil {
			return err
		}
		if at = end; text[at] == ',' {
			at = skipBlanks(text, at+1)
		}
	}
	return nil
}

func init() {
	component.Register[JSONObject]("json-object-splitter", "com.adaptris.core.services.splitter.json.JsonObjectSplitter", component.KindSplitter,
		"makes a part of every member of a JSON object")
}
