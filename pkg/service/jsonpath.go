package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// errPathNotFound says that a path leads to nothing.
var errPathNotFound = errors.New("leads to nothing; use a path that every payload has, or set <suppress-path-not-found>")

// JSONPath reads values of a JSON document into metadata or the payload. Interlok: JsonPathService. All executions read the document as
// it was before the first one. A text is taken as it is, numbers keep their digits, objects and arrays become compact JSON; a path that
// may match several values gives an array of them, also of one.
type JSONPath struct {
	component.ServiceBase
	Source     DataInput   `xml:"source" default:"string-payload-data-input-parameter" doc:"where the JSON document is"`
	Executions []Execution `xml:"*,implicit" doc:"what is read and where it goes"`
	UnwrapJSON bool        `xml:"unwrap-json" default:"false" doc:"true takes the brackets off results that are arrays"`
}

// Execution reads one value. Interlok: Execution.
type Execution interface {
	execution() *executionPlan
}

// executionPlan is what json-path-service has to know of an execution.
type executionPlan struct {
	source DataInput
	target DataOutput
	// path is compiled already when the source is the same for every message.
	path     *jsonPath
	suppress bool
	null     func() (string, error)
}

// StandardExecution reads the path of source and writes what it finds to target. Interlok: Execution.
type StandardExecution struct {
	Source DataInput  `xml:"source,required" doc:"the path"`
	Target DataOutput `xml:"target,required" doc:"where the value goes"`

	plan executionPlan
}

// Check compiles a constant path.
func (e *StandardExecution) Check(r *component.Report) {
	e.plan = executionPlan{source: e.Source, target: e.Target, path: constantPath(e.Source, r), null: (*NullPassThrough)(nil).Null}
}

func (e *StandardExecution) execution() *executionPlan { return &e.plan }

// JSONPathExecution is a StandardExecution that says what to do without a value. Interlok: JsonPathExecution.
type JSONPathExecution struct {
	Source               DataInput     `xml:"source,required" doc:"the path"`
	Target               DataOutput    `xml:"target,required" doc:"where the value goes"`
	SuppressPathNotFound bool          `xml:"suppress-path-not-found" default:"false" doc:"true writes nothing when the path leads to nothing; false fails the message"`
	NullConverter        NullConverter `xml:"null-converter" doc:"what becomes of a JSON null; without it the text null"`

	plan executionPlan
}

// Check compiles a constant path.
func (e *JSONPathExecution) Check(r *component.Report) {
	e.plan = executionPlan{source: e.Source, target: e.Target, path: constantPath(e.Source, r), suppress: e.SuppressPathNotFound,
		null: func() (string, error) { return "null", nil }}
	if e.NullConverter != nil {
		e.plan.null = e.NullConverter.Null
	}
}

func (e *JSONPathExecution) execution() *executionPlan { return &e.plan }

// pathFor is the path for a message: the same for all, or what the source gives for this one.
func (e *executionPlan) pathFor(m *message.Message) (*jsonPath, error) {
	if e.path != nil {
		return e.path, nil
	}
	text, err := e.source.Read(m)
	if err != nil {
		return nil, fmt.Errorf("the path: %w", err)
	}
	return compilePath(text)
}

// constantPath compiles the path of a source that is the same for every message; nil for another one, and for a path with a fault.
func constantPath(source DataInput, r *component.Report) *jsonPath {
	c, ok := source.(*ConstantInput)
	if !ok {
		return nil
	}
	text, ok := constantText(c.Value)
	if !ok {
		return nil
	}
	p, err := compilePath(text)
	if err != nil {
		r.Errorf("source", "bad-path", ": %v", err)
	}
	return p
}

// Check refuses a service without executions, which would do nothing.
func (s *JSONPath) Check(r *component.Report) {
	checkExecutions(s.Executions, r)
}

func checkExecutions(all []Execution, r *component.Report) {
	if len(all) == 0 {
		r.Errorf("", "missing-element", "has no json-path-execution or standard-execution, so it does nothing; add one or remove the service")
	}
}

// Apply reads the values.
func (s *JSONPath) Apply(_ context.Context, m *message.Message) error {
	root, err := jsonDocument(s.Source, "source", m)
	if err != nil {
		return fmt.Errorf("json-path-service: %w", err)
	}
	for _, e := range s.Executions {
		if err := s.execute(e.execution(), root, m); err != nil {
			return fmt.Errorf("json-path-service: %w", err)
		}
	}
	return nil
}

// jsonDocument is the JSON document that <element> names, parsed; that of the payload at most once per message.
func jsonDocument(source DataInput, element string, m *message.Message) (any, error) {
	if _, ok := source.(*PayloadInput); ok {
		return payloadJSON(m)
	}
	text, err := source.Read(m)
	return parsedJSON([]byte(text), err, element)
}

func payloadJSON(m *message.Message) (any, error) {
	root, err := expr.ParseJSON(m)
	if err != nil {
		return nil, fmt.Errorf("the payload is %w", err)
	}
	return root, nil
}

// parsedJSON parses what reading <element> gave.
func parsedJSON(data []byte, err error, element string) (any, error) {
	if err != nil {
		return nil, fmt.Errorf("<%s>: %w", element, err)
	}
	root, err := expr.ParseJSONBytes(data)
	if err != nil {
		return nil, fmt.Errorf("what <%s> gave is %w", element, err)
	}
	return root, nil
}

func (s *JSONPath) execute(e *executionPlan, root any, m *message.Message) error {
	path, err := e.pathFor(m)
	if err != nil {
		return err
	}
	text, err := path.text(root, e.null)
	if err != nil {
		if e.suppress && errors.Is(err, errPathNotFound) {
			return nil
		}
		return fmt.Errorf("jsonpath %s: %w", path, err)
	}
	if s.UnwrapJSON && strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
	}
	if err := e.target.Write(m, text); err != nil {
		return fmt.Errorf("<target>: %w", err)
	}
	return nil
}

func init() {
	component.Register[JSONPath]("json-path-service", "com.adaptris.core.services.path.json.JsonPathService", component.KindService,
		"reads values of a JSON document into metadata or the payload")
	component.Register[StandardExecution]("standard-execution", "com.adaptris.core.common.Execution", component.KindPart,
		"reads one value")
	component.Register[JSONPathExecution]("json-path-execution", "com.adaptris.core.json.JsonPathExecution", component.KindPart,
		"reads one value, and says what to do without one")
}
