package top

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// linesBelow the table are one with keys or what is under way.
const linesBelow = 1

// roomy is from how many lines on a verdict may have two, and there is room for what there is to say of a row.
const roomy = 18

// View draws the screen.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.lines(), "\n"))
	v.AltScreen = true
	return v
}

// lines are the whole screen, none wider than it.
func (m *model) lines() []string {
	if m.width < 1 || m.height < 1 {
		return nil
	}
	out := m.above()
	switch {
	case m.help && m.height < roomy:
		out = helpLines()
	case m.help:
		out = append(append(out, ""), helpLines()...)
	default:
		out = append(out, m.table(m.height-linesBelow-len(out))...)
	}
	if len(out) > m.height-linesBelow {
		out = out[:max(m.height-linesBelow, 0)]
	}
	for len(out) < m.height-linesBelow {
		out = append(out, "")
	}
	out = append(out, m.foot())
	for i := range out {
		out[i] = ansi.Truncate(out[i], m.width, "…")
	}
	return out
}

// above is what stands above the table.
func (m *model) above() []string {
	out := append([]string{m.title()}, m.verdictLines()...)
	return append(out, m.matterLine(), m.tabs())
}

func (m *model) title() string {
	left := "adapterd"
	if m.Version != "" {
		left += " " + clean(m.Version)
	}
	if m.Document != "" {
		left += "  " + clean(m.Document)
	}
	if up := m.Now.Sub(m.StartedAt); up >= 0 && !m.StartedAt.IsZero() {
		left += "  up " + span(up)
	}
	right := m.url
	if m.polled {
		right += " (asked, no events)"
	}
	clock := m.Now.In(m.zone).Format(time.TimeOnly)
	if m.width < ansi.StringWidth(right+clock)+2*gap+len("adapterd") { // where it is says what it is
		left, right = right, clock
	} else {
		right += "  " + clock
	}
	left = ansi.Truncate(left, max(m.width-ansi.StringWidth(right)-gap, 0), "…")
	fill := max(gap, m.width-ansi.StringWidth(left)-ansi.StringWidth(right))
	return m.faint(left + strings.Repeat(" ", fill) + right)
}

func (m *model) verdictLines() []string {
	whole := m.verdict.level.mark() + " " + m.verdict.text
	lines := []string{whole}
	if m.height >= roomy && ansi.StringWidth(whole) > m.width {
		first, rest, _ := strings.Cut(ansi.Wrap(whole, m.width, " "), "\n")
		lines = []string{first, "  " + strings.ReplaceAll(rest, "\n", " ")}
	}
	for i, l := range lines {
		lines[i] = m.bold(m.paint(m.verdict.level, ansi.Truncate(l, m.width, "…")))
	}
	return lines
}

// matterLine says that there is no connection, or the worst of what is the matter.
func (m *model) matterLine() string {
	if l := m.lost; l != nil {
		text := "no connection"
		if long := l.at.Sub(l.since); long >= time.Second {
			text += " for " + span(long)
		}
		if wait := l.retry.Sub(l.at); wait >= time.Second {
			text += ", trying again in " + span(wait.Truncate(time.Second))
		} else {
			text += ", trying again"
		}
		return m.paint(bad, bad.mark()+" "+text+"; this is from "+m.Now.In(m.zone).Format(time.TimeOnly)+": "+clean(l.err.Error()))
	}
	if len(m.verdict.matters) == 0 {
		return ""
	}
	first := m.verdict.matters[0]
	line := first.level.mark() + " " + first.text
	if more := len(m.verdict.matters) - 1; more > 0 {
		tail := fmt.Sprintf(" (+%d, see Errors)", more)
		line = ansi.Truncate(line, max(m.width-len(tail), 0), "…") + tail
	}
	return m.paint(first.level, line)
}

func (m *model) tabs() string {
	var parts []string
	width := len(views) - 1
	for i, v := range views {
		parts = append(parts, fmt.Sprintf(" %d %s %d ", i+1, v.name, len(v.rows(&m.state, m.zone))))
		width += len(parts[i])
	}
	for i, name := range parts {
		switch {
		case i == m.view:
			parts[i] = m.reverse("[" + name[1:len(name)-1] + "]")
		case width > m.width:
			parts[i] = fmt.Sprintf(" %d ", i+1)
		}
	}
	return strings.Join(parts, " ")
}

// split says how many of a table's lines the rows have, and how many what is said of the chosen one.
func (m *model) split(room int) (rows, about int) {
	room-- // the head
	if m.height >= roomy {
		about = min(7, room/3)
	}
	return max(room-about, 0), about
}

// page is how far a page goes: a row less than is shown.
func (m *model) page() int {
	rows, _ := m.split(m.height - linesBelow - len(m.above()))
	return max(rows-1, 1)
}

// table is the view in so many lines at most.
func (m *model) table(room int) []string {
	v := views[m.view]
	columns, rows := v.columns(&m.state), m.rows()
	if len(rows) == 0 {
		return []string{"", "  " + v.none}
	}
	const pointer = 2 // cells before each row
	widths := layout(columns, rows, max(m.width-pointer, 1))
	out := []string{m.bold("  " + header(columns, widths, m.orders[m.view]))}
	shown, about := m.split(room)
	chosen := m.index(rows)
	first := min(m.first[m.view], max(len(rows)-shown, 0))
	if chosen < first {
		first = chosen
	}
	if shown > 0 && chosen >= first+shown {
		first = chosen - shown + 1
	}
	m.first[m.view] = first
	for i := first; i < min(first+shown, len(rows)); i++ {
		r := rows[i]
		if i == chosen {
			out = append(out, m.reverse("> "+line(columns, widths, func(c int) string { return r.cells[c].text })))
			continue
		}
		out = append(out, "  "+m.painted(columns, widths, r))
	}
	if about == 0 {
		return out
	}
	for len(out) < shown+1 {
		out = append(out, "")
	}
	below := ""
	if rest := len(rows) - first - shown; rest > 0 {
		below = fmt.Sprintf(" %d more below ", rest)
	}
	out = append(out, m.faint(strings.Repeat("─", max(m.width-ansi.StringWidth(below)-2, 0))+below+"──"))
	return append(out, wrapped(rows[chosen].about, m.width, about-1)...)
}

// painted is a row with the colours of its cells. Colours are put on after the texts have their widths.
func (m *model) painted(columns []column, widths []int, r row) string {
	at := 0
	whole := line(columns, widths, func(c int) string { return r.cells[c].text })
	var b strings.Builder
	for i := range columns {
		if widths[i] == 0 {
			continue
		}
		b.WriteString(m.paint(r.cells[i].level, ansi.Cut(whole, at, at+widths[i])))
		b.WriteString(ansi.Cut(whole, at+widths[i], at+widths[i]+gap))
		at += widths[i] + gap
	}
	return b.String()
}

// wrapped are texts in so many lines at most.
func wrapped(texts []string, width, most int) []string {
	var out []string
	for _, t := range texts {
		for i, l := range strings.Split(ansi.Wrap(t, max(width-4, 1), " "), "\n") {
			if i > 0 {
				l = "  " + l
			}
			out = append(out, "  "+l)
		}
	}
	if len(out) > most && most > 0 {
		out = out[:most]
		out[most-1] += " …"
	}
	return out
}

// sgr wraps a text without escape sequences of its own.
func sgr(code, s string) string {
	if s == "" {
		return ""
	}
	return "\x1b[" + code + "m" + s + "\x1b[m"
}

func (m *model) paint(l level, s string) string {
	if !m.colour || l == plain || strings.TrimSpace(s) == "" {
		return s
	}
	return sgr([...]string{"", "32", "33", "31"}[l], s)
}

func (m *model) bold(s string) string {
	// A colour inside ends with a reset, so bold is put on again after each.
	return sgr("1", strings.ReplaceAll(s, "\x1b[m", "\x1b[m\x1b[1m"))
}

func (m *model) faint(s string) string   { return sgr("2", s) }
func (m *model) reverse(s string) string { return sgr("7", s) }
