package service

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// value is what a part of an algorithm gives for a message.
type value struct {
	kind    valueKind
	truthy  bool
	whole   int64
	decimal float64
	text    string
}

type valueKind uint8

const (
	nullValue valueKind = iota
	boolValue
	wholeValue
	decimalValue
	textValue
)

func (v value) isNumber() bool { return v.kind == wholeValue || v.kind == decimalValue }

func (v value) float() float64 {
	if v.kind == wholeValue {
		return float64(v.whole)
	}
	return v.decimal
}

// String is the value as a text that it is joined with shows it.
func (v value) String() string {
	switch v.kind {
	case nullValue:
		return "null"
	case boolValue:
		return strconv.FormatBool(v.truthy)
	case wholeValue:
		return strconv.FormatInt(v.whole, 10)
	case decimalValue:
		return strconv.FormatFloat(v.decimal, 'g', -1, 64)
	}
	return v.text
}

// describe is the value as an error shows it.
func (v value) describe() string {
	if v.kind != textValue {
		return v.String()
	}
	const longest = 40
	return strconv.Quote(abbreviate(v.text, longest))
}

func truthValue(b bool) value { return value{kind: boolValue, truthy: b} }

func textOfValue(s string) value { return value{kind: textValue, text: s} }

var decimalPattern = regexp.MustCompile(`^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)

// typed is the value that a text reads as.
func typed(text string) value {
	switch trimmed := strings.TrimSpace(text); trimmed {
	case "true", "false":
		return truthValue(trimmed == "true")
	case "null":
		return value{}
	default:
		if n, ok := number(trimmed); ok {
			return n
		}
		return textOfValue(text)
	}
}

func number(text string) (value, bool) {
	if n, err := strconv.ParseInt(strings.TrimPrefix(text, "+"), 10, 64); err == nil {
		return value{kind: wholeValue, whole: n}, true
	}
	if !decimalPattern.MatchString(text) {
		return value{}, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return value{kind: decimalValue, decimal: f}, err == nil
}

// truth is the value as the outcome of a condition. Words count as in Interlok (BooleanUtils), but what is none of them is an error here
// instead of false.
func (v value) truth() (bool, error) {
	switch v.kind {
	case boolValue:
		return v.truthy, nil
	case textValue:
		switch strings.ToLower(v.text) {
		case "true", "yes", "on", "y", "t":
			return true, nil
		case "false", "no", "off", "n", "f":
			return false, nil
		}
	}
	return false, fmt.Errorf("it gives %s, which is neither true nor false; compare it with something", v.describe())
}

// compare orders two numbers.
func compare(a, b value) (int, error) {
	switch {
	case !a.isNumber() || !b.isNumber():
		return 0, fmt.Errorf("%s and %s can not be ordered; only numbers can", a.describe(), b.describe())
	case a.kind == wholeValue && b.kind == wholeValue:
		return sign(a.whole > b.whole, a.whole < b.whole), nil
	}
	return sign(a.float() > b.float(), a.float() < b.float()), nil
}

func sign(greater, less bool) int {
	switch {
	case greater:
		return 1
	case less:
		return -1
	}
	return 0
}

func equal(a, b value) bool {
	switch {
	case a.isNumber() && b.isNumber():
		c, _ := compare(a, b)
		return c == 0
	case a.kind != b.kind:
		return false
	}
	return a == b
}

// errDivision is what dividing whole numbers by 0 gives.
var errDivision = errors.New("division by 0")

func compute(op string, a, b value) (value, error) {
	if op == "+" && (a.kind == textValue || b.kind == textValue) {
		return textOfValue(a.String() + b.String()), nil
	}
	if !a.isNumber() || !b.isNumber() {
		return value{}, fmt.Errorf("%s %s %s can not be computed; both must be numbers", a.describe(), op, b.describe())
	}
	if a.kind == wholeValue && b.kind == wholeValue {
		return computeWhole(op, a.whole, b.whole)
	}
	x, y := a.float(), b.float()
	switch op {
	case "+":
		x += y
	case "-":
		x -= y
	case "*":
		x *= y
	case "/":
		x /= y
	default:
		x = math.Mod(x, y)
	}
	return value{kind: decimalValue, decimal: x}, nil
}

func computeWhole(op string, x, y int64) (value, error) {
	switch op {
	case "+":
		x += y
	case "-":
		x -= y
	case "*":
		x *= y
	default:
		if y == 0 {
			return value{}, errDivision
		}
		if op == "/" {
			x /= y
		} else {
			x %= y
		}
	}
	return value{kind: wholeValue, whole: x}, nil
}
