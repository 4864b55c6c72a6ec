package expr

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// step is one step of a simple path: down to a key, or to an index if that is not negative.
type step struct {
	key   string
	index int
}

// span is the value that a scan found, as bytes of the payload.
type span struct {
	kind kind
	// raw is the text of a number or boolean, or the inside of a string.
	raw []byte
	// plain says that raw is the string's text.
	plain bool
}

func (s span) text() string {
	if s.plain {
		return string(s.raw)
	}
	// Decoding shortens, except for bytes that are not UTF-8; most strings fit a small buffer.
	var small [128]byte
	return string(appendDecoded(small[:0], s.raw))
}

func (s span) appendText(dst []byte) []byte {
	if s.plain {
		return append(dst, s.raw...)
	}
	return appendDecoded(dst, s.raw)
}

// scan finds a simple path's value by walking over the whole payload once, without building a tree. It judges the payload as
// ParseJSONBytes does and gives the same values and errors as evaluating the path on its tree.
func (p *JSONPath) scan(data []byte) (span, error) {
	var s span
	pos, f := start(data)
	if f.what == fine {
		pos, f = extract(data, pos, 0, p.steps, &s)
	}
	if f.what == fine {
		f = finish(data, pos)
	}
	if f.what != fine {
		return s, &PathError{Language: "jsonpath", Path: p.path, Err: fmt.Errorf("the payload is %w", f.err(data))}
	}
	switch s.kind {
	case kindString, kindNumber, kindBool:
		return s, nil
	case kindNothing:
		return s, p.foundNothing()
	}
	return s, p.found(s.kind)
}

// extract walks over the value at pos and sets found to what steps lead to in it.
func extract(data []byte, pos, depth int, steps []step, found *span) (int, fault) {
	*found = span{}
	if pos >= len(data) {
		return pos, fault{pos, faultEnd}
	}
	if len(steps) == 0 {
		return capture(data, pos, depth, found)
	}
	switch b := data[pos]; {
	case b == '{' && steps[0].index < 0:
		return extractMember(data, pos, depth+1, steps, found)
	case b == '[' && steps[0].index >= 0:
		return extractElement(data, pos, depth+1, steps, found)
	}
	return skip(data, pos, depth)
}

func extractMember(data []byte, pos, depth int, steps []step, found *span) (int, fault) {
	if depth > maxDepth {
		return pos, fault{pos, faultDepth}
	}
	for first := true; ; first = false {
		next, done, f := nextKey(data, pos, first)
		if f.what != fine || done {
			return next, f
		}
		end, plain, f := scanString(data, next)
		if f.what != fine {
			return end, f
		}
		wanted := sameKey(data[next+1:end-1], plain, steps[0].key)
		if pos, f = colon(data, end); f.what != fine {
			return pos, f
		}
		if wanted {
			// A key that stands again takes the place of the one before, whatever that led to.
			pos, f = extract(data, pos, depth, steps[1:], found)
		} else {
			pos, f = skip(data, pos, depth)
		}
		if f.what != fine {
			return pos, f
		}
	}
}

func extractElement(data []byte, pos, depth int, steps []step, found *span) (int, fault) {
	if depth > maxDepth {
		return pos, fault{pos, faultDepth}
	}
	for i := 0; ; i++ {
		next, done, f := nextElement(data, pos, i == 0)
		if f.what != fine || done {
			return next, f
		}
		if i == steps[0].index {
			pos, f = extract(data, next, depth, steps[1:], found)
		} else {
			pos, f = skip(data, next, depth)
		}
		if f.what != fine {
			return pos, f
		}
	}
}

func capture(data []byte, pos, depth int, found *span) (int, fault) {
	if data[pos] == '"' {
		end, plain, f := scanString(data, pos)
		if f.what == fine {
			*found = span{kind: kindString, raw: data[pos+1 : end-1], plain: plain}
		}
		return end, f
	}
	end, f := skip(data, pos, depth)
	if f.what != fine {
		return end, f
	}
	*found = span{raw: data[pos:end], plain: true}
	switch data[pos] {
	case '{':
		found.kind = kindObject
	case '[':
		found.kind = kindArray
	case 't', 'f':
		found.kind = kindBool
	case 'n':
		found.kind = kindNull
	default:
		found.kind = kindNumber
	}
	return end, f
}

func sameKey(inside []byte, plain bool, key string) bool {
	if plain {
		return string(inside) == key
	}
	if bytes.IndexByte(inside, '\\') < 0 && utf8.Valid(inside) {
		return string(inside) == key
	}
	var small [128]byte
	return string(appendDecoded(small[:0], inside)) == key
}
