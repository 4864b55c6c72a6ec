package service

import (
	"errors"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// splittingObjects holds the fields of splitters that take an array of objects.
type splittingObjects struct {
	splitting

	BufferSize int `xml:"buffer-size" default:"8192" effect:"none" doc:"accepted for compatibility: nothing is buffered"`
}

// JSONObjects makes a part of every object in a JSON array. Interlok: LargeJsonArraySplitter.
//
// An object becomes compact JSON, with numbers as they are written; one that is compact already is a slice of the payload. Anything but
// an array of objects fails before the first part. (Interlok ends without a word at the first element that is no object.)
type JSONObjects struct {
	splittingObjects
}

// Split implements component.Splitter.
func (s *JSONObjects) Split(m *message.Message, yield func(*message.Message) error) error {
	origin, array, err := s.objects(m)
	if err != nil {
		return fmt.Errorf("large-json-array-splitter: %w", err)
	}
	return eachElement(array, yieldCompact(origin, yield))
}

// yieldCompact makes a part of every element.
func yieldCompact(origin *message.Message, yield func(*message.Message) error) func([]byte, bool) error {
	return func(element []byte, compact bool) error {
		payload, err := elementPayload(element, compact)
		if err != nil {
			return err
		}
		return yield(origin.Child(payload))
	}
}

// objects is what parts are made of, and the array of objects that the payload is.
func (s *splittingObjects) objects(m *message.Message) (origin *message.Message, array []byte, err error) {
	origin, text, err := s.json(m)
	if err != nil {
		return nil, nil, err
	}
	if text[skipBlanks(text, 0)] != '[' {
		return nil, nil, errors.New("the payload is JSON, but no array; use json-array-splitter for payloads that may be one object")
	}
	return origin, text, onlyObjects(text)
}

// onlyObjects refuses an array that has anything but objects.
func onlyObjects(array []byte) error {
	n := 0
	return eachElement(array, func(element []byte, _ bool) error {
		if n++; element[0] != '{' {
			return fmt.Errorf("element %d of the array is no object; use json-array-splitter for arrays of anything", n)
		}
		return nil
	})
}

// JSONObjectsAtPath makes a part of every object in an array inside a JSON document. Interlok: LargeJsonArrayPathSplitter. The parts are
// those of JSONObjects.
type JSONObjectsAtPath struct {
	splittingObjects
	Path                   *expr.Template `xml:"path,required" example:"/data/orders" doc:"the keys that lead to the array, with / between them"`
	SuppressPathNotFound   bool           `xml:"suppress-path-not-found" default:"false" doc:"true makes no parts when the path leads to nothing; false fails the message"`
	SuppressPathNotAnArray bool           `xml:"suppress-path-not-an-array" default:"false" doc:"true makes no parts when something else is there; false fails the message"`
}

// Split implements component.Splitter.
func (s *JSONObjectsAtPath) Split(m *message.Message, yield func(*message.Message) error) error {
	path, err := resolve(s.Path, m)
	if err != nil {
		return fmt.Errorf("large-json-array-path-splitter: <path>: %w", err)
	}
	origin, text, err := s.json(m)
	if err != nil {
		return fmt.Errorf("large-json-array-path-splitter: %w", err)
	}
	found := walkKeys(text[skipBlanks(text, 0):], strings.Split(strings.TrimPrefix(path, "/"), "/"))
	switch {
	case found == nil:
		if s.SuppressPathNotFound {
			return nil
		}
		return fmt.Errorf("large-json-array-path-splitter: path %s leads to nothing; use a path that every payload has, or set <suppress-path-not-found>", path)
	case found[0] != '[':
		if s.SuppressPathNotAnArray {
			return nil
		}
		return fmt.Errorf("large-json-array-path-splitter: at path %s is no array; use a path to one, or set <suppress-path-not-an-array>", path)
	}
	if err := onlyObjects(found); err != nil {
		return fmt.Errorf("large-json-array-path-splitter: path %s: %w", path, err)
	}
	return eachElement(found, yieldCompact(origin, yield))
}

// walkKeys follows keys through the objects of a valid JSON text; nil if there is no such value. Of a key that stands twice the last one
// counts.
func walkKeys(text []byte, keys []string) []byte {
	for _, key := range keys {
		if text[0] != '{' {
			return nil
		}
		var next []byte
		// The error of a callback that has none.
		_ = eachMember(text, func(quoted, value []byte, _ bool) error {
			if keyIs(quoted, key) {
				next = value
			}
			return nil
		})
		if next == nil {
			return nil
		}
		text = next
	}
	return text
}

// keyIs compares a key with its quotes, as it is written, with a text.
func keyIs(quoted []byte, key string) bool {
	if string(quoted[1:len(quoted)-1]) == key {
		return !strings.Contains(key, `\`)
	}
	if !strings.Contains(string(quoted), `\`) {
		return false
	}
	v, err := expr.ParseJSONBytes(quoted)
	return err == nil && v == key
}

func init() {
	component.Register[JSONObjects]("large-json-array-splitter", "com.adaptris.core.services.splitter.json.LargeJsonArraySplitter", component.KindSplitter,
		"makes a part of every object in a JSON array")
	component.Register[JSONObjectsAtPath]("large-json-array-path-splitter", "com.adaptris.core.services.splitter.json.LargeJsonArrayPathSplitter",
		component.KindSplitter, "makes a part of every object in an array inside a JSON document")
}
