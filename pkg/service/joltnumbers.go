package service

import (
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// exactNumber is the value of a number, or of a text that is one; false for anything else, and for numbers too large to compute with.
func exactNumber(v any) (*big.Rat, bool) {
	text, isText := v.(string)
	if n, ok := v.(json.Number); ok {
		text = string(n)
	} else if !isText {
		return nil, false
	}
	if n := json.Number(text); !jsonNumber.MatchString(text) || !shortExponent(n) {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// anyNumber is a number, or a text that is one, as it is written.
func anyNumber(v any) (any, bool) {
	if _, ok := exactNumber(v); !ok {
		return nil, false
	}
	return json.Number(scalarText(v)), true
}

// wholeNumber is a number without what stands behind the point. (Java's int and long overflow; this does not.)
func wholeNumber(v any) (any, bool) {
	exact, ok := exactNumber(v)
	if !ok {
		return nil, false
	}
	return json.Number(new(big.Int).Quo(exact.Num(), exact.Denom()).String()), true
}

// doubleNumber is a number with a point: as it is written, if it has one.
func doubleNumber(v any) (any, bool) {
	exact, ok := exactNumber(v)
	if !ok {
		return nil, false
	}
	if text := scalarText(v); strings.ContainsAny(text, ".eE") {
		return json.Number(text), true
	}
	return double(exact)
}

// double is a number as Java writes a double, except that exponents are written as in JSON everywhere.
func double(exact *big.Rat) (any, bool) {
	f, _ := exact.Float64()
	if math.IsInf(f, 0) {
		return nil, false
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		text = strconv.FormatFloat(f, 'f', 1, 64)
	}
	return json.Number(text), true
}

// numbersOf are the elements that are numbers.
func numbersOf(list []any) []any {
	return slices.DeleteFunc(slices.Clone(list), func(v any) bool {
		_, ok := exactNumber(v)
		return !ok
	})
}

func isWhole(v any) bool { return !strings.ContainsAny(scalarText(v), ".eE") }

// joltSum adds up the elements that are numbers: without what stands behind their points, or as a number with a point.
func joltSum(whole bool) func([]any) (any, bool) {
	return func(list []any) (any, bool) {
		sum := new(big.Rat)
		for _, v := range numbersOf(list) {
			if whole {
				v, _ = wholeNumber(v)
			}
			exact, _ := exactNumber(v)
			sum.Add(sum, exact)
		}
		if whole {
			return json.Number(sum.RatString()), true
		}
		return double(sum)
	}
}

// joltExtreme is the largest (1) or smallest (-1) of numbers.
func joltExtreme(sign int) joltFunction {
	return func(args []any) (any, bool) {
		list, isList := listOf(args)
		if !isList {
			list = args
		}
		list = numbersOf(list)
		if len(list) == 0 {
			return nil, false
		}
		best := slices.MaxFunc(list, func(a, b any) int {
			x, _ := exactNumber(a)
			y, _ := exactNumber(b)
			return sign * x.Cmp(y)
		})
		return anyNumber(best)
	}
}

func joltAbs(v any) (any, bool) {
	n, ok := anyNumber(v)
	if !ok {
		return nil, false
	}
	return json.Number(strings.TrimPrefix(scalarText(n), "-")), true
}

func joltAverage(list []any) (any, bool) {
	numbers := numbersOf(list)
	if len(numbers) == 0 {
		return nil, false
	}
	sum := new(big.Rat)
	for _, v := range numbers {
		exact, _ := exactNumber(v)
		sum.Add(sum, exact)
	}
	return double(sum.Quo(sum, big.NewRat(int64(len(numbers)), 1)))
}

func joltSubtract(list []any) (any, bool) {
	a, b, ok := twoNumbers(list)
	if !ok {
		return nil, false
	}
	difference := new(big.Rat).Sub(a, b)
	if isWhole(list[0]) && isWhole(list[1]) {
		return json.Number(difference.RatString()), true
	}
	return double(difference)
}

func joltDivide(list []any) (any, bool) {
	a, b, ok := twoNumbers(list)
	if !ok || b.Sign() == 0 {
		return nil, false
	}
	return double(new(big.Rat).Quo(a, b))
}

func twoNumbers(list []any) (a, b *big.Rat, ok bool) {
	if len(list) != 2 {
		return nil, nil, false
	}
	a, okA := exactNumber(list[0])
	b, okB := exactNumber(list[1])
	return a, b, okA && okB
}

// maxDigits bounds what divideAndRound computes.
const maxDigits = 400

// joltDivideAndRound divides and rounds half up, to so many digits behind the point.
func joltDivideAndRound(args []any) (any, bool) {
	how, list, ok := guided(args)
	digits, isIndex := indexArgument(how)
	if !ok || !isIndex || digits < 0 || digits > maxDigits {
		return nil, false
	}
	a, b, ok := twoNumbers(list)
	if !ok || b.Sign() == 0 {
		return nil, false
	}
	// FloatString rounds half away from zero, which is what Java's HALF_UP does.
	rounded, ok := new(big.Rat).SetString(new(big.Rat).Quo(a, b).FloatString(digits))
	if !ok {
		return nil, false
	}
	return double(rounded)
}

// joltSort sorts texts, or numbers; a mixture has no order.
func joltSort(args []any) (any, bool) {
	list, isList := listOf(args)
	if !isList {
		return firstIf(args, func(v any) bool { return v != nil })
	}
	out := slices.Clone(list)
	texts := !slices.ContainsFunc(out, func(v any) bool { _, ok := v.(string); return !ok })
	numbers := !slices.ContainsFunc(out, func(v any) bool {
		n, ok := v.(json.Number)
		return !ok || !shortExponent(n)
	})
	if !texts && !numbers || len(out) == 0 {
		return nil, false
	}
	slices.SortStableFunc(out, func(a, b any) int {
		if texts {
			return strings.Compare(a.(string), b.(string))
		}
		x, _ := exactNumber(a)
		y, _ := exactNumber(b)
		return x.Cmp(y)
	})
	return out, true
}
