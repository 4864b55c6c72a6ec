package service

import (
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONPathInput is what a JSONPath finds in the payload, as JSONPath of this package writes it. Interlok: JsonPathDataInputParameter. A
// path that leads to nothing or to null is an error.
type JSONPathInput struct {
	Path string `xml:"path,required" example:"$.order.id" doc:"the path; expressions in it are not resolved"`

	path *jsonPath
}

// Check compiles the path.
func (p *JSONPathInput) Check(r *component.Report) {
	if p.Path == "" {
		return
	}
	var err error
	if p.path, err = compilePath(p.Path); err != nil {
		r.Errorf("path", "bad-path", ": %v", err)
	}
}

// Read implements DataInput.
func (p *JSONPathInput) Read(m *message.Message) (string, error) {
	root, err := jsonDocument((*PayloadInput)(nil), "", m)
	if err != nil {
		return "", err
	}
	text, err := p.path.text(root, func() (string, error) { return "", errors.New("leads to null; use a path to a value") })
	switch {
	case errors.Is(err, errPathNotFound):
		return "", fmt.Errorf("jsonpath %s leads to nothing; use a path that every payload has", p.path)
	case err != nil:
		return "", fmt.Errorf("jsonpath %s: %w", p.path, err)
	}
	return text, nil
}

func init() {
	component.Register[JSONPathInput]("json-path-data-input-parameter", "com.adaptris.core.json.JsonPathDataInputParameter", component.KindPart, "what a JSONPath finds in the payload")
}
