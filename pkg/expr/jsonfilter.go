package expr

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"
)

// holds asks ojg whether a filter holds for one value. The filter sees maps, and numbers that it can compare. ojg tells a filter what $
// is only inside a whole path, so that the value enters as the result of a path's first step.
func (w *walker) holds(f *jp.Filter, v any) bool {
	if !w.rootReady && strings.Contains(f.String(), "$") {
		w.plainRoot, w.rootReady = plain(w.root), true
	}
	path := jp.Expr{&jp.Proc{Procedure: yield{plain(v)}}, f}
	return len(path.Get(w.plainRoot)) > 0
}

// yield is a step that leads to a list of its one value, wherever it starts.
type yield struct{ value any }

func (y yield) Get(any) []any { return []any{[]any{y.value}} }
func (y yield) First(any) any { return []any{y.value} }

// plain is a value as ojg's filters take it. A number is an int64 if its digits are one, else the nearest float64: filters compare with
// the precision of these two, while what a path returns keeps its digits.
func plain(v any) any {
	switch v := v.(type) {
	case *Object:
		out := make(map[string]any, v.Len())
		for _, m := range v.members {
			out[m.Key] = plain(m.Value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = plain(item)
		}
		return out
	case json.Number:
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return i
		}
		f, _ := strconv.ParseFloat(string(v), 64)
		return f
	}
	return v
}
