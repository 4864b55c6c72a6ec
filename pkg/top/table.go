package top

import (
	"cmp"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// column is one of a table.
type column struct {
	title string
	// right aligns figures, which are sorted from the highest.
	right bool
	// wide takes the room that is left, or gives what is missing.
	wide bool
	// tail keeps the end of a text that has no room: ids of shards begin alike.
	tail bool
	// drop says which go first when there is no room; 0 stays.
	drop int
}

// cell is a text, which is clean, and the figure that it is sorted by in a column of figures.
type cell struct {
	text  string
	n     float64
	level level
}

func text(s string) cell              { return cell{text: clean(s)} }
func figure(s string, n float64) cell { return cell{text: s, n: n} }
func number(n int64) cell             { return cell{text: count(n), n: float64(n)} }
func marked(c cell, l level) cell     { c.level = l; return c }
func counted(n int64, l level) cell {
	if n == 0 {
		l = plain
	}
	return marked(number(n), l)
}

// row is a line of a table. Its key stays when what is shown is renewed.
type row struct {
	key   string
	cells []cell
	// about is what there is to say of the row when it is the chosen one.
	about []string
}

// order is how a table is sorted: by a column, or as the server sends it.
type order struct {
	// by is a column, counted from 1.
	by       int
	reversed bool
}

func (o order) sort(columns []column, rows []row) {
	if o.by > 0 && o.by <= len(columns) {
		i := o.by - 1
		slices.SortStableFunc(rows, func(a, b row) int {
			if columns[i].right {
				return cmp.Compare(b.cells[i].n, a.cells[i].n)
			}
			return strings.Compare(a.cells[i].text, b.cells[i].text)
		})
	}
	if o.reversed {
		slices.Reverse(rows)
	}
}

const gap = 2

// layout is how wide each column is in so many cells of the terminal; 0 for one that is left out. A width of 0 means that there is no bound.
func layout(columns []column, rows []row, width int) []int {
	const leastWide = 12
	need := make([]int, len(columns))
	for i, c := range columns {
		need[i] = ansi.StringWidth(c.title) + 1 // room for the mark of the order
		for _, r := range rows {
			need[i] = max(need[i], ansi.StringWidth(r.cells[i].text))
		}
	}
	if width <= 0 {
		return need
	}
	wide := slices.IndexFunc(columns, func(c column) bool { return c.wide })
	for {
		rest := width
		last := -1
		for i, c := range columns {
			if need[i] == 0 || i == wide {
				continue
			}
			rest -= need[i] + gap
			if c.drop > 0 && (last < 0 || c.drop > columns[last].drop) {
				last = i
			}
		}
		if rest >= min(need[wide], leastWide) || last < 0 {
			need[wide] = max(rest, 1)
			return need
		}
		need[last] = 0
	}
}

// line puts cells into their columns.
func line(columns []column, widths []int, of func(int) string) string {
	var parts []string
	for i, c := range columns {
		if widths[i] == 0 {
			continue
		}
		s := of(i)
		if over := ansi.StringWidth(s) - widths[i]; over > 0 && c.tail {
			s = ansi.TruncateLeft(s, over+1, "…")
		}
		s = ansi.Truncate(s, widths[i], "…")
		fill := strings.Repeat(" ", max(0, widths[i]-ansi.StringWidth(s)))
		if c.right {
			s = fill + s
		} else {
			s += fill
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, strings.Repeat(" ", gap))
}

func header(columns []column, widths []int, o order) string {
	return line(columns, widths, func(i int) string {
		title := columns[i].title
		if o.by != i+1 {
			return title
		}
		if columns[i].right != o.reversed {
			return title + "▼"
		}
		return title + "▲"
	})
}

// sortErrors puts what is the matter first, as it is, and counts after it, the highest first.
func sortErrors(rows []row) {
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.cells[0].level > plain || b.cells[0].level > plain {
			return cmp.Compare(b.cells[0].level, a.cells[0].level)
		}
		return cmp.Or(cmp.Compare(b.cells[2].n, a.cells[2].n), strings.Compare(a.key, b.key))
	})
}
