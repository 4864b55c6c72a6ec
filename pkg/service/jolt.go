package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONTransform changes a JSON document as a Jolt specification says: an array of operations, as JSON or YAML. Interlok:
// JsonTransformService. The operations are all that Jolt has, and Interlok's own three classes; other Java classes cannot run here. Members of a
// result stand in the order in which they were written (in Interlok, in none), and numbers keep their digits.
//
// Metadata that the filter lets through replaces ${key} in the text of the specification.
type JSONTransform struct {
	component.ServiceBase
	SourceJSON     DataInput      `xml:"source-json" default:"string-payload-data-input-parameter" doc:"where the JSON document is"`
	MappingSpec    DataInput      `xml:"mapping-spec,required" doc:"the Jolt specification"`
	TargetJSON     DataOutput     `xml:"target-json" default:"string-payload-data-output-parameter" doc:"where the result goes"`
	MetadataFilter MetadataFilter `xml:"metadata-filter" default:"remove-all-metadata-filter" doc:"which metadata replaces ${key} in the specification; without it, none"`

	last atomic.Pointer[compiledJolt]
}

// compiledJolt is the specification of the last message, because most messages have the same.
type compiledJolt struct {
	text  string
	chain []joltOperation
}

// joltOperation makes another document of one that it may change.
type joltOperation interface {
	transform(run *joltRun, document any) (any, error)
}

// Check compiles a specification that is the same for every message.
func (s *JSONTransform) Check(r *component.Report) {
	c, ok := s.MappingSpec.(*ConstantInput)
	if _, fixed := s.MetadataFilter.(*RemoveAllMetadataFilter); !ok || !fixed {
		return
	}
	text, ok := constantText(c.Value)
	if !ok {
		return
	}
	if _, err := s.compiled(text); err != nil {
		r.Errorf("mapping-spec", "bad-mapping", ": %v", err)
	}
}

// Apply transforms.
func (s *JSONTransform) Apply(ctx context.Context, m *message.Message) error {
	if err := s.apply(ctx, m); err != nil {
		return fmt.Errorf("json-transform-service: %w", err)
	}
	return nil
}

func (s *JSONTransform) apply(ctx context.Context, m *message.Message) error {
	text, err := s.MappingSpec.Read(m)
	if err != nil {
		return fmt.Errorf("<mapping-spec>: %w", err)
	}
	items, err := filterMetadata(s.MetadataFilter, m)
	if err != nil {
		return fmt.Errorf("<metadata-filter>: %w", err)
	}
	for _, item := range items {
		text = strings.ReplaceAll(text, "${"+item.Key+"}", item.Value)
	}
	chain, err := s.compiled(text)
	if err != nil {
		return err
	}
	root, err := jsonDocument(s.SourceJSON, "source-json", m)
	if err != nil {
		return err
	}
	document := cloneJSON(root)
	run := &joltRun{ctx: ctx, room: maxJoltRoom}
	for i, operation := range chain {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted before operation %d of the Jolt specification: %w", i+1, err)
		}
		if document, err = operation.transform(run, document); err != nil {
			return fmt.Errorf("operation %d of the Jolt specification: %w", i+1, err)
		}
	}
	if err := s.TargetJSON.Write(m, expr.JSONText(document)); err != nil {
		return fmt.Errorf("<target-json>: %w", err)
	}
	return nil
}

func (s *JSONTransform) compiled(text string) ([]joltOperation, error) {
	if last := s.last.Load(); last != nil && last.text == text {
		return last.chain, nil
	}
	chain, err := compileJolt(text)
	if err != nil {
		return nil, fmt.Errorf("the Jolt specification cannot be used: %w", err)
	}
	s.last.Store(&compiledJolt{text, chain})
	return chain, nil
}

// joltOperations compile the specifications of the operations that Jolt and Interlok have.
var joltOperations = map[string]func(spec any) (joltOperation, error){
	"shift":                 compileShift,
	"default":               compileJoltDefault,
	"remove":                compileJoltRemove,
	"cardinality":           compileCardinality,
	"modify-overwrite-beta": compileModify(joltOverwrite),
	"modify-default-beta":   compileModify(joltIfNull),
	"modify-define-beta":    compileModify(joltIfMissing),
	"sort":                  func(any) (joltOperation, error) { return joltFunc(sortJSON), nil },
	"com.adaptris.core.transform.json.jolt.EmptyStringToNull": func(any) (joltOperation, error) { return joltFunc(emptyToNull), nil },
	"com.adaptris.core.transform.json.jolt.NullToEmptyString": func(any) (joltOperation, error) { return joltFunc(nullToEmpty), nil },
	"com.adaptris.core.transform.json.jolt.NullToArray":       func(any) (joltOperation, error) { return joltFunc(nullToArray), nil },
}

// compileJolt reads a specification: JSON, which may have comments as in C, if it begins with a bracket, else YAML.
func compileJolt(text string) ([]joltOperation, error) {
	var root any
	var err error
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		root, err = expr.ParseJSONBytes(withoutComments([]byte(text)))
	} else {
		root, err = yamlValue(text)
	}
	if err != nil {
		return nil, err
	}
	list, ok := root.([]any)
	if !ok || len(list) == 0 {
		return nil, errors.New("it must be an array of operations, with at least one")
	}
	chain := make([]joltOperation, len(list))
	for i, each := range list {
		entry, ok := each.(*expr.Object)
		if !ok {
			return nil, fmt.Errorf("operation %d is %s, no object", i+1, kindOfJSON(each))
		}
		value, _ := entry.Get("operation")
		name, _ := value.(string)
		compile := joltOperations[name]
		if compile == nil {
			return nil, fmt.Errorf("operation %d is %q, which is not known; use shift, default, remove, sort, cardinality or modify-overwrite-beta", i+1, name)
		}
		spec, _ := entry.Get("spec")
		if chain[i], err = compile(spec); err != nil {
			return nil, fmt.Errorf("operation %d (%s): %w", i+1, name, err)
		}
	}
	return chain, nil
}

// withoutComments puts blanks in the place of comments, so that errors name the right place.
func withoutComments(text []byte) []byte {
	out := bytes.Clone(text)
	for i := 0; i < len(out); {
		var end int
		switch rest := out[i:]; {
		case out[i] == '"':
			for i++; i < len(out) && out[i] != '"'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
			i++
			continue
		case bytes.HasPrefix(rest, []byte("//")):
			if end = bytes.IndexByte(rest, '\n'); end < 0 {
				end = len(rest)
			}
		case bytes.HasPrefix(rest, []byte("/*")):
			if end = bytes.Index(rest[2:], []byte("*/")); end < 0 {
				return out // no JSON, which the parser says
			}
			end += 4
		default:
			i++
			continue
		}
		for ; end > 0; i, end = i+1, end-1 {
			if out[i] != '\n' {
				out[i] = ' '
			}
		}
	}
	return out
}

// cloneJSON is a copy of a value that may be changed.
func cloneJSON(value any) any {
	switch v := value.(type) {
	case *expr.Object:
		out := &expr.Object{}
		for _, member := range v.Members() {
			out.Set(member.Key, cloneJSON(member.Value))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = cloneJSON(element)
		}
		return out
	}
	return value
}

// specObject is the object that the specification of an operation must be.
func specObject(spec any) (*expr.Object, error) {
	o, ok := spec.(*expr.Object)
	if !ok {
		return nil, fmt.Errorf("its spec is %s; it must be an object", kindOfJSON(spec))
	}
	return o, nil
}

func init() {
	component.Register[JSONTransform]("json-transform-service", "com.adaptris.core.transform.json.JsonTransformService", component.KindService,
		"changes a JSON document as a Jolt specification says")
}
