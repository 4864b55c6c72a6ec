package service

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltMode says when a value is written. Jolt: modify-overwrite-beta, modify-default-beta, modify-define-beta.
type joltMode byte

// The modes, by the signs that choose another one for a single key.
const (
	joltOverwrite joltMode = '+' // always
	joltIfNull    joltMode = '~' // where there is nothing, or null
	joltIfMissing joltMode = '_' // where there is nothing
)

// joltModify writes values into a document.
type joltModify struct{ root *modifySpec }

// modifySpec is a level of a specification.
type modifySpec struct {
	key  *joltKey
	mode joltMode
	// ifThere leaves out what is not there.
	ifThere bool
	// tries are what a leaf writes: the first that has a value.
	tries []joltValue
	// object and array say what the value of a level must be; neither for any. size is how many elements an array has at least.
	object, array bool
	size          int
	literal       []*modifySpec
	computed      []*modifySpec
}

func compileModify(mode joltMode) func(any) (joltOperation, error) {
	return func(spec any) (joltOperation, error) {
		o, err := specObject(spec)
		if err != nil {
			return nil, err
		}
		root := &modifySpec{key: &joltKey{text: "root"}, mode: mode}
		return &joltModify{root}, root.compileChildren(o, mode)
	}
}

func compileModifySpec(key string, right any, mode joltMode) (*modifySpec, int, error) {
	s := &modifySpec{mode: mode}
	text := key
	if len(text) > 0 && strings.IndexByte("+~_", text[0]) >= 0 {
		s.mode, text = joltMode(text[0]), text[1:]
	}
	if strings.HasSuffix(text, "?") && !strings.HasSuffix(text, `\?`) {
		s.ifThere, text = true, text[:len(text)-1]
	}
	index := -1
	if inner, ok := strings.CutPrefix(text, "["); ok {
		n, ok := joltIndex(strings.TrimSuffix(inner, "]"))
		if !ok || n > maxJoltIndex || !strings.HasSuffix(inner, "]") {
			return nil, 0, fmt.Errorf("key %q is no index of an array; write [0]", key)
		}
		index, s.key = n, &joltKey{text: strconv.Itoa(n)}
	} else {
		var err error
		if s.key, err = parseJoltKey(text); err != nil {
			return nil, 0, err
		}
	}
	switch s.key.kind {
	case joltLiteral, joltAll, joltOneStar, joltTwoStars, joltStars:
	default:
		return nil, 0, fmt.Errorf("key %q is neither a name, an index nor a pattern with *", key)
	}
	if o, ok := right.(*expr.Object); ok && o.Len() > 0 {
		return s, index, s.compileChildren(o, mode)
	}
	values, ok := right.([]any)
	if !ok || len(values) == 0 {
		values = []any{right}
	}
	for _, value := range values {
		try, err := parseJoltValue(value)
		if err != nil {
			return nil, 0, fmt.Errorf("key %q: %w", key, err)
		}
		s.tries = append(s.tries, try)
	}
	return s, index, nil
}

func (s *modifySpec) compileChildren(o *expr.Object, mode joltMode) error {
	for _, member := range o.Members() {
		for _, text := range strings.Split(member.Key, "|") {
			child, index, err := compileModifySpec(text, member.Value, mode)
			if err != nil {
				return err
			}
			switch {
			case index >= 0:
				s.array = true
				if !child.ifThere {
					s.size = max(s.size, index+1)
				}
			case child.key.kind != joltAll:
				s.object = true
			}
			if child.key.kind == joltLiteral {
				s.literal = append(s.literal, child)
			} else {
				s.computed = append(s.computed, child)
			}
		}
	}
	if s.object && s.array {
		return fmt.Errorf("key %q has indices and names in one object; an array has indices only", s.key.text)
	}
	slices.SortStableFunc(s.computed, func(a, b *modifySpec) int {
		return cmp.Or(cmp.Compare(a.key.kind, b.key.kind), cmp.Compare(len(b.key.text), len(a.key.text)), strings.Compare(a.key.text, b.key.text))
	})
	return nil
}

func (t *joltModify) transform(whole *joltRun, document any) (any, error) {
	// The document stands in an array of one, so that another array can take its place.
	place := []any{document}
	run := newShifting(whole, document)
	modifyAt(run, t.root, joltSlot{list: place, there: true, size: 1}, "root")
	return place[0], run.err
}

// joltValue is what is written: a value of the specification, one of the document, or what a function makes of such values.
type joltValue struct {
	literal  any
	from     *joltFrom
	function func(args []any) (any, bool)
	// arguments of the function; self passes what is there already.
	arguments []joltValue
	self      bool
	// nothing is a value of a context, which there is none of.
	nothing bool
}

func (v joltValue) value(run *shifting, before any, there bool) (any, bool) {
	switch {
	case v.nothing:
		return nil, false
	case v.from != nil:
		return run.read(v.from)
	case v.function == nil:
		return v.literal, true
	case v.self && there:
		return v.function([]any{before})
	case v.self:
		return v.function(nil)
	}
	var args []any
	for _, a := range v.arguments {
		value, ok := a.value(run, before, there)
		if !ok && len(v.arguments) == 1 {
			break
		}
		args = append(args, value)
	}
	return v.function(args)
}

func parseJoltValue(right any) (joltValue, error) {
	text, ok := right.(string)
	if !ok {
		return joltValue{literal: right}, nil
	}
	call, isCall := strings.CutPrefix(text, "=")
	if !isCall {
		return parseJoltArgument(text, false)
	}
	name, inner, parentheses := strings.Cut(call, "(")
	v := joltValue{function: joltFunctions[name], self: !parentheses}
	if v.function == nil {
		return v, fmt.Errorf("%q is no function of Jolt", name)
	}
	if !parentheses {
		return v, nil
	}
	inner, ok = strings.CutSuffix(inner, ")")
	if !ok {
		return v, errors.New("a function has no ) at its end")
	}
	for _, arg := range splitArguments(inner) {
		a, err := parseJoltArgument(arg, true)
		if err != nil {
			return v, err
		}
		v.arguments = append(v.arguments, a)
	}
	return v, nil
}
