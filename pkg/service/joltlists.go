package service

import (
	"slices"

	"github.com/adapterd/adapterd/pkg/expr"
)

// squashNulls is a value without the members or elements that are null.
func squashNulls(v any) any {
	switch v := v.(type) {
	case []any:
		return slices.DeleteFunc(slices.Clone(v), func(element any) bool { return element == nil })
	case *expr.Object:
		out := &expr.Object{}
		for _, member := range v.Members() {
			if member.Value != nil {
				out.Set(member.Key, member.Value)
			}
		}
		return out
	}
	return v
}

func squashAllNulls(v any) any {
	v = squashNulls(v)
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = squashAllNulls(v[i])
		}
	case *expr.Object:
		for _, member := range slices.Clone(v.Members()) {
			v.Set(member.Key, squashAllNulls(member.Value))
		}
	}
	return v
}

func squashDuplicates(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(list), func(element any) bool {
		text := canonicalJSON(element)
		again := seen[text]
		seen[text] = true
		return again
	})
}

func joltElementAt(args []any) (any, bool) {
	how, list, ok := guided(args)
	i, isIndex := indexArgument(how)
	if !ok || !isIndex || i < 0 || i >= len(list) {
		return nil, false
	}
	return list[i], true
}

func joltToList(args []any) (any, bool) {
	list, isList := listOf(args)
	switch {
	case isList:
		return list, len(list) > 0
	case len(args) == 0 || args[0] == nil:
		return nil, false
	}
	return []any{args[0]}, true
}
