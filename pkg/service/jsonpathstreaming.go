package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONPathStreaming reads values of a JSON document into metadata or the payload. Interlok: JsonPathStreamingService. It differs from
// json-path-service in what several values become: one value that a path finds is taken alone, of several an array is made, whatever the
// path. The document is read as a whole.
type JSONPathStreaming struct {
	component.ServiceBase
	Source     ByteSource  `xml:"source" default:"stream-payload-input-parameter" doc:"where the JSON document is"`
	Executions []Execution `xml:"*,implicit" doc:"what is read and where it goes"`
	UnwrapJSON bool        `xml:"unwrap-json" default:"false" doc:"true takes the brackets off results that are arrays"`

	Surfer string `xml:"surfer" default:"SIMPLE" enum:"GSON,JACKSON,SIMPLE" effect:"none" doc:"accepted for compatibility: there is one way of reading JSON"`
}

// Check refuses a service without executions, which would do nothing.
func (s *JSONPathStreaming) Check(r *component.Report) {
	checkExecutions(s.Executions, r)
}

// Apply reads the values.
func (s *JSONPathStreaming) Apply(_ context.Context, m *message.Message) error {
	root, err := jsonOfBytes(s.Source, "source", m)
	if err != nil {
		return fmt.Errorf("json-path-streaming-service: %w", err)
	}
	for _, e := range s.Executions {
		if err := s.execute(e.execution(), root, m); err != nil {
			return fmt.Errorf("json-path-streaming-service: %w", err)
		}
	}
	return nil
}

// jsonOfBytes is the JSON document that <element> names, parsed; that of the payload at most once per message.
func jsonOfBytes(source ByteSource, element string, m *message.Message) (any, error) {
	switch source.(type) {
	case *PayloadBytes, *PayloadStream:
		return payloadJSON(m)
	}
	data, err := source.ReadBytes(m)
	return parsedJSON(data, err, element)
}

func (s *JSONPathStreaming) execute(e *executionPlan, root any, m *message.Message) error {
	path, err := e.pathFor(m)
	if err != nil {
		return err
	}
	values, err := path.Eval(root)
	if err != nil {
		return fmt.Errorf("jsonpath %s: %w", path, err)
	}
	var value any = values
	switch len(values) {
	case 0:
		if e.suppress {
			return nil
		}
		return fmt.Errorf("jsonpath %s: %w", path, errPathNotFound)
	case 1:
		value = values[0]
	}
	text, err := s.text(e, value)
	if err != nil {
		return fmt.Errorf("jsonpath %s: %w", path, err)
	}
	if err := e.target.Write(m, text); err != nil {
		return fmt.Errorf("<target>: %w", err)
	}
	return nil
}

func (s *JSONPathStreaming) text(e *executionPlan, value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return e.null()
	case string:
		return v, nil
	case []any:
		if text := expr.JSONText(v); s.UnwrapJSON {
			return text[1 : len(text)-1], nil
		}
	}
	return expr.JSONText(value), nil
}

func init() {
	component.Register[JSONPathStreaming]("json-path-streaming-service", "com.adaptris.core.json.streaming.JsonPathStreamingService", component.KindService,
		"reads values of a JSON document into metadata or the payload; several values become an array")
}
