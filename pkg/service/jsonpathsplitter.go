package service

import (
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONPathSplitter splits what a JSONPath finds, with another splitter. Interlok: JsonPathSplitter. The message itself stays as it is. A
// path that leads to nothing fails.
type JSONPathSplitter struct {
	Source   DataInput          `xml:"json-source" default:"string-payload-data-input-parameter" doc:"where the JSON document is"`
	Path     DataInput          `xml:"json-path,required" doc:"the path"`
	Splitter component.Splitter `xml:"message-splitter" default:"json-array-splitter" doc:"how what is found is cut"`

	CopyMetadata       bool `xml:"copy-metadata" default:"true" effect:"none" doc:"accepted for compatibility: that of <message-splitter> counts"`
	CopyObjectMetadata bool `xml:"copy-object-metadata" default:"false" effect:"none" doc:"accepted for compatibility: that of <message-splitter> counts"`

	path *jsonPath
}

// Check compiles a constant path.
func (s *JSONPathSplitter) Check(r *component.Report) {
	c, ok := s.Path.(*ConstantInput)
	if !ok {
		return
	}
	if text, ok := constantText(c.Value); ok {
		var err error
		if s.path, err = compilePath(text); err != nil {
			r.Errorf("json-path", "bad-path", ": %v", err)
		}
	}
}

// Split implements component.Splitter.
func (s *JSONPathSplitter) Split(m *message.Message, yield func(*message.Message) error) error {
	found, err := s.find(m)
	if err != nil {
		return fmt.Errorf("json-path-splitter: %w", err)
	}
	inner := m.Clone()
	inner.SetEncoding("")
	inner.SetPayload([]byte(found))
	return s.Splitter.Split(inner, yield)
}

func (s *JSONPathSplitter) find(m *message.Message) (string, error) {
	path := s.path
	if path == nil {
		text, err := s.Path.Read(m)
		if err != nil {
			return "", fmt.Errorf("<json-path>: %w", err)
		}
		if path, err = compilePath(text); err != nil {
			return "", err
		}
	}
	root, err := jsonDocument(s.Source, "json-source", m)
	if err != nil {
		return "", err
	}
	text, err := path.text(root, func() (string, error) { return "null", nil })
	switch {
	case errors.Is(err, errPathNotFound):
		return "", fmt.Errorf("jsonpath %s leads to nothing; use a path that every payload has", path)
	case err != nil:
		return "", fmt.Errorf("jsonpath %s: %w", path, err)
	}
	return text, nil
}

func init() {
	component.Register[JSONPathSplitter]("json-path-splitter", "com.adaptris.core.services.splitter.json.JsonPathSplitter", component.KindSplitter,
		"splits what a JSONPath finds, with another splitter")
}
