package expr

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// appendDecoded appends the text of a JSON string's inside, which the scanner has judged. Half a surrogate pair and bytes that are not
// UTF-8 become U+FFFD, as in encoding/json and in Java.
func appendDecoded(dst, inside []byte) []byte {
	for i := 0; i < len(inside); {
		switch b := inside[i]; {
		case b == '\\':
			var r rune
			r, i = decodeEscape(inside, i)
			dst = utf8.AppendRune(dst, r)
		case b < utf8.RuneSelf:
			dst = append(dst, b)
			i++
		default:
			r, size := utf8.DecodeRune(inside[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return dst
}

func decodeEscape(inside []byte, i int) (rune, int) {
	switch c := inside[i+1]; c {
	case 'b':
		return '\b', i + 2
	case 'f':
		return '\f', i + 2
	case 'n':
		return '\n', i + 2
	case 'r':
		return '\r', i + 2
	case 't':
		return '\t', i + 2
	case 'u':
		r := hex4(inside[i+2:])
		if !utf16.IsSurrogate(r) {
			return r, i + 6
		}
		if i+12 <= len(inside) && inside[i+6] == '\\' && inside[i+7] == 'u' {
			if pair := utf16.DecodeRune(r, hex4(inside[i+8:])); pair != utf8.RuneError {
				return pair, i + 12
			}
		}
		return utf8.RuneError, i + 6
	default:
		return rune(c), i + 2
	}
}

func hex4(b []byte) rune {
	return hexValue(b[0])<<12 | hexValue(b[1])<<8 | hexValue(b[2])<<4 | hexValue(b[3])
}

// JSONText is a value as compact JSON: numbers with the digits they came with, keys in their order, nothing escaped that JSON does not
// ask for. It takes what ParseJSON gives, and maps (keys sorted) and Go's numbers besides.
func JSONText(v any) string { return string(AppendJSON(nil, v)) }

// AppendJSON appends the text that JSONText returns.
func AppendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return appendQuoted(dst, v)
	case json.Number:
		return append(dst, v...)
	case *Object:
		dst = append(dst, '{')
		for i, m := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendQuoted(dst, m.Key), ':')
			dst = AppendJSON(dst, m.Value)
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, item)
		}
		return append(dst, ']')
	}
	return appendOther(dst, v)
}

// appendOther is for values that no JSON text of ours is made of but callers may put into one.
func appendOther(dst []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		o := &Object{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			o.Set(k, v[k])
		}
		return AppendJSON(dst, o)
	case map[string]string:
		o := &Object{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			o.Set(k, v[k])
		}
		return AppendJSON(dst, o)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("expr: %T is no JSON value: %v", v, err))
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

// MarshalJSON makes an Object a part of what encoding/json writes.
func (o *Object) MarshalJSON() ([]byte, error) { return AppendJSON(nil, o), nil }

func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b >= 0x20 && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}
