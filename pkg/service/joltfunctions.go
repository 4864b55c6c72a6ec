package service

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/expr"
)

// joltFunction makes a value of others; false for none.
type joltFunction = func(args []any) (any, bool)

// joltFunctions are those that Jolt has.
var joltFunctions = map[string]joltFunction{
	"toLower": ofEach(ofText(strings.ToLower)), "toUpper": ofEach(ofText(strings.ToUpper)), "trim": ofEach(ofText(strings.TrimSpace)),
	"concat": ofList(joltConcat), "join": joltJoin, "split": joltSplit, "substring": ofList(joltSubstring),
	"leftPad": joltPad(true), "rightPad": joltPad(false),
	"min": joltExtreme(-1), "max": joltExtreme(1), "abs": ofEach(joltAbs), "avg": ofList(joltAverage),
	"intSum": ofList(joltSum(true)), "longSum": ofList(joltSum(true)), "doubleSum": ofList(joltSum(false)),
	"intSubtract": ofList(joltSubtract), "longSubtract": ofList(joltSubtract), "doubleSubtract": ofList(joltSubtract),
	"divide": ofList(joltDivide), "divideAndRound": joltDivideAndRound,
	"toInteger": ofEach(wholeNumber), "toLong": ofEach(wholeNumber), "toDouble": ofEach(doubleNumber),
	"toBoolean": ofEach(joltBoolean), "toString": ofEach(func(v any) (any, bool) { return scalarText(v), true }),
	"size": joltSize, "squashNulls": ofWhole(squashNulls), "recursivelySquashNulls": ofWhole(squashAllNulls), "squashDuplicates": ofWhole(squashDuplicates),
	"noop":         func([]any) (any, bool) { return nil, false },
	"isPresent":    func(args []any) (any, bool) { return firstIf(args, func(any) bool { return true }) },
	"notNull":      func(args []any) (any, bool) { return firstIf(args, func(v any) bool { return v != nil }) },
	"isNull":       func(args []any) (any, bool) { return firstIf(args, func(v any) bool { return v == nil }) },
	"firstElement": ofList(func(list []any) (any, bool) { return list[0], true }),
	"lastElement":  ofList(func(list []any) (any, bool) { return list[len(list)-1], true }),
	"elementAt":    joltElementAt, "toList": joltToList, "sort": joltSort,
}

func firstIf(args []any, holds func(any) bool) (any, bool) {
	if len(args) == 0 || !holds(args[0]) {
		return nil, false
	}
	return args[0], true
}

// listOf are the arguments as a list: those of a single array are its elements; nil for none.
func listOf(args []any) (list []any, isList bool) {
	if len(args) == 1 {
		list, isList = args[0].([]any)
		return list, isList
	}
	return args, len(args) > 1
}

// ofEach applies f to a value, or to every element; an element that it makes nothing of stays.
func ofEach(f func(any) (any, bool)) joltFunction {
	return func(args []any) (any, bool) {
		list, isList := listOf(args)
		switch {
		case !isList && (len(args) == 0 || args[0] == nil), isList && len(list) == 0:
			return nil, false
		case !isList:
			return f(args[0])
		}
		out := slices.Clone(list)
		for i, element := range out {
			if made, ok := f(element); ok {
				out[i] = made
			}
		}
		return out, true
	}
}

// ofList applies f to a list that is not empty.
func ofList(f func([]any) (any, bool)) joltFunction {
	return func(args []any) (any, bool) {
		list, isList := listOf(args)
		if !isList || len(list) == 0 {
			return nil, false
		}
		return f(list)
	}
}

// ofWhole applies f to a value, or to the list that several are.
func ofWhole(f func(any) any) joltFunction {
	return func(args []any) (any, bool) {
		list, isList := listOf(args)
		switch {
		case isList && len(list) == 0, !isList && (len(args) == 0 || args[0] == nil):
			return nil, false
		case isList:
			return f(list), true
		}
		return f(args[0]), true
	}
}

// guided are the first argument, which says how, and the list of the others.
func guided(args []any) (how any, list []any, ok bool) {
	if len(args) == 1 {
		args, _ = args[0].([]any)
	}
	if len(args) < 2 {
		return nil, nil, false
	}
	if list, isList := args[1].([]any); isList && len(args) == 2 {
		return args[0], list, true
	}
	return args[0], args[1:], true
}

func ofText(f func(string) string) func(any) (any, bool) {
	return func(v any) (any, bool) {
		text, ok := v.(string)
		return f(text), ok
	}
}

func joltConcat(list []any) (any, bool) {
	var b strings.Builder
	for _, v := range list {
		if v != nil {
			b.WriteString(scalarText(v))
		}
	}
	return b.String(), true
}

func joltJoin(args []any) (any, bool) {
	how, list, ok := guided(args)
	separator, isText := how.(string)
	if !ok || !isText {
		return nil, false
	}
	var parts []string
	for _, v := range list {
		if v != nil && v != "" {
			parts = append(parts, scalarText(v))
		}
	}
	return strings.Join(parts, separator), true
}

func joltSplit(args []any) (any, bool) {
	how, list, ok := guided(args)
	separator, isText := how.(string)
	if !ok || !isText {
		return nil, false
	}
	pattern, err := regexp.Compile(separator)
	if err != nil {
		return nil, false
	}
	split := func(v any) (any, bool) {
		text, ok := v.(string)
		if !ok {
			return nil, false
		}
		out := []any{}
		for _, part := range pattern.Split(text, -1) {
			out = append(out, part)
		}
		for len(out) > 1 && out[len(out)-1] == "" { // as in Java
			out = out[:len(out)-1]
		}
		return out, true
	}
	if _, isList := args[1].([]any); len(args) == 2 && !isList {
		return split(args[1])
	}
	return ofEach(split)([]any{list})
}

// indexArgument is an argument that is a whole number.
func indexArgument(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(string(n))
	return i, err == nil
}

func joltSubstring(list []any) (any, bool) {
	if len(list) != 3 {
		return nil, false
	}
	text, ok := list[0].(string)
	start, okStart := indexArgument(list[1])
	end, okEnd := indexArgument(list[2])
	runes := []rune(text)
	if !ok || !okStart || !okEnd || start < 0 || start >= end || end > len(runes) {
		return nil, false
	}
	return string(runes[start:end]), true
}

// maxPadding is how wide a text can be made, as in Jolt.
const maxPadding = 500

func joltPad(left bool) joltFunction {
	return func(args []any) (any, bool) {
		how, list, ok := guided(args)
		text, isText := how.(string)
		if !ok || !isText || len(list) < 2 {
			return nil, false
		}
		width, okWidth := indexArgument(list[0])
		filler, _ := list[1].(string)
		if !okWidth || width < 1 || width > maxPadding || utf8.RuneCountInString(filler) != 1 {
			return nil, false
		}
		padding := strings.Repeat(filler, max(0, width-utf8.RuneCountInString(text)))
		if left {
			return padding + text, true
		}
		return text + padding, true
	}
}

func joltBoolean(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return strings.EqualFold(v, "true"), strings.EqualFold(v, "true") || strings.EqualFold(v, "false")
	}
	return nil, false
}

func joltSize(args []any) (any, bool) {
	n := len(args)
	if n == 1 {
		switch v := args[0].(type) {
		case []any:
			n = len(v)
		case *expr.Object:
			n = v.Len()
		case string:
			n = utf8.RuneCountInString(v)
		default:
			return nil, false
		}
	}
	return json.Number(strconv.Itoa(n)), len(args) > 0
}
