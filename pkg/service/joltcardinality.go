package service

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltCardinality makes arrays of single values, or single values of arrays. Jolt: cardinality.
type joltCardinality struct{ root *cardinalitySpec }

// cardinalitySpec is a level of a specification.
type cardinalitySpec struct {
	key *joltKey
	// relation is ONE or MANY, of a leaf or, by the member @, of the level itself; empty for neither.
	relation string
	literal  map[string]*cardinalitySpec
	computed []*cardinalitySpec
}

func compileCardinality(spec any) (joltOperation, error) {
	o, err := specObject(spec)
	if err != nil {
		return nil, err
	}
	root, err := compileCardinalitySpec(&joltKey{text: "root"}, o)
	return &joltCardinality{root}, err
}

func compileCardinalitySpec(key *joltKey, right any) (*cardinalitySpec, error) {
	s := &cardinalitySpec{key: key}
	o, ok := right.(*expr.Object)
	if !ok {
		s.relation, _ = right.(string)
		if s.relation != "ONE" && s.relation != "MANY" {
			return nil, fmt.Errorf("key %q has %.40s; it must have ONE, MANY or an object", key.text, expr.JSONText(right))
		}
		return s, nil
	}
	if o.Len() == 0 {
		return nil, fmt.Errorf("key %q has an empty object; give it members", key.text)
	}
	s.literal = map[string]*cardinalitySpec{}
	for _, member := range o.Members() {
		key := parseJoltPattern(member.Key)
		if member.Key == "@" {
			key.kind = joltInput
		}
		child, err := compileCardinalitySpec(key, member.Value)
		if err != nil {
			return nil, err
		}
		switch key.kind {
		case joltLiteral:
			s.literal[key.text] = child
		case joltInput:
			if s.relation = child.relation; s.relation == "" {
				return nil, fmt.Errorf("key %q has an object; it must have ONE or MANY", member.Key)
			}
		default:
			s.computed = append(s.computed, child)
		}
	}
	slices.SortStableFunc(s.computed, func(a, b *cardinalitySpec) int {
		return cmp.Or(cmp.Compare(a.key.kind, b.key.kind), cmp.Compare(len(b.key.text), len(a.key.text)), strings.Compare(a.key.text, b.key.text))
	})
	return s, nil
}

func (t *joltCardinality) transform(_ *joltRun, document any) (any, error) {
	return t.root.apply(document), nil
}

func (s *cardinalitySpec) apply(value any) any {
	_, wasList := value.([]any)
	switch s.relation {
	case "MANY":
		value = manyOf(value)
	case "ONE":
		value = oneOf(value)
		if s.literal != nil && !wasList {
			return value // as in Jolt, what is one already is not gone into
		}
	}
	if s.literal == nil {
		return value
	}
	switch v := value.(type) {
	case *expr.Object:
		for _, member := range slices.Clone(v.Members()) {
			if child := s.child(member.Key); child != nil {
				v.Set(member.Key, child.apply(member.Value))
			}
		}
	case []any:
		for i := range v {
			if child := s.child(strconv.Itoa(i)); child != nil {
				v[i] = child.apply(v[i])
			}
		}
	}
	return value
}

func (s *cardinalitySpec) child(key string) *cardinalitySpec {
	if literal := s.literal[key]; literal != nil {
		return literal
	}
	for _, c := range s.computed {
		if c.key.stars(key) != nil {
			return c
		}
	}
	return nil
}

func manyOf(value any) any {
	switch v := value.(type) {
	case []any:
		return v
	case nil:
		return []any{}
	}
	return []any{value}
}

func oneOf(value any) any {
	list, ok := value.([]any)
	switch {
	case !ok:
		return value
	case len(list) == 0:
		return nil
	}
	return list[0]
}

// joltFunc is an operation without a specification.
type joltFunc func(document any) any

func (f joltFunc) transform(_ *joltRun, document any) (any, error) { return f(document), nil }

// sortJSON sorts the keys of all objects, those that begin with ~ first. Jolt: sort.
func sortJSON(value any) any {
	switch v := value.(type) {
	case *expr.Object:
		keys := v.SortedKeys()
		slices.SortStableFunc(keys, func(a, b string) int {
			first := func(key string) int {
				if strings.HasPrefix(key, "~") {
					return 0
				}
				return 1
			}
			return cmp.Compare(first(a), first(b))
		})
		out := &expr.Object{}
		for _, key := range keys {
			member, _ := v.Get(key)
			out.Set(key, sortJSON(member))
		}
		return out
	case []any:
		for i := range v {
			v[i] = sortJSON(v[i])
		}
	}
	return value
}

// emptyToNull makes null of every empty text. Interlok: EmptyStringToNull.
func emptyToNull(document any) any {
	return eachScalar(document, func(value any) any {
		if value == "" {
			return nil
		}
		return value
	})
}

// nullToEmpty makes an empty text of every null. Interlok: NullToEmptyString.
func nullToEmpty(document any) any {
	return eachScalar(document, func(value any) any {
		if value == nil {
			return ""
		}
		return value
	})
}

// nullToArray makes an empty array of a document that is null. Interlok: NullToArray.
func nullToArray(document any) any {
	if document == nil {
		return []any{}
	}
	return document
}

// eachScalar changes every value that is neither an object nor an array.
func eachScalar(value any, change func(any) any) any {
	switch v := value.(type) {
	case *expr.Object:
		for _, member := range slices.Clone(v.Members()) {
			v.Set(member.Key, eachScalar(member.Value, change))
		}
		return v
	case []any:
		for i := range v {
			v[i] = eachScalar(v[i], change)
		}
		return v
	}
	return change(value)
}
