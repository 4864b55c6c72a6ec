package service

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONSchema compares the payload with a JSON schema: draft 4 unless its $schema says otherwise, up to 2020-12. Interlok:
// JsonSchemaService. What schema-url gives is the schema itself, not its place.
//
// Patterns are regular expressions of Go, without lookahead; a schema with one that cannot be read fails the message. What the schema
// refers to is read only if it is a file, or is in the schema, and nothing is read for a schema that comes with the message.
type JSONSchema struct {
	component.ServiceBase
	Schema       DataInput        `xml:"schema-url,required" doc:"the schema, such as a file-data-input-parameter"`
	OnViolation  JSONViolationTo  `xml:"on-validation-exception" default:"json-schema-validation-exception-default" doc:"what happens when the payload does not comply"`
	Loader       JSONSchemaLoader `xml:"json-schema-loader" default:"default-json-schema-loader" doc:"how references of the schema are read"`
	Deserializer JSONDeserializer `xml:"deserializer" default:"basic-json-deserializer" doc:"what kind of JSON schema and payload must be"`

	last atomic.Pointer[compiledSchema]
}

// compiledSchema is the schema of the last message, because most messages have the same.
type compiledSchema struct {
	text   string
	schema *jsonschema.Schema
}

// Check compiles a constant schema.
func (s *JSONSchema) Check(r *component.Report) {
	c, ok := s.Schema.(*ConstantInput)
	if !ok || s.Loader == nil || s.Deserializer == nil {
		return
	}
	text, ok := constantText(c.Value)
	if !ok {
		return
	}
	if _, err := s.compiled(text); err != nil {
		r.Errorf("schema-url", "bad-schema", ": %v", err)
	}
}

// Apply compares.
func (s *JSONSchema) Apply(_ context.Context, m *message.Message) error {
	if err := s.apply(m); err != nil {
		return fmt.Errorf("json-schema-service: %w", err)
	}
	return nil
}

func (s *JSONSchema) apply(m *message.Message) error {
	text, err := s.Schema.Read(m)
	if err != nil {
		return fmt.Errorf("<schema-url>: %w", err)
	}
	schema, err := s.compiled(text)
	if err != nil {
		return err
	}
	root, err := expr.ParseJSON(m)
	if err == nil {
		err = s.Deserializer.accept(root)
	}
	if err != nil {
		return fmt.Errorf("the payload is %w", err)
	}
	if err := computable(root); err != nil {
		return fmt.Errorf("the payload has %w", err)
	}
	err = schema.Validate(plainJSON(root))
	var invalid *jsonschema.ValidationError
	switch {
	case errors.As(err, &invalid):
		return s.OnViolation.handle(m, root, violationsOf(invalid))
	case err != nil:
		return fmt.Errorf("the payload cannot be compared with the schema: %w", err)
	}
	return nil
}

func (s *JSONSchema) compiled(text string) (*jsonschema.Schema, error) {
	if last := s.last.Load(); last != nil && last.text == text {
		return last.schema, nil
	}
	root, err := expr.ParseJSONBytes([]byte(text))
	if err == nil {
		err = s.Deserializer.accept(root)
	}
	if err != nil {
		return nil, fmt.Errorf("the schema is %w", err)
	}
	if err := computable(root); err != nil {
		return nil, fmt.Errorf("the schema has %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft4)
	files := jsonschema.SchemeURLLoader{}
	if s.ofDocument() { // who sends messages must not have files read
		files["file"] = jsonschema.FileLoader{}
	}
	c.UseLoader(files)
	base := s.Loader.base()
	if err := c.AddResource(base, plainJSON(root)); err != nil {
		return nil, fmt.Errorf("the schema cannot be used: %w", err)
	}
	schema, err := c.Compile(base)
	var load *jsonschema.LoadURLError
	if errors.As(err, &load) {
		if _, refused := load.Err.(*jsonschema.UnsupportedURLSchemeError); refused {
			return nil, fmt.Errorf("the schema refers to %s; only files are read, and none for a schema that comes with the message: keep a copy as a file, "+
				"and for references that count from a place use an advanced-json-schema-loader with <resolution-scope>", load.URL)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the schema cannot be used: %w", err)
	}
	s.last.Store(&compiledSchema{text, schema})
	return schema, nil
}

// ofDocument says that the schema is not what a message brings: a file, or a text that is the same for every message.
func (s *JSONSchema) ofDocument() bool {
	switch in := s.Schema.(type) {
	case *FileInput, *FileBytes, *FileStream:
		return true
	case *ConstantInput:
		_, constant := constantText(in.Value)
		return constant
	}
	return false
}

// JSONSchemaLoader says how references of a schema are read. Interlok: JsonSchemaLoader.
type JSONSchemaLoader interface {
	// base is the URL that relative references count from.
	base() string
}

// noBase is the URL of a schema that relative references lead nowhere from.
const noBase = "adapterd:///schema.json"

// PlainSchemaLoader reads references that are whole URLs. Interlok: DefaultJsonSchemaLoader.
type PlainSchemaLoader struct{}

func (*PlainSchemaLoader) base() string { return noBase }

// ScopedSchemaLoader reads references that count from a place, too. Interlok: AdvancedJsonSchemaLoader.
type ScopedSchemaLoader struct {
	ClassPathAwareClient bool   `xml:"class-path-aware-client" default:"false" doc:"must be false: there is no Java class path"`
	ResolutionScope      string `xml:"resolution-scope" example:"file:///etc/adapterd/schemas/" doc:"URL that relative references count from"`
}

// Check refuses references that cannot be read.
func (l *ScopedSchemaLoader) Check(r *component.Report) {
	if l.ClassPathAwareClient {
		r.Errorf("class-path-aware-client", "unsupported-element", "is true, but there is no Java class path here; keep the schemas as files and set <resolution-scope> to their directory")
	}
}

func (l *ScopedSchemaLoader) base() string {
	if l.ResolutionScope == "" {
		return noBase
	}
	return l.ResolutionScope
}

func init() {
	const pkg = "com.adaptris.core.json.schema."
	component.Register[JSONSchema]("json-schema-service", pkg+"JsonSchemaService", component.KindService, "compares the payload with a JSON schema")
	component.Register[PlainSchemaLoader]("default-json-schema-loader", pkg+"DefaultJsonSchemaLoader", component.KindPart, "reads references of a schema that are whole URLs")
	component.Register[ScopedSchemaLoader]("advanced-json-schema-loader", pkg+"AdvancedJsonSchemaLoader", component.KindPart, "reads references of a schema that count from a place")
}
