package expr

import (
	"fmt"

	"github.com/ohler55/ojg/jp"
)

// maxVisits bounds the work of one evaluation: a path with several .. and * could otherwise visit a large payload without end.
const maxVisits = 5_000_000

// evaluate walks a path over a tree. ojg reads the path and judges its filters; the walk itself is here because ojg knows neither the
// order of keys nor numbers that keep their digits.
func evaluate(expr jp.Expr, root any, path string) (values []any, err error) {
	defer func() {
		// A filter's operators come from ojg, which compares arrays with each other only to panic; a payload must not end the process.
		if r := recover(); r != nil {
			values, err = nil, &PathError{Language: "jsonpath", Path: path, Err: fmt.Errorf("the filter cannot judge this payload: %v", r)}
		}
	}()
	w := walker{root: root}
	w.walk(expr, root)
	if w.visits > maxVisits {
		return nil, &PathError{Language: "jsonpath", Path: path, Err: fmt.Errorf("the path visits more than %d values of this payload; make it more precise", maxVisits)}
	}
	return w.out, nil
}

type walker struct {
	root any
	out  []any
	// plainRoot is the root as filters see it, made when the first filter asks for it.
	plainRoot any
	rootReady bool
	visits    int
}

func (w *walker) walk(expr jp.Expr, v any) {
	if w.visits++; w.visits > maxVisits {
		return
	}
	if len(expr) == 0 {
		w.out = append(w.out, v)
		return
	}
	rest := expr[1:]
	switch f := expr[0].(type) {
	case jp.Root:
		w.walk(rest, w.root)
	case jp.At, jp.Bracket:
		w.walk(rest, v)
	case jp.Child:
		w.member(rest, v, string(f))
	case jp.Nth:
		w.element(rest, v, int(f))
	case jp.Wildcard:
		eachChild(v, func(c any) { w.walk(rest, c) })
	case jp.Descent:
		w.descend(rest, v)
	case jp.Union:
		for _, u := range f {
			switch u := u.(type) {
			case string:
				w.member(rest, v, u)
			case int64:
				w.element(rest, v, int(u))
			}
		}
	case jp.Slice:
		w.slice(rest, v, f)
	case *jp.Filter:
		eachChild(v, func(c any) {
			if w.holds(f, c) {
				w.walk(rest, c)
			}
		})
	}
}

func (w *walker) member(rest jp.Expr, v any, key string) {
	if o, ok := v.(*Object); ok {
		if c, ok := o.Get(key); ok {
			w.walk(rest, c)
		}
	}
}

func (w *walker) element(rest jp.Expr, v any, i int) {
	list, ok := v.([]any)
	if !ok {
		return
	}
	if i < 0 {
		i += len(list)
	}
	if 0 <= i && i < len(list) {
		w.walk(rest, list[i])
	}
}

// descend applies rest to v and everything below it; a path that ends in .. means everything below.
func (w *walker) descend(rest jp.Expr, v any) {
	if w.visits++; w.visits > maxVisits {
		return
	}
	if len(rest) > 0 {
		w.walk(rest, v)
	}
	eachChild(v, func(c any) {
		if len(rest) == 0 {
			w.out = append(w.out, c)
		}
		w.descend(rest, c)
	})
}

// slice is [start:end:step] as Python and RFC 9535 define it: end is not included.
func (w *walker) slice(rest jp.Expr, v any, f jp.Slice) {
	list, ok := v.([]any)
	if !ok {
		return
	}
	n := len(list)
	step := f[2]
	if step == jp.SliceNotSet {
		step = 1
	}
	bound := func(i, unset, low, high int) int {
		if i == jp.SliceNotSet {
			return unset
		}
		if i < 0 {
			i += n
		}
		return min(max(i, low), high)
	}
	switch {
	case step > 0:
		end := bound(f[1], n, 0, n)
		for i := bound(f[0], 0, 0, n); i < end; i += min(step, n) {
			w.walk(rest, list[i])
		}
	case step < 0:
		end := bound(f[1], -1, -1, n-1)
		for i := bound(f[0], n-1, -1, n-1); i > end; i += max(step, -n) {
			w.walk(rest, list[i])
		}
	}
}

func eachChild(v any, do func(any)) {
	switch v := v.(type) {
	case *Object:
		for _, m := range v.members {
			do(m.Value)
		}
	case []any:
		for _, c := range v {
			do(c)
		}
	}
}
