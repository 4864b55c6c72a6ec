package service

import (
	"slices"
	"strconv"

	"github.com/adapterd/adapterd/pkg/expr"
)

// diffStyle is what a diff has besides what it needs.
type diffStyle struct {
	valueOnRemove  bool // what is removed
	fromOnReplace  bool // what is replaced
	testOperations bool // a test of what is there before it is removed or replaced
}

// maxDiffCells bounds the table in which the elements that two arrays have in common are found.
const maxDiffCells = 1 << 22

// differ collects the operations that make one document of another: add, remove and replace. An object that only changes is gone into,
// and arrays keep the elements that they have in common.
type differ struct {
	style      diffStyle
	operations []any
}

func (d *differ) emit(op string, path []string, value any, with bool) *expr.Object {
	o := &expr.Object{}
	o.Set("op", op)
	o.Set("path", pointerText(path))
	if with {
		o.Set("value", value)
	}
	d.operations = append(d.operations, o)
	return o
}

func (d *differ) remove(path []string, before any) {
	if d.style.testOperations {
		d.emit("test", path, before, true)
	}
	d.emit("remove", path, before, d.style.valueOnRemove)
}

func (d *differ) diff(path []string, before, after any) {
	if from, ok := before.(*expr.Object); ok {
		if to, ok := after.(*expr.Object); ok {
			d.objects(path, from, to)
			return
		}
	}
	if from, ok := before.([]any); ok {
		if to, ok := after.([]any); ok {
			d.arrays(path, from, to)
			return
		}
	}
	if canonicalJSON(before) == canonicalJSON(after) {
		return
	}
	if d.style.testOperations {
		d.emit("test", path, before, true)
	}
	o := d.emit("replace", path, after, true)
	if d.style.fromOnReplace {
		o.Set("fromValue", before)
	}
}

// below is the path to a key of what path leads to; paths share no memory.
func below(path []string, key string) []string { return append(slices.Clip(path), key) }

func (d *differ) objects(path []string, from, to *expr.Object) {
	for _, member := range from.Members() {
		if after, there := to.Get(member.Key); there {
			d.diff(below(path, member.Key), member.Value, after)
		} else {
			d.remove(below(path, member.Key), member.Value)
		}
	}
	for _, member := range to.Members() {
		if _, there := from.Get(member.Key); !there {
			d.emit("add", below(path, member.Key), member.Value, true)
		}
	}
}

func (d *differ) arrays(path []string, from, to []any) {
	keepFrom, keepTo := common(from, to)
	// place is where the next element stands while the operations are applied one after the other.
	for i, j, place := 0, 0, 0; i < len(from) || j < len(to); {
		here := below(path, strconv.Itoa(place))
		goes := i < len(from) && !keepFrom[i]
		comes := j < len(to) && !keepTo[j]
		switch {
		case goes && comes:
			d.diff(here, from[i], to[j])
			i, j, place = i+1, j+1, place+1
		case goes:
			d.remove(here, from[i])
			i++
		case comes:
			d.emit("add", here, to[j], true)
			j, place = j+1, place+1
		default:
			i, j, place = i+1, j+1, place+1
		}
	}
}

// common marks a longest common subsequence of two arrays.
func common(from, to []any) (keepFrom, keepTo []bool) {
	keepFrom, keepTo = make([]bool, len(from)), make([]bool, len(to))
	a, b := canonicalAll(from), canonicalAll(to)
	begin, endA, endB := 0, len(a), len(b)
	for begin < endA && begin < endB && a[begin] == b[begin] {
		keepFrom[begin], keepTo[begin] = true, true
		begin++
	}
	for endA > begin && endB > begin && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
		keepFrom[endA], keepTo[endB] = true, true
	}
	a, b = a[begin:endA], b[begin:endB]
	if len(a) == 0 || len(b) == 0 || len(a) > maxDiffCells/len(b) {
		return keepFrom, keepTo
	}
	// lengths[i*width+j] is how long the longest one of a[i:] and b[j:] is.
	width := len(b) + 1
	lengths := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				lengths[i*width+j] = lengths[(i+1)*width+j+1] + 1
			} else {
				lengths[i*width+j] = max(lengths[(i+1)*width+j], lengths[i*width+j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			keepFrom[begin+i], keepTo[begin+j] = true, true
			i, j = i+1, j+1
		case lengths[(i+1)*width+j] >= lengths[i*width+j+1]:
			i++
		default:
			j++
		}
	}
	return keepFrom, keepTo
}

func canonicalAll(values []any) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = canonicalJSON(v)
	}
	return out
}
