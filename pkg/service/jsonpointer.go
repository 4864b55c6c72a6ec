package service

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// pointerText is a JSON pointer (RFC 6901).
func pointerText(keys []string) string {
	var b strings.Builder
	for _, key := range keys {
		b.WriteByte('/')
		_, _ = pointerEscaper.WriteString(&b, key) // never fails
	}
	return b.String()
}

var (
	pointerEscaper   = strings.NewReplacer("~", "~0", "/", "~1")
	pointerUnescaper = strings.NewReplacer("~1", "/", "~0", "~")
)

// parsePointer reads a JSON pointer (RFC 6901).
func parsePointer(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	if text[0] != '/' {
		return nil, fmt.Errorf("%q is no JSON pointer; it must be empty or begin with /", text)
	}
	keys := strings.Split(text[1:], "/")
	for i, key := range keys {
		keys[i] = pointerUnescaper.Replace(key)
	}
	return keys, nil
}

// errNoElement says that an array is shorter than a pointer wants.
var errNoElement = errors.New("there is no such element")

// elementAt is the place in an array of n elements that a key of a pointer names.
func elementAt(key string, n int) (int, error) {
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || key != strconv.Itoa(i) {
		return 0, fmt.Errorf("%q is no index of an array", key)
	}
	if i >= n {
		return 0, fmt.Errorf("index %d of an array of %d: %w", i, n, errNoElement)
	}
	return i, nil
}

func noMember(key string) error { return fmt.Errorf("the object has no member %q", key) }

// lookAt is the value at a path.
func lookAt(document any, path []string) (any, error) {
	for i, key := range path {
		var err error
		switch v := document.(type) {
		case *expr.Object:
			there := false
			if document, there = v.Get(key); !there {
				err = noMember(key)
			}
		case []any:
			var at int
			if at, err = elementAt(key, len(v)); err == nil {
				document = v[at]
			}
		default:
			err = fmt.Errorf("%s has no members", kindOfJSON(v))
		}
		if err != nil {
			return nil, fmt.Errorf("%s leads to nothing: %w", pointerText(path[:i+1]), err)
		}
	}
	return document, nil
}

// changeAt is the document with another value at a path, which must lead somewhere.
func changeAt(document any, path []string, change func(any) (any, error)) (any, error) {
	if len(path) == 0 {
		return change(document)
	}
	switch v := document.(type) {
	case *expr.Object:
		before, there := v.Get(path[0])
		if !there {
			return nil, noMember(path[0])
		}
		after, err := changeAt(before, path[1:], change)
		if err != nil {
			return nil, err
		}
		out := &expr.Object{}
		for _, member := range v.Members() {
			if member.Key == path[0] {
				member.Value = after
			}
			out.Set(member.Key, member.Value)
		}
		return out, nil
	case []any:
		at, err := elementAt(path[0], len(v))
		if err != nil {
			return nil, err
		}
		after, err := changeAt(v[at], path[1:], change)
		if err != nil {
			return nil, err
		}
		out := slices.Clone(v)
		out[at] = after
		return out, nil
	}
	return nil, fmt.Errorf("%s has no members", kindOfJSON(document))
}
