package service

import (
	"fmt"

	"github.com/ohler55/ojg/jp"

	"github.com/adapterd/adapterd/pkg/expr"
)

// jsonPath is a compiled path with Interlok's (Jayway's) distinction: a definite path names one value, any other one names a list of
// values, whatever it finds.
type jsonPath struct {
	*expr.JSONPath
	definite bool
	// trunk is the definite beginning of a path that is not; it must lead somewhere. nil is the document itself.
	trunk *expr.JSONPath
}

func compilePath(text string) (*jsonPath, error) {
	compiled, err := expr.CompileJSONPath(text)
	if err != nil {
		return nil, err
	}
	fragments, err := jp.ParseString(compiled.String())
	if err != nil {
		return nil, fmt.Errorf("jsonpath %s cannot be read: %w", compiled, err)
	}
	n := 0
	for n < len(fragments) && isDefinite(fragments[n]) {
		n++
	}
	p := &jsonPath{JSONPath: compiled, definite: n == len(fragments)}
	if trunk := fragments[:n]; !p.definite && n > 0 && trunk.String() != "$" {
		if p.trunk, err = expr.CompileJSONPath(trunk.String()); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func isDefinite(fragment jp.Frag) bool {
	switch fragment.(type) {
	case jp.Root, jp.At, jp.Bracket, jp.Child, jp.Nth:
		return true
	}
	return false
}

// text is what the path finds under root, as json-path-service writes it.
func (p *jsonPath) text(root any, null func() (string, error)) (string, error) {
	values, err := p.Eval(root)
	if err != nil {
		return "", err
	}
	if !p.definite {
		if len(values) == 0 && p.trunk != nil {
			if found, err := p.trunk.Eval(root); err != nil || len(found) == 0 {
				return "", errPathNotFound
			}
		}
		if values == nil {
			values = []any{}
		}
		return expr.JSONText(values), nil
	}
	if len(values) == 0 {
		return "", errPathNotFound
	}
	switch v := values[0].(type) {
	case nil:
		return null()
	case string:
		return v, nil
	default:
		return expr.JSONText(v), nil
	}
}
