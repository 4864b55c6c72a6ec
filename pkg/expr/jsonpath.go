package expr

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"

	"github.com/adapterd/adapterd/pkg/message"
)

const (
	// maxPathBytes bounds a path, because one may come from a message (json-path-service reads paths from metadata) and parsers recurse.
	maxPathBytes = 4096
	// scansBeforeParsing is how often a payload is scanned before it is parsed instead: parsing costs about as much as that many scans
	// (BenchmarkParseJSON over BenchmarkJSONPathScan), so that however many paths read a payload, the work is at most twice the least possible.
	scansBeforeParsing = 5
)

// JSONPath is a compiled JSONPath. It is safe for concurrent use.
//
// A path is read as ojg reads it: $ and @, .name, ['name'], [0], [-1], *, .., [1:3], [0,2], ['a','b'], and filters such as
// [?(@.type == 'x' && @.n > 3)]. Matches come in the order of the document. Of duplicate keys the last one counts.
type JSONPath struct {
	path  string
	expr  jp.Expr
	steps []step // of a simple path, else nil
}

// CompileJSONPath reads a path. A path without a leading $ begins at the root too.
func CompileJSONPath(path string) (*JSONPath, error) {
	trimmed := strings.TrimSpace(path)
	switch {
	case trimmed == "":
		return nil, fmt.Errorf("the jsonpath is empty; write one such as $.id")
	case len(trimmed) > maxPathBytes:
		return nil, fmt.Errorf("the jsonpath is %d bytes long; %d are allowed", len(trimmed), maxPathBytes)
	}
	expr, err := jp.ParseString(spell(trimmed))
	if err != nil || len(expr) == 0 {
		problem := "it names nothing"
		if err != nil {
			// The rest of ojg's message repeats the path, in its own spelling.
			problem, _, _ = strings.Cut(err.Error(), " at ")
		}
		return nil, fmt.Errorf("jsonpath %s cannot be read: %s; write a path such as $.id, $.order.items[0].sku or $.items[?(@.type=='x')].id", trimmed, problem)
	}
	return &JSONPath{path: trimmed, expr: expr, steps: simpleSteps(expr)}, nil
}

// String is the path as written.
func (p *JSONPath) String() string { return p.path }

// Text is the one scalar that the path names in m's payload: a string as it is, a number or boolean as the payload writes it. Anything
// else is a *PathError that says what was found; nothing and null wrap ErrNoValue.
func (p *JSONPath) Text(m *message.Message) (string, error) {
	if p.scans(m) {
		s, err := p.scan(m.Payload())
		if err != nil {
			return "", err
		}
		return s.text(), nil
	}
	v, err := p.one(m)
	if err != nil {
		return "", err
	}
	text, _ := scalarText(v)
	// The tree's strings are parts of one text; a copy lets go of the rest.
	return strings.Clone(text), nil
}

// AppendText appends what Text returns. It returns dst unchanged with an error.
func (p *JSONPath) AppendText(dst []byte, m *message.Message) ([]byte, error) {
	if p.scans(m) {
		s, err := p.scan(m.Payload())
		if err != nil {
			return dst, err
		}
		return s.appendText(dst), nil
	}
	v, err := p.one(m)
	if err != nil {
		return dst, err
	}
	text, _ := scalarText(v)
	return append(dst, text...), nil
}

// Values are all values in m's payload that the path matches, in document order; none is no error. They are shared and must not be
// changed. The error is about the payload.
func (p *JSONPath) Values(m *message.Message) ([]any, error) {
	root, err := ParseJSON(m)
	if err != nil {
		return nil, &PathError{Language: "jsonpath", Path: p.path, Err: fmt.Errorf("the payload is %w", err)}
	}
	return p.Eval(root)
}

// Eval is Values on a value that ParseJSON or ParseJSONBytes returned.
func (p *JSONPath) Eval(root any) ([]any, error) { return evaluate(p.expr, root, p.path) }

// TextOf is Text on a value that ParseJSON or ParseJSONBytes returned.
func (p *JSONPath) TextOf(root any) (string, error) {
	values, err := p.Eval(root)
	if err != nil {
		return "", err
	}
	v, err := p.only(values)
	if err != nil {
		return "", err
	}
	text, _ := scalarText(v)
	return strings.Clone(text), nil
}

func (p *JSONPath) scans(m *message.Message) bool {
	return p.steps != nil && !m.HasParsed(message.JSON) && m.IsUTF8() && m.Scanned(message.JSON) <= scansBeforeParsing
}

func (p *JSONPath) one(m *message.Message) (any, error) {
	values, err := p.Values(m)
	if err != nil {
		return nil, err
	}
	return p.only(values)
}

func (p *JSONPath) only(values []any) (any, error) {
	switch len(values) {
	case 0:
		return nil, p.foundNothing()
	case 1:
		if _, ok := scalarText(values[0]); ok {
			return values[0], nil
		}
		return nil, p.found(kindOf(values[0]))
	}
	return nil, &PathError{Language: "jsonpath", Path: p.path, Found: strconv.Itoa(len(values)) + " values"}
}

func (p *JSONPath) foundNothing() error {
	return &PathError{Language: "jsonpath", Path: p.path, Found: "nothing", Err: ErrNoValue}
}

func (p *JSONPath) found(k kind) error {
	e := &PathError{Language: "jsonpath", Path: p.path, Found: k.String()}
	if k == kindNull {
		e.Err = ErrNoValue
	}
	return e
}

// kind is what a JSON value is.
type kind uint8

const (
	kindNothing kind = iota
	kindString
	kindNumber
	kindBool
	kindNull
	kindObject
	kindArray
)

func (k kind) String() string {
	return [...]string{"nothing", "a string", "a number", "a boolean", "null", "an object", "an array"}[k]
}

func kindOf(v any) kind {
	switch v.(type) {
	case nil:
		return kindNull
	case string:
		return kindString
	case bool:
		return kindBool
	case json.Number:
		return kindNumber
	case []any:
		return kindArray
	}
	return kindObject
}

// scalarText is the text of a string, number or boolean.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return string(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// simpleSteps are the steps of a path that only goes down by keys and indexes from the root; nil of any other path.
func simpleSteps(expr jp.Expr) []step {
	if _, ok := expr[0].(jp.Root); ok {
		expr = expr[1:]
	}
	steps := make([]step, 0, len(expr))
	for _, frag := range expr {
		switch f := frag.(type) {
		case jp.Child:
			steps = append(steps, step{key: string(f), index: -1})
		case jp.Nth:
			if f < 0 {
				return nil
			}
			steps = append(steps, step{index: int(f)})
		default:
			return nil
		}
	}
	return slices.Clip(steps)
}
