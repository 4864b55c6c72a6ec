package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltStep is a step of a path, the right side of a specification: a member of an object, or an element of an array.
type joltStep struct {
	array bool
	// append is of an array: a new element at its end.
	append bool
	// name is the key or the index, unless one of the others is there.
	name joltName
	// from is what the key or index is read from.
	from *joltFrom
	// hash is of an array: how often the key so many levels up has been matched.
	hash *joltRef
}

type joltPath []joltStep

// parseJoltPath reads a path such as a.b[&1].@(1,c)[].
func parseJoltPath(text string) (joltPath, error) {
	chars := joltChars(text)
	if countChar(chars, '*') > 0 || countChar(chars, '$') > 0 {
		return nil, fmt.Errorf("path %q has a * or $, which stand on the left side only; escape it with \\ if it is part of a name", text)
	}
	var path joltPath
	is := func(i int, char rune) bool { return i < len(chars) && chars[i] == joltChar{char: char} }
	// until is where an unescaped character stands.
	until := func(i int, ends string) int {
		for i < len(chars) && (chars[i].escaped || !strings.ContainsRune(ends, chars[i].char)) {
			i++
		}
		return i
	}
	for i := 0; i < len(chars); {
		var step joltStep
		var err error
		switch {
		case is(i, '.'):
			i++
			continue
		case is(i, '['):
			end := until(i, "]")
			if end >= len(chars) {
				return nil, fmt.Errorf("path %q has a [ without ]", text)
			}
			step, err = parseJoltIndex(chars[i+1 : end])
			i = end + 1
		case is(i, '@'):
			end := until(i, ".[")
			if is(i+1, '(') {
				end = min(until(i, ")")+1, len(chars))
			}
			step.from, err = parseJoltFrom(writtenChars(chars[i:end]))
			i = end
		default:
			end := until(i, ".[")
			if countChar(chars[i:end], '@') > 0 {
				err = errors.New("an @ stands in the middle of a name; escape it with \\ if it is part of it")
			} else {
				step.name, err = parseJoltName(chars[i:end])
			}
			i = end
		}
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", text, err)
		}
		path = append(path, step)
	}
	return path, nil
}

func parseJoltIndex(inner []joltChar) (joltStep, error) {
	step := joltStep{array: true}
	text := plainChars(inner)
	var err error
	switch {
	case text == "":
		step.append = true
	case text[0] == '&':
		var ref joltRef
		ref, err = parseJoltRef(text, '&')
		step.name = joltName{{ref: &ref}}
	case text[0] == '#':
		var ref joltRef
		ref, err = parseJoltRef(text, '#')
		step.hash = &ref
	case text[0] == '@':
		step.from, err = parseJoltFrom(writtenChars(inner))
	default:
		if _, ok := joltIndex(text); !ok {
			err = fmt.Errorf("[%s] is no index of an array", text)
		}
		step.name = joltName{{text: text}}
	}
	return step, err
}

// joltIndex reads an index of an array.
func joltIndex(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err == nil
}

// joltFrom names a value: at a path below a level further up.
type joltFrom struct {
	up   int
	path joltPath
}

// parseJoltFrom reads @a.b, @2, @(2,a.b) and @(a.b).
func parseJoltFrom(text string) (*joltFrom, error) {
	inner, ok := strings.CutPrefix(text, "@")
	if strings.HasPrefix(inner, "(") {
		inner, ok = strings.CutSuffix(inner[1:], ")")
	}
	if !ok || inner == "" || strings.ContainsAny(inner, "@*") || strings.Contains(inner, "[]") {
		return nil, fmt.Errorf("%q names no value; write @(1,a.b) for a.b one level up, without *, [] and a second @", text)
	}
	from := &joltFrom{}
	if inner[0] >= '0' && inner[0] <= '9' {
		levels, path, _ := strings.Cut(inner, ",")
		up, err := strconv.ParseUint(levels, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%q names no value: %q is no number of levels", text, levels)
		}
		from.up, inner = int(up), path
	}
	var err error
	from.path, err = parseJoltPath(inner)
	return from, err
}

// joltPlace is a step with what it means for one input.
type joltPlace struct {
	array, append bool
	key           string
	index         int
}

// lookUp is the value at places below a value.
func lookUp(value any, places []joltPlace) (any, bool) {
	for _, p := range places {
		switch v := value.(type) {
		case *expr.Object:
			var there bool
			if value, there = v.Get(p.key); p.array || !there {
				return nil, false
			}
		case []any:
			if !p.array || p.append || p.index >= len(v) {
				return nil, false
			}
			value = v[p.index]
		default:
			return nil, false
		}
	}
	return value, true
}

// maxJoltIndex bounds a single index, of the input or a specification; maxJoltRoom bounds what all of them make.
const maxJoltIndex = 1 << 20

// put is a value with data put at places below it: beside what is there already, in an array. Where something else is than a place
// needs, nothing changes.
func (run *shifting) put(value any, there bool, places []joltPlace, data any) any {
	if len(places) == 0 {
		if !there || value == nil {
			return data
		}
		if list, ok := value.([]any); ok {
			return append(list, data)
		}
		return []any{value, data}
	}
	place := places[0]
	if place.array {
		if value == nil {
			value = []any{}
		}
		list, ok := value.([]any)
		if !ok {
			return value
		}
		if place.append {
			return append(list, run.put(nil, false, places[1:], data))
		}
		// The element itself is written to, so it needs no room.
		grown, err := run.whole.grow(list, place.index)
		if err != nil {
			run.fail(err)
			return value
		}
		if list = grown; place.index == len(list) {
			list = append(list, nil)
		}
		list[place.index] = run.put(list[place.index], true, places[1:], data)
		return list
	}
	if value == nil {
		value = &expr.Object{}
	}
	o, ok := value.(*expr.Object)
	if !ok {
		return value
	}
	before, there := o.Get(place.key)
	o.Set(place.key, run.put(before, there, places[1:], data))
	return o
}

// keyOfValue is a value as a key of an object, or an index; only texts, numbers and booleans can be one.
func keyOfValue(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		if _, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return string(v), true
		}
		f, err := v.Float64()
		if err != nil || math.Abs(f) > math.MaxInt32 {
			return "", false
		}
		return strconv.FormatInt(int64(f), 10), true
	}
	return "", false
}
