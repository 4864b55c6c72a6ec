package service

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltMatch is a key that has been matched.
type joltMatch struct {
	// groups are the whole key, and what each star stands for.
	groups []string
	// count is how many children have been matched below it.
	count int
}

// joltLevel is a level of the way into the input.
type joltLevel struct {
	value any
	match *joltMatch
}

// shifting is one run of a shift.
type shifting struct {
	levels []joltLevel
	output any
	wrote  bool
	err    error
	whole  *joltRun
}

func newShifting(whole *joltRun, document any) *shifting {
	return &shifting{levels: []joltLevel{{document, &joltMatch{groups: []string{"root"}}}}, whole: whole}
}

func (t *joltShift) transform(whole *joltRun, document any) (any, error) {
	run := newShifting(whole, document)
	run.apply(t.root, "root", document)
	return run.output, run.err
}

// up is a level further up; nil if there is none, which fails the run.
func (run *shifting) up(n int) *joltLevel {
	if n >= len(run.levels) {
		run.fail(fmt.Errorf("a reference leads %d levels up, but there are only %d", n, len(run.levels)-1))
		return nil
	}
	return &run.levels[len(run.levels)-1-n]
}

func (run *shifting) fail(err error) {
	if run.err == nil {
		run.err = err
	}
}

// apply runs a specification on a value that stands under key; false if it is for another key.
func (run *shifting) apply(s *shiftSpec, key string, value any) bool {
	if err := run.whole.step(); err != nil {
		run.fail(err)
	}
	match := run.match(s.key, key)
	if match == nil || run.err != nil {
		return false
	}
	data := value
	counts := true // for references such as [#2]
	switch s.key.kind {
	case joltTranspose:
		var there bool
		if data, there = run.read(s.key.from); !there {
			return false
		}
		if counts = !s.leaf; counts {
			value = data // what a leaf's path names is beside the value read, not in it
		}
	case joltDollar, joltHash:
		counts = !s.leaf
		data = match.groups[0]
	case joltInput:
		counts = false
	}
	run.levels = append(run.levels, joltLevel{value, match})
	if s.leaf {
		for _, path := range s.paths {
			run.write(path, data)
		}
	} else {
		for _, child := range s.special {
			run.apply(child, key, value)
		}
		run.children(s, value)
	}
	run.levels = run.levels[:len(run.levels)-1]
	if counts {
		run.levels[len(run.levels)-1].match.count++
	}
	return counts
}

func (run *shifting) match(k *joltKey, key string) *joltMatch {
	switch k.kind {
	case joltLiteral:
		if k.text == key {
			return &joltMatch{groups: []string{key}}
		}
	case joltInput, joltTranspose:
		return run.levels[len(run.levels)-1].match
	case joltHash:
		return &joltMatch{groups: []string{k.text}}
	case joltDollar, joltAmp:
		name, ok := run.name(k.name)
		if ok && (k.kind == joltDollar || name == key) {
			return &joltMatch{groups: []string{name}}
		}
	default:
		if groups := k.stars(key); groups != nil {
			return &joltMatch{groups: groups}
		}
	}
	return nil
}

// children runs the children that are for keys of a value. A text, number or boolean counts as a key without a value.
func (run *shifting) children(s *shiftSpec, value any) {
	switch v := value.(type) {
	case nil:
	case *expr.Object:
		if !s.mixed {
			for _, name := range s.names {
				if member, there := v.Get(name); there {
					run.apply(s.literal[name], name, member)
				}
			}
		}
		for _, member := range v.Members() {
			run.child(s, member.Key, member.Value)
		}
	case []any:
		if !s.mixed {
			for _, name := range s.names {
				if i, ok := joltIndex(name); ok && i < len(v) {
					run.apply(s.literal[name], name, v[i])
				}
			}
		}
		for i, element := range v {
			run.child(s, strconv.Itoa(i), element)
		}
	default:
		key := scalarText(value)
		if literal := s.literal[key]; literal != nil && !s.mixed {
			run.apply(literal, key, nil)
		}
		run.child(s, key, nil)
	}
}

// child runs the first computed child that is for a key; before it, where keys may be both, the literal one.
func (run *shifting) child(s *shiftSpec, key string, value any) {
	if literal := s.literal[key]; literal != nil {
		if s.mixed {
			run.apply(literal, key, value)
		}
		return
	}
	for _, c := range s.computed {
		if run.apply(c, key, value) {
			return
		}
	}
}

// name is a name with its references replaced.
func (run *shifting) name(name joltName) (string, bool) {
	var b strings.Builder
	for _, part := range name {
		if part.ref == nil {
			b.WriteString(part.text)
			continue
		}
		level := run.up(part.ref.up)
		if level == nil {
			return "", false
		}
		if part.ref.group >= len(level.match.groups) {
			run.fail(fmt.Errorf("a reference names star %d of the key %q, which has only %d", part.ref.group, level.match.groups[0], len(level.match.groups)-1))
			return "", false
		}
		b.WriteString(level.match.groups[part.ref.group])
	}
	return b.String(), true
}

// read is the value that @ names.
func (run *shifting) read(from *joltFrom) (any, bool) {
	level := run.up(from.up)
	if level == nil {
		return nil, false
	}
	places, ok := run.places(from.path)
	if !ok {
		return nil, false
	}
	return lookUp(level.value, places)
}

// places is what a path means here; false if it has no meaning.
func (run *shifting) places(path joltPath) ([]joltPlace, bool) {
	places := make([]joltPlace, len(path))
	for i, step := range path {
		place := joltPlace{array: step.array, append: step.append}
		ok := true
		switch {
		case step.hash != nil:
			level := run.up(step.hash.up)
			if level == nil {
				return nil, false
			}
			place.key = strconv.Itoa(level.match.count)
		case step.from != nil:
			var value any
			if value, ok = run.read(step.from); ok {
				place.key, ok = keyOfValue(value)
			}
		default:
			place.key, ok = run.name(step.name)
		}
		if ok && step.array && !step.append {
			place.index, ok = joltIndex(place.key)
			if place.index > maxJoltIndex {
				run.fail(errTooManyElements)
				return nil, false
			}
		}
		if !ok {
			return nil, false
		}
		places[i] = place
	}
	return places, true
}

var errTooManyElements = errors.New("an index of the output is larger than 1048576")

func (run *shifting) write(path joltPath, data any) {
	places, ok := run.places(path)
	if !ok || run.err != nil {
		return
	}
	run.output = run.put(run.output, run.wrote, places, cloneJSON(data))
	run.wrote = true
}
