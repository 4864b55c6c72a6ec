package main

import (
	"fmt"
	"os"
	"strings"
)

// tables show what was measured. A field that was not is a dash.
func tables(medians map[string]map[string]summary, about string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", about)
	fast(&b, medians)
	slow(&b, medians)
	whole(&b, medians)
	b.WriteString("| goal | measured | |\n|---|---:|---|\n")
	for _, g := range goals {
		g.write(&b, medians)
	}
	return b.String()
}

// The lines of a document between which the tables stand.
const (
	beginMark = "<!-- peers: begin -->"
	endMark   = "<!-- peers: end -->"
)

// insert puts text between the marks of a file.
func insert(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(old), beginMark+"\n")
	_, after, ended := strings.Cut(rest, endMark)
	if !found || !ended {
		return fmt.Errorf("put the tables into %s: it lacks the line %s or, behind it, %s", file, beginMark, endMark)
	}
	return os.WriteFile(file, []byte(before+beginMark+"\n"+text+endMark+after), 0o644) //nolint:gosec // a document
}

func fast(b *strings.Builder, medians map[string]map[string]summary) {
	head := false
	for _, c := range cases {
		m, ok := medians[c.name]
		if !ok || c.rate > 0 || c.whole {
			continue
		}
		if !head {
			head = true
			b.WriteString("| case | records/s: KPL | yardstick | bare | pkg/kpl | spread | ÷ KPL | ÷ yardstick | CPU s per million: KPL | yardstick | pkg/kpl | KPL ÷ | MB: KPL | yardstick | pkg/kpl | Kinesis records per 1,000: KPL | pkg/kpl | requests per million: KPL | pkg/kpl | allocations per record |\n")
			b.WriteString("|---" + strings.Repeat("|---:", 19) + "|\n")
		}
		kpl, yard, bare, our := m["kpl"], m["yardstick"], m["bare"], m["engine"]
		row(b, c.name,
			number(kpl.RecordsPerSecond), number(yard.RecordsPerSecond), number(bare.RecordsPerSecond), number(our.RecordsPerSecond), percent(our.Spread),
			ratio(our.RecordsPerSecond, kpl.RecordsPerSecond), ratio(our.RecordsPerSecond, yard.RecordsPerSecond),
			number(kpl.CPUSecondsPerMillion), number(yard.CPUSecondsPerMillion), number(our.CPUSecondsPerMillion), ratio(kpl.CPUSecondsPerMillion, our.CPUSecondsPerMillion),
			number(kpl.PeakMB), number(yard.PeakMB), number(our.PeakMB), number(kpl.KinesisPerThousand), number(our.KinesisPerThousand),
			number(kpl.RequestsPerMillion), number(our.RequestsPerMillion), number(our.AllocationsPerRecord))
	}
	if ready, ok := medians["200B"]["ready"]; ok {
		fmt.Fprintf(b, "\nThe yardstick with ready aggregates, 200B: %s records/s, %s CPU s per million.\n", number(ready.RecordsPerSecond), number(ready.CPUSecondsPerMillion))
	}
	if head {
		b.WriteByte('\n')
	}
}

func slow(b *strings.Builder, medians map[string]map[string]summary) {
	head := false
	for _, c := range cases {
		m, ok := medians[c.name]
		if !ok || c.rate == 0 {
			continue
		}
		if !head {
			head = true
			b.WriteString("| records/s | ms from Put to result, p50: KPL | pkg/kpl | p99: KPL | pkg/kpl | max: KPL | pkg/kpl | CPU s per million: KPL | pkg/kpl | of that pacing | KPL ÷ |\n")
			b.WriteString("|---" + strings.Repeat("|---:", 10) + "|\n")
		}
		kpl, our, pacing := m["kpl"], m["engine"], m["pacing"]
		row(b, number(float64(c.rate)), number(kpl.P50Millis), number(our.P50Millis), number(kpl.P99Millis), number(our.P99Millis), number(kpl.MaxMillis), number(our.MaxMillis),
			number(kpl.CPUSecondsPerMillion), number(our.CPUSecondsPerMillion), number(pacing.CPUSecondsPerMillion), ratio(kpl.CPUSecondsPerMillion, our.CPUSecondsPerMillion))
	}
	if head {
		b.WriteByte('\n')
	}
}

func whole(b *strings.Builder, medians map[string]map[string]summary) {
	head := false
	for _, c := range cases {
		m, ok := medians[c.name]
		if !ok || !c.whole {
			continue
		}
		if !head {
			head = true
			b.WriteString("| adapterd, whole | records or requests/s | spread | CPU s per million | MB | ms to the first record | p50 | p99 | max | ms from start to ready | MB of binary |\n")
			b.WriteString("|---" + strings.Repeat("|---:", 10) + "|\n")
		}
		for _, way := range c.ways {
			s := m[way]
			row(b, way, number(s.RecordsPerSecond), percent(s.Spread), number(s.CPUSecondsPerMillion), number(s.PeakMB), number(s.FirstMillis),
				number(s.P50Millis), number(s.P99Millis), number(s.MaxMillis), number(s.StartMillis), number(s.BinaryMB))
		}
	}
	if head {
		b.WriteByte('\n')
	}
}

func row(b *strings.Builder, fields ...string) {
	b.WriteString("| " + strings.Join(fields, " | ") + " |\n")
}

// number shows three digits or all before the point; 0 was not measured.
func number(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v >= 1000:
		return thousands(int64(v + 0.5))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", share*100) }

func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return "–"
	}
	return number(a / b)
}
