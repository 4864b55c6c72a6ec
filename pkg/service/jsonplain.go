package service

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
)

// plainJSON is a JSON value for libraries that know objects as maps, which have no order. Numbers stay json.Number.
func plainJSON(value any) any {
	switch v := value.(type) {
	case *expr.Object:
		out := make(map[string]any, v.Len())
		for _, member := range v.Members() {
			out[member.Key] = plainJSON(member.Value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = plainJSON(element)
		}
		return out
	}
	return value
}

// canonicalJSON is the same for two values if they are equal: with members in any order, and numbers by their value.
func canonicalJSON(value any) string { return string(appendCanonical(nil, value)) }

func appendCanonical(dst []byte, value any) []byte {
	switch v := value.(type) {
	case *expr.Object:
		dst = append(dst, '{')
		for _, key := range v.SortedKeys() {
			member, _ := v.Get(key)
			dst = append(expr.AppendJSON(dst, key), ':')
			dst = append(appendCanonical(dst, member), ',')
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for _, element := range v {
			dst = append(appendCanonical(dst, element), ',')
		}
		return append(dst, ']')
	case json.Number:
		if shortExponent(v) {
			if exact, ok := new(big.Rat).SetString(string(v)); ok {
				return append(dst, exact.RatString()...)
			}
		}
		return append(dst, v...)
	}
	return expr.AppendJSON(dst, value)
}

// maxExponent bounds what is computed exactly: 1e999999999 is a short text but no short number.
const maxExponent = 400

// kindOfJSON names what a value is, for errors.
func kindOfJSON(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a text"
	case json.Number:
		return "a number"
	case []any:
		return "an array"
	case *expr.Object:
		return "an object"
	}
	return fmt.Sprintf("a %T", value)
}

// computable refuses numbers so large or small that computing with them takes more memory than they are worth.
func computable(value any) error {
	switch v := value.(type) {
	case *expr.Object:
		for _, member := range v.Members() {
			if err := computable(member.Value); err != nil {
				return err
			}
		}
	case []any:
		for _, element := range v {
			if err := computable(element); err != nil {
				return err
			}
		}
	case json.Number:
		if !shortExponent(v) {
			return fmt.Errorf("the number %.40s, whose exponent is out of the range from -%d to %[2]d", v, maxExponent)
		}
	}
	return nil
}

func shortExponent(n json.Number) bool {
	i := strings.IndexAny(string(n), "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(string(n[i+1:]))
	return err == nil && exponent <= maxExponent && exponent >= -maxExponent
}
