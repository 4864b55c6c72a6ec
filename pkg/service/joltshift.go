package service

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltShift copies values of the input to places of an output. Jolt: shift.
type joltShift struct{ root *shiftSpec }

// shiftSpec is a level of a specification.
type shiftSpec struct {
	key *joltKey
	// paths are where the value of a leaf goes.
	paths []joltPath
	leaf  bool
	// special children do not look for a key of the input.
	special []*shiftSpec
	// literal children by their names, and the names in the order of the specification.
	literal map[string]*shiftSpec
	names   []string
	// computed children in the order in which they are tried.
	computed []*shiftSpec
	// mixed says that a key may be one of the literals and of the computed children.
	mixed bool
}

func compileShift(spec any) (joltOperation, error) {
	o, err := specObject(spec)
	if err != nil {
		return nil, err
	}
	root, err := compileShiftSpec(&joltKey{text: "root"}, o)
	if err != nil {
		return nil, err
	}
	return &joltShift{root}, nil
}

func compileShiftSpec(key *joltKey, right any) (*shiftSpec, error) {
	s := &shiftSpec{key: key, literal: map[string]*shiftSpec{}}
	switch v := right.(type) {
	case *expr.Object:
		return s, s.compileChildren(v)
	case nil: // is matched, and goes nowhere
	case string:
		path, err := parseJoltPath(v)
		if err != nil {
			return nil, err
		}
		s.paths = []joltPath{path}
	case []any:
		for _, each := range v {
			text, ok := each.(string)
			if !ok {
				return nil, fmt.Errorf("key %q has %s in its list of paths", key.text, kindOfJSON(each))
			}
			path, err := parseJoltPath(text)
			if err != nil {
				return nil, err
			}
			s.paths = append(s.paths, path)
		}
	default:
		return nil, fmt.Errorf("key %q has %s; it must have a path, a list of paths, null or an object", key.text, kindOfJSON(right))
	}
	s.leaf = true
	return s, nil
}

func (s *shiftSpec) compileChildren(o *expr.Object) error {
	if o.Len() == 0 {
		return fmt.Errorf("key %q has an empty object; give it members", s.key.text)
	}
	if s.key.kind == joltInput || s.key.kind == joltDollar {
		return fmt.Errorf("key %q has an object; it must have a path", s.key.text)
	}
	seen := map[string]bool{}
	for _, member := range o.Members() {
		for _, text := range strings.Split(member.Key, "|") {
			if seen[text] {
				return fmt.Errorf("key %q stands twice in one object", text)
			}
			seen[text] = true
			key, err := parseJoltKey(text)
			if err != nil {
				return err
			}
			child, err := compileShiftSpec(key, member.Value)
			if err != nil {
				return err
			}
			s.add(child)
		}
	}
	slices.SortStableFunc(s.computed, func(a, b *shiftSpec) int {
		return cmp.Or(cmp.Compare(a.key.kind, b.key.kind), cmp.Compare(len(b.key.text), len(a.key.text)), strings.Compare(a.key.text, b.key.text))
	})
	for _, c := range s.computed {
		s.mixed = s.mixed || c.key.kind == joltAmp || slices.ContainsFunc(s.names, func(name string) bool { return c.key.stars(name) != nil })
	}
	return nil
}

func (s *shiftSpec) add(child *shiftSpec) {
	switch child.key.kind {
	case joltLiteral:
		s.literal[child.key.text] = child
		s.names = append(s.names, child.key.text)
	case joltInput, joltTranspose, joltDollar, joltHash:
		s.special = append(s.special, child)
	default:
		s.computed = append(s.computed, child)
	}
}

// stars matches a key with a pattern: the whole key, and what each star stands for; nil if it is another one.
func (k *joltKey) stars(key string) []string {
	switch k.kind {
	case joltAll:
		return []string{key}
	case joltOneStar, joltTwoStars, joltStars:
		return k.pattern.FindStringSubmatch(key)
	}
	return nil
}
