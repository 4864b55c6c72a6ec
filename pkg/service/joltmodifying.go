package service

import (
	"slices"
	"strconv"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltSlot is a place in an object, or in an array.
type joltSlot struct {
	object *expr.Object
	key    string
	list   []any
	index  int
	// there says that there is a value, which may be null. size is how many elements the array had before it was made larger.
	there bool
	size  int
}

func (p joltSlot) get() any {
	if p.object != nil {
		value, _ := p.object.Get(p.key)
		return value
	}
	return p.list[p.index]
}

// set writes a value if the mode allows it.
func (p joltSlot) set(mode joltMode, value any) bool {
	before := p.get()
	switch {
	case mode == joltIfNull && before != nil,
		mode == joltIfMissing && p.object != nil && p.there,
		mode == joltIfMissing && p.object == nil && (p.index < p.size || before != nil):
		return false
	}
	p.put(value)
	return true
}

func (p joltSlot) put(value any) {
	if p.object != nil {
		p.object.Set(p.key, value)
	} else {
		p.list[p.index] = value
	}
}

// modifyAt runs a specification on a place; false if it is for another key.
func modifyAt(run *shifting, s *modifySpec, place joltSlot, key string) bool {
	if err := run.whole.step(); err != nil {
		run.fail(err)
	}
	match := run.match(s.key, key)
	if match == nil {
		return false
	}
	if s.ifThere && !place.there || run.err != nil {
		return true
	}
	value := place.get()
	if s.tries != nil {
		run.levels = append(run.levels, joltLevel{value, match})
		for _, try := range s.tries {
			if written, ok := try.value(run, value, place.there); ok {
				place.set(s.mode, cloneJSON(written))
				break
			}
		}
		run.levels = run.levels[:len(run.levels)-1]
		return true
	}
	_, isObject := value.(*expr.Object)
	list, isList := value.([]any)
	switch {
	case value == nil && s.array:
		if isList = place.set(s.mode, []any{}); !isList {
			return true
		}
	case value == nil && s.object:
		value = &expr.Object{}
		if !place.set(s.mode, value) {
			return true
		}
	case s.object && !isObject, s.array && !isList, !isObject && !isList:
		return true
	}
	size := len(list)
	if isList {
		var err error
		if list, err = run.whole.grow(list, s.size); err != nil {
			run.fail(err)
			return true
		}
		value = list
		place.put(list)
	}
	run.levels = append(run.levels, joltLevel{value, match})
	if isList {
		s.elements(run, list, size)
	} else {
		s.members(run, value.(*expr.Object))
	}
	run.levels = run.levels[:len(run.levels)-1]
	return true
}

func (s *modifySpec) members(run *shifting, o *expr.Object) {
	at := func(key string) joltSlot {
		_, there := o.Get(key)
		return joltSlot{object: o, key: key, there: there}
	}
	for _, child := range s.literal {
		modifyAt(run, child, at(child.key.text), child.key.text)
	}
	for _, member := range slices.Clone(o.Members()) {
		for _, child := range s.computed {
			if modifyAt(run, child, at(member.Key), member.Key) {
				break
			}
		}
	}
}

func (s *modifySpec) elements(run *shifting, list []any, size int) {
	at := func(i int) joltSlot {
		return joltSlot{list: list, index: i, there: i < size || list[i] != nil, size: size}
	}
	// Where only what is missing is written, an index has a say in what a pattern would write too.
	exclusive := s.mode == joltIfMissing && s.array
	done := map[int]bool{}
	for _, child := range s.literal {
		if i, ok := joltIndex(child.key.text); ok && i < len(list) {
			modifyAt(run, child, at(i), child.key.text)
			done[i] = exclusive
		}
	}
	for i := range list {
		for _, child := range s.computed {
			if done[i] || modifyAt(run, child, at(i), strconv.Itoa(i)) {
				break
			}
		}
	}
}
