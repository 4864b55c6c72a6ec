package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/adapterd/adapterd/pkg/expr"
)

// patchRules are what of RFC 6902 is not held to.
type patchRules struct {
	// missingAsNull takes null where an operation needs a value and has none.
	missingAsNull bool
	// removeMissing lets an element of an array be removed that is not there.
	removeMissing bool
}

// What the copies of one patch make of a small document is bounded, in values, and in the bytes of texts, numbers and keys.
const (
	maxCopiedValues = 1 << 20
	maxCopiedBytes  = 64 << 20
)

// patcher applies the operations of one patch.
type patcher struct {
	patchRules
	// values and bytes are what has been copied.
	values, bytes int
}

// applyPatch makes another document of one. Neither document nor patch is changed.
func applyPatch(document, patch any, rules patchRules) (any, error) {
	operations, ok := patch.([]any)
	if !ok {
		return nil, fmt.Errorf("the patch is %s; a patch is an array of operations", kindOfJSON(patch))
	}
	p := &patcher{patchRules: rules}
	for i, each := range operations {
		operation, ok := each.(*expr.Object)
		if !ok {
			return nil, fmt.Errorf("operation %d of the patch is %s, no object", i+1, kindOfJSON(each))
		}
		var err error
		if document, err = p.apply(document, operation); err != nil {
			return nil, fmt.Errorf("operation %d of the patch: %w", i+1, err)
		}
	}
	return document, nil
}

func (p *patcher) apply(document any, operation *expr.Object) (any, error) {
	op, err := patchText(operation, "op")
	if err != nil {
		return nil, err
	}
	text, err := patchText(operation, "path")
	if err != nil {
		return nil, err
	}
	path, err := parsePointer(text)
	if err != nil {
		return nil, err
	}
	var value any
	switch op {
	case "remove":
		return p.remove(document, path)
	case "move", "copy":
		text, err := patchText(operation, "from")
		if err != nil {
			return nil, err
		}
		from, err := parsePointer(text)
		if err != nil {
			return nil, err
		}
		if value, err = lookAt(document, from); err != nil {
			return nil, err
		}
		if op == "move" {
			if len(path) > len(from) && slices.Equal(path[:len(from)], from) {
				return nil, fmt.Errorf("%s cannot be moved into itself, to %s", pointerText(from), pointerText(path))
			}
			if document, err = p.remove(document, from); err != nil {
				return nil, err
			}
		} else if !p.count(value) {
			return nil, fmt.Errorf("the copies of the patch have more than %d values or %d bytes; use several smaller patches", maxCopiedValues, maxCopiedBytes)
		}
		return addAt(document, path, value)
	case "add", "replace", "test":
		var there bool
		if value, there = operation.Get("value"); !there && !p.missingAsNull {
			return nil, fmt.Errorf("%s of %q has no value; add one, or set the flag MISSING_VALUES_AS_NULLS", op, text)
		}
	default:
		return nil, fmt.Errorf("%q is no operation; use add, remove, replace, move, copy or test", op)
	}
	if op == "add" {
		return addAt(document, path, value)
	}
	before, err := lookAt(document, path)
	if err != nil {
		return nil, err
	}
	if op == "replace" {
		return changeAt(document, path, func(any) (any, error) { return value, nil })
	}
	if canonicalJSON(before) != canonicalJSON(value) {
		return nil, fmt.Errorf("test of %q failed: %.60s is there", text, expr.JSONText(before))
	}
	return document, nil
}

func patchText(operation *expr.Object, name string) (string, error) {
	value, _ := operation.Get(name)
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("%s has no text for %q", expr.JSONText(operation), name)
	}
	return text, nil
}

// addAt is the document with a value that is put before an element of an array, or becomes a member of an object.
func addAt(document any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	key := path[len(path)-1]
	out, err := changeAt(document, path[:len(path)-1], func(in any) (any, error) {
		switch v := in.(type) {
		case *expr.Object:
			out := &expr.Object{}
			for _, member := range v.Members() {
				out.Set(member.Key, member.Value)
			}
			out.Set(key, value)
			return out, nil
		case []any:
			at := len(v)
			if key != "-" {
				var err error
				if at, err = elementAt(key, len(v)+1); err != nil {
					return nil, err
				}
			}
			return slices.Insert(slices.Clone(v), at, value), nil
		}
		return nil, fmt.Errorf("%s has no members", kindOfJSON(in))
	})
	if err != nil {
		return nil, fmt.Errorf("add at %s: %w", pointerText(path), err)
	}
	return out, nil
}

func (rules patchRules) remove(document any, path []string) (any, error) {
	if len(path) == 0 {
		return nil, errors.New("the whole document cannot be removed; replace it by null")
	}
	key := path[len(path)-1]
	out, err := changeAt(document, path[:len(path)-1], func(in any) (any, error) {
		switch v := in.(type) {
		case *expr.Object:
			if _, there := v.Get(key); !there {
				return nil, noMember(key)
			}
			out := &expr.Object{}
			for _, member := range v.Members() {
				if member.Key != key {
					out.Set(member.Key, member.Value)
				}
			}
			return out, nil
		case []any:
			at, err := elementAt(key, len(v))
			switch {
			case errors.Is(err, errNoElement) && rules.removeMissing:
				return v, nil
			case err != nil:
				return nil, err
			}
			return slices.Delete(slices.Clone(v), at, at+1), nil
		}
		return nil, fmt.Errorf("%s has no members", kindOfJSON(in))
	})
	if err != nil {
		return nil, fmt.Errorf("remove at %s: %w", pointerText(path), err)
	}
	return out, nil
}

// count adds a value to what the copies have; false once that is too much.
func (p *patcher) count(value any) bool {
	p.values++
	switch v := value.(type) {
	case string:
		p.bytes += len(v)
	case json.Number:
		p.bytes += len(v)
	case *expr.Object:
		for _, member := range v.Members() {
			if p.bytes += len(member.Key); !p.count(member.Value) {
				return false
			}
		}
	case []any:
		for _, element := range v {
			if !p.count(element) {
				return false
			}
		}
	}
	return p.values <= maxCopiedValues && p.bytes <= maxCopiedBytes
}
