package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONArray makes a part of every element of a JSON array. Interlok: JsonArraySplitter.
//
// Elements become compact JSON, with numbers as they are written; one that is compact already is a slice of the payload. An element that
// is a text becomes that text, without quotes, as in Interlok. A message that is an object is one part, unchanged. Anything else, and a
// payload with a mistake anywhere, fails before the first part. Elements are UTF-8 in every character set of the message, as in
// Interlok: a text may have characters that the set lacks.
type JSONArray struct {
	splitting
}

var byteOrderMark = []byte("\uFEFF")

// Split implements component.Splitter.
func (s *JSONArray) Split(m *message.Message, yield func(*message.Message) error) error {
	origin, text, err := s.json(m)
	if err != nil {
		return fmt.Errorf("json-array-splitter: %w", err)
	}
	switch first := text[skipBlanks(text, 0)]; first {
	case '{':
		part := origin.Child(m.Payload())
		part.SetEncoding(m.Encoding())
		return yield(part)
	case '[':
		return eachElement(text, func(element []byte, compact bool) error {
			payload, err := elementPayload(element, compact)
			if err != nil {
				return fmt.Errorf("json-array-splitter: %w", err)
			}
			return yield(origin.Child(payload))
		})
	}
	return errors.New("json-array-splitter: the payload is JSON, but neither an array nor an object; leave it whole")
}

// json is what the parts of a JSON message are made of, and its text in UTF-8 without a byte order mark, which is valid. Parts are UTF-8.
func (s *splitting) json(m *message.Message) (origin *message.Message, text []byte, err error) {
	origin, text = s.origin(m), m.Payload()
	if !isUTF8(m.Encoding()) {
		decoded, err := m.Text()
		if err != nil {
			return nil, nil, err
		}
		text = []byte(decoded)
		origin.SetEncoding("UTF-8")
	}
	text = bytes.TrimPrefix(text, byteOrderMark)
	if !json.Valid(text) {
		_, err := expr.ParseJSONBytes(text)
		if err == nil {
			err = errors.New("not JSON")
		}
		return nil, nil, fmt.Errorf("the payload is %w", err)
	}
	return origin, text, nil
}

// elementPayload is an element as the payload of a part.
func elementPayload(element []byte, compact bool) ([]byte, error) {
	if element[0] == '"' {
		value, err := expr.ParseJSONBytes(element)
		if err != nil {
			return nil, err
		}
		text, _ := value.(string)
		return []byte(text), nil
	}
	if compact {
		return element, nil
	}
	var b bytes.Buffer
	b.Grow(len(element))
	if err := json.Compact(&b, element); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// eachElement calls do for every element of the array that text is; text must be valid JSON. compact says that the element has no
// blanks outside of its strings.
func eachElement(text []byte, do func(element []byte, compact bool) error) error {
	at := skipBlanks(text, skipBlanks(text, 0)+1)
	for text[at] != ']' {
		end, compact := skipValue(text, at)
		last := end
		for isBlank(text[last-1]) {
			last--
		}
		if err := do(text[at:last:last], compact); err != nil {
			return err
		}
		at = end
		if text[at] == ',' {
			at = skipBlanks(text, at+1)
		}
	}
	return nil
}

// skipValue finds the comma or bracket after the value at position at. compact says that no blank stands in the value.
func skipValue(text []byte, at int) (end int, compact bool) {
	compact = true
	// A blank counts once something of the value follows it.
	blank, depth := false, 0
	for i := at; ; i++ {
		switch b := text[i]; b {
		case ' ', '\t', '\r', '\n':
			blank = true
			continue
		case ',':
			if depth == 0 {
				return i, compact
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				return i, compact
			}
			depth--
		case '"':
			i = skipString(text, i) - 1
		}
		if blank {
			compact = false
		}
	}
}

// skipString finds the end of the string at position at.
func skipString(text []byte, at int) int {
	for i := at + 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

func skipBlanks(text []byte, at int) int {
	for isBlank(text[at]) {
		at++
	}
	return at
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

func init() {
	component.Register[JSONArray]("json-array-splitter", "com.adaptris.core.services.splitter.json.JsonArraySplitter", component.KindSplitter,
		"makes a part of every element of a JSON array")
}
