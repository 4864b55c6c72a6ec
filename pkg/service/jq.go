package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/itchyny/gojq"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JQ replaces the JSON payload by what a jq filter makes of it. Interlok: JsonJqTransform. Metadata that the filter lets through is the
// object $metadata. One result is the payload; of none, or several, an array is.
//
// The result is compact, with keys in order. Numbers that the filter passes on keep their digits. Nothing outside of the message can be
// read: env is empty, and there are no modules.
type JQ struct {
	component.ServiceBase
	Query          DataInput      `xml:"query-source,required" doc:"the jq filter"`
	MetadataFilter MetadataFilter `xml:"metadata-filter" default:"remove-all-metadata-filter" doc:"which metadata is in $metadata; without it, none"`

	// constant is nil when the filter depends on the message.
	constant *gojq.Code
}

// Check compiles a constant filter.
func (s *JQ) Check(r *component.Report) {
	c, ok := s.Query.(*ConstantInput)
	if !ok {
		return
	}
	text, ok := constantText(c.Value)
	if !ok {
		return
	}
	code, err := compileJQ(text)
	if err != nil {
		r.Errorf("query-source", "bad-query", ": %v", err)
	}
	s.constant = code
}

func compileJQ(text string) (*gojq.Code, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the jq filter cannot be read: %w", err)
	}
	code, err := gojq.Compile(query, gojq.WithVariables([]string{"$metadata"}))
	if err != nil {
		return nil, fmt.Errorf("the jq filter cannot be compiled: %w", err)
	}
	return code, nil
}

// Apply runs the filter.
func (s *JQ) Apply(ctx context.Context, m *message.Message) error {
	if err := s.apply(ctx, m); err != nil {
		return fmt.Errorf("json-jq-transform: %w", err)
	}
	return nil
}

func (s *JQ) apply(ctx context.Context, m *message.Message) error {
	code := s.constant
	if code == nil {
		text, err := s.Query.Read(m)
		if err != nil {
			return fmt.Errorf("<query-source>: %w", err)
		}
		if code, err = compileJQ(text); err != nil {
			return err
		}
	}
	root, err := expr.ParseJSON(m)
	if err != nil {
		return fmt.Errorf("the payload is %w", err)
	}
	items, err := filterMetadata(s.MetadataFilter, m)
	if err != nil {
		return fmt.Errorf("<metadata-filter>: %w", err)
	}
	metadata := make(map[string]any, len(items))
	for _, item := range items {
		metadata[item.Key] = item.Value
	}
	results := []any{}
	for iter := code.RunWithContext(ctx, plainJSON(root), metadata); ; {
		value, more := iter.Next()
		if !more {
			break
		}
		if err, failed := value.(error); failed {
			var halt *gojq.HaltError
			if errors.As(err, &halt) && halt.Value() == nil {
				break
			}
			return fmt.Errorf("the jq filter failed: %w", err)
		}
		results = append(results, value)
	}
	var result any = results
	if len(results) == 1 {
		result = results[0]
	}
	// gojq writes what JSON does not have, such as NaN, as jq does.
	text, err := gojq.Marshal(result)
	if err != nil {
		return fmt.Errorf("the result of the jq filter cannot be written: %w", err)
	}
	return setText(m, string(text))
}

func init() {
	component.Register[JQ]("json-jq-transform", "com.adaptris.core.json.jq.JsonJqTransform", component.KindService, "replaces the JSON payload by what a jq filter makes of it")
}
