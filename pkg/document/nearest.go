package document

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Nearest returns at most three of known that name was likely meant to be, the nearest first. Case does not count.
func Nearest(name string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	if len(name) > 200 { // no name that anybody mistyped
		return nil
	}
	var near []candidate
	lower := strings.ToLower(name)
	limit := max(1, utf8.RuneCountInString(name)/3)
	for _, k := range known {
		if d := distance(lower, strings.ToLower(k), limit); d <= limit {
			near = append(near, candidate{k, d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(a.distance-b.distance, strings.Compare(a.name, b.name))
	})
	out := make([]string, 0, 3)
	for _, c := range near[:min(3, len(near))] {
		out = append(out, c.name)
	}
	return out
}

// distance is how many characters have to be put in, taken out, replaced or swapped with their neighbour, or more than limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// DidYouMean is the half sentence that an error about an unknown name ends with; empty if nothing is near. write gives a name the form in
// which a user writes it; nil leaves it as it is.
func DidYouMean(name string, known []string, write func(string) string) string {
	near := Nearest(name, known)
	if len(near) == 0 {
		return ""
	}
	for i := range near {
		if write != nil {
			near[i] = write(near[i])
		}
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}
