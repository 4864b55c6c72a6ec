package service

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltRemove removes members and elements. Jolt: remove.
type joltRemove struct{ children []*removeSpec }

// removeSpec is a key of a specification: it goes, or something in it does.
type removeSpec struct {
	key      *joltKey
	goes     bool
	children []*removeSpec
}

func compileJoltRemove(spec any) (joltOperation, error) {
	o, err := specObject(spec)
	if err != nil {
		return nil, err
	}
	children, err := compileRemoveSpecs(o)
	return &joltRemove{children}, err
}

func compileRemoveSpecs(o *expr.Object) ([]*removeSpec, error) {
	var all []*removeSpec
	for _, member := range o.Members() {
		for _, text := range strings.Split(member.Key, "|") {
			s := &removeSpec{key: parseJoltPattern(text)}
			known := false
			switch v := member.Value.(type) {
			case *expr.Object:
				known = true
				var err error
				if s.children, err = compileRemoveSpecs(v); err != nil {
					return nil, err
				}
			case string:
				known = strings.TrimSpace(v) == ""
				s.goes = known
			}
			if !known {
				return nil, fmt.Errorf("key %q has %.40s; it must have an empty text, to remove it, or an object", text, expr.JSONText(member.Value))
			}
			all = append(all, s)
		}
	}
	return all, nil
}

// is says that a key is meant. Of the keys of an array, patterns mean all or nothing.
func (s *removeSpec) is(key string, array bool) bool {
	switch {
	case s.key.kind == joltLiteral:
		return s.key.text == key
	case array:
		return s.key.kind == joltAll
	}
	return s.key.stars(key) != nil
}

func (t *joltRemove) transform(_ *joltRun, document any) (any, error) {
	return removeFrom(document, t.children), nil
}

// removeFrom is a value without what the specifications name in it.
func removeFrom(value any, specs []*removeSpec) any {
	// outcome is what becomes of a child.
	outcome := func(key string, array bool, child any) (after any, goes bool) {
		for _, s := range specs {
			if s.is(key, array) {
				if goes = goes || s.goes; !s.goes {
					child = removeFrom(child, s.children)
				}
			}
		}
		return child, goes
	}
	switch v := value.(type) {
	case *expr.Object:
		out := &expr.Object{}
		for _, member := range v.Members() {
			if child, goes := outcome(member.Key, false, member.Value); !goes {
				out.Set(member.Key, child)
			}
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for i, element := range v {
			if child, goes := outcome(fmt.Sprint(i), true, element); !goes {
				out = append(out, child)
			}
		}
		return slices.Clip(out)
	}
	return value
}
