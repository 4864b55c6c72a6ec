package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSummaryIsTheMedianOfEachMember(t *testing.T) {
	s := summarize([]result{
		{RecordsPerSecond: 300, CPUSecondsPerMillion: 1}, {RecordsPerSecond: 100, CPUSecondsPerMillion: 3}, {RecordsPerSecond: 200, CPUSecondsPerMillion: 9},
	})
	if s.RecordsPerSecond != 200 || s.CPUSecondsPerMillion != 3 || s.Spread != 1 {
		t.Errorf("%+v", s)
	}
	if s := summarize([]result{{P99Millis: 10}, {P99Millis: 20}}); s.P99Millis != 15 {
		t.Errorf("%+v", s)
	}
}

func TestTablesHaveRatiosAndGoals(t *testing.T) {
	m := map[string]map[string]summary{
		"200B": {
			"kpl":    {result: result{RecordsPerSecond: 40_000, CPUSecondsPerMillion: 40, PeakMB: 800}},
			"engine": {result: result{RecordsPerSecond: 800_000, CPUSecondsPerMillion: 4, PeakMB: 80}}, "yardstick": {result: result{RecordsPerSecond: 1_600_000}},
		},
		"rate2000":     {"engine": {result: result{P99Millis: 101.5, CPUSecondsPerMillion: 12}}},
		"adapter-http": {"echo": {result: result{RecordsPerSecond: 80_000}}, "http": {result: result{RecordsPerSecond: 20_000, P99Millis: 5}}},
	}
	text := tables(m, "here and now")
	for _, want := range []string{
		"here and now\n", "| 200B | 40,000 | 1,600,000 | – | 800,000 |", "| 20.0 | 0.50 |", "| 2,000 | – | – | – | 102 |",
		"| 200 B: ≥ 15 × the KPL's records/s | 20.0 | met |", "| 200 B: ≤ 1/15 of the KPL's CPU | 10.0 | missed |", "| 200 B: ≥ 0.8 × the yardstick | 0.50 | missed |",
		"| 200 B: ≤ 100 MB | 80.0 | met |", "| 2,000/s: p99 ≤ 105 ms | 102 | met |",
		"| echo | 80,000 |", "| HTTP: ≥ 0.5 × an echo | 0.25 | missed |", "| HTTP: p99 ≤ 15 ms | 5.00 | met |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, absent := range []string{"10 KiB", "16 goroutines"} {
		if strings.Contains(text, absent) {
			t.Errorf("%q was not measured, but is in\n%s", absent, text)
		}
	}
	columns := -1
	for line := range strings.Lines(text) {
		switch n := strings.Count(line, "|"); {
		case n == 0:
			columns = -1
		case columns < 0:
			columns = n
		case n != columns:
			t.Errorf("%d bars in place of %d: %s", n, columns, line)
		}
	}
}

func TestInsertReplacesWhatIsBetweenTheMarks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("a\n"+beginMark+"\nold\n"+endMark+"\nz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := insert(file, "new\n"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "a\n"+beginMark+"\nnew\n"+endMark+"\nz\n" {
		t.Errorf("%q", got)
	}
	if err := os.WriteFile(file, []byte("no marks"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := insert(file, "new\n"); err == nil || !strings.Contains(err.Error(), beginMark) {
		t.Errorf("error %v", err)
	}
}

func TestEveryCaseHasAWayToBeMeasured(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.name] || c.shards == 0 || c.size == 0 || len(c.ways) == 0 {
			t.Errorf("%+v", c)
		}
		seen[c.name] = true
		for _, way := range c.ways {
			if c.count(way, 1) < 1000 {
				t.Errorf("%s by %s: %d records", c.name, way, c.count(way, 1))
			}
		}
	}
}
