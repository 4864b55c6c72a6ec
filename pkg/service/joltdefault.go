package service

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltDefault gives values to members and elements that are not there, or null. Jolt: default.
type joltDefault struct {
	// object and array are the specification read for a document of that kind; array is nil if it has keys that are no indices.
	object, array *defaultSpec
}

// defaultSpec is a level of a specification.
type defaultSpec struct {
	// array says that the value is an array: the keys below are indices. size is how many elements it must have at least.
	array bool
	size  int
	// children are in the order in which they are applied; nil for a value.
	children []*defaultKey
	value    any
}

// defaultKey is a key of a level: names, or all there are.
type defaultKey struct {
	all     bool
	names   []string
	indices []int // the names, in an array
	spec    *defaultSpec
}

func compileJoltDefault(spec any) (joltOperation, error) {
	o, err := specObject(spec)
	if err != nil {
		return nil, err
	}
	d := &joltDefault{}
	if d.object, err = compileDefaultSpec(o, false); err != nil {
		return nil, err
	}
	// What cannot be read as indices is for objects only.
	d.array, _ = compileDefaultSpec(o, true)
	return d, nil
}

func compileDefaultSpec(right any, array bool) (*defaultSpec, error) {
	s := &defaultSpec{array: array}
	o, ok := right.(*expr.Object)
	if !ok {
		s.value = right
		return s, nil
	}
	s.children = make([]*defaultKey, 0, o.Len())
	for _, member := range o.Members() {
		name, isArray := strings.CutSuffix(member.Key, "[]")
		k := &defaultKey{all: name == "*"}
		if !k.all {
			if strings.Contains(name, "*") {
				return nil, fmt.Errorf("key %q has a *; in default, * stands alone", member.Key)
			}
			k.names = strings.Split(name, "|")
		}
		for _, text := range k.names {
			if !array {
				break
			}
			i, ok := joltIndex(text)
			if !ok || i > maxJoltIndex {
				return nil, fmt.Errorf("key %q is no index of an array", member.Key)
			}
			k.indices = append(k.indices, i)
			if len(k.names) == 1 {
				s.size = max(s.size, i+1)
			}
		}
		var err error
		if k.spec, err = compileDefaultSpec(member.Value, isArray); err != nil {
			return nil, err
		}
		s.children = append(s.children, k)
	}
	// Names first, then the smaller choices, all at the end.
	slices.SortStableFunc(s.children, func(a, b *defaultKey) int {
		rank := func(k *defaultKey) int {
			if k.all {
				return len(b.names) + len(a.names) + 1
			}
			return len(k.names)
		}
		if c := cmp.Compare(rank(a), rank(b)); c != 0 || len(a.names) < 2 {
			return c
		}
		return slices.Compare(a.names, b.names)
	})
	return s, nil
}

func (d *joltDefault) transform(run *joltRun, document any) (any, error) {
	if document == nil {
		document = &expr.Object{}
	}
	if _, ok := document.([]any); !ok {
		return d.object.apply(run, document)
	}
	if d.array == nil {
		return nil, fmt.Errorf("the document is an array, but the specification has keys that are no indices")
	}
	return d.array.apply(run, document)
}

// apply is a value with its defaults.
func (s *defaultSpec) apply(run *joltRun, value any) (any, error) {
	if err := run.step(); err != nil {
		return nil, err
	}
	if s.children == nil {
		if value == nil {
			return cloneJSON(s.value), nil
		}
		return value, nil
	}
	if value == nil {
		value = &expr.Object{}
		if s.array {
			value = []any{}
		}
	}
	if list, ok := value.([]any); ok && s.array {
		grown, err := run.grow(list, s.size)
		if err != nil {
			return nil, err
		}
		value = grown
	}
	for _, k := range s.children {
		if err := k.apply(run, s.array, value); err != nil {
			return nil, err
		}
	}
	return value, nil
}

func (k *defaultKey) apply(run *joltRun, array bool, value any) error {
	if list, ok := value.([]any); ok && array {
		for i := range list {
			if k.all || slices.Contains(k.indices, i) {
				after, err := k.spec.apply(run, list[i])
				if err != nil {
					return err
				}
				list[i] = after
			}
		}
		return nil
	}
	o, ok := value.(*expr.Object)
	if !ok || array {
		return nil
	}
	names := k.names
	if k.all {
		names = nil
		for _, member := range o.Members() {
			names = append(names, member.Key)
		}
	}
	for _, name := range names {
		// Of a choice only what is there gets a default.
		if before, there := o.Get(name); there || len(k.names) == 1 {
			after, err := k.spec.apply(run, before)
			if err != nil {
				return err
			}
			o.Set(name, after)
		}
	}
	return nil
}
