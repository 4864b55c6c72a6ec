package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sections are the parts of a page of docs by their headings, which begin with the mark, such as ##; what comes before the first has the name "".
func sections(t *testing.T, page, mark string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for i, part := range strings.Split("\n"+string(text), "\n"+mark+" ") {
		name, rest, _ := strings.Cut(part, "\n")
		if i == 0 {
			name, rest = "", part
		}
		all[name] = rest
	}
	return all
}

// shownLines are the lines that a page shows, those of its indented blocks.
func shownLines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if shown, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "    "); ok && strings.TrimSpace(shown) != "" {
			all = append(all, shown)
		}
	}
	return all
}

var (
	shownID     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	shownNumber = regexp.MustCompile(`\d[\d,.]*(ms|s)?\b|\d[\d,.]*`)
	shownPlural = regexp.MustCompile(`\b(attempt)s?\b`)
)

// shownPattern is what a shown line looks like in what the program says: numbers and ids are others, and … stands for anything.
func shownPattern(line string) *regexp.Regexp {
	var b strings.Builder
	for i, part := range strings.Split(shownID.ReplaceAllString(line, "…"), "…") {
		if i > 0 {
			b.WriteString(".*")
		}
		last := 0
		for _, at := range shownNumber.FindAllStringIndex(part, -1) {
			b.WriteString(regexp.QuoteMeta(part[last:at[0]]) + `\d[\d,.]*(ms|s)?`)
			last = at[1]
		}
		b.WriteString(regexp.QuoteMeta(part[last:]))
	}
	// A quote within an error is one within JSON.
	return regexp.MustCompile(shownPlural.ReplaceAllString(strings.ReplaceAll(b.String(), `"`, `\\*"`), "${1}s?"))
}

// wantShown wants each of the lines that a page shows in what the program said.
func wantShown(t *testing.T, said string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		pattern, found := shownPattern(line), false
		for s := range strings.Lines(said) {
			found = found || pattern.MatchString(strings.TrimRight(s, "\n"))
		}
		if !found {
			t.Errorf("the page shows\n%s\nand the program does not say it:\n%s", line, said)
		}
	}
}

func TestShownLinesAreFoundWithOtherNumbers(t *testing.T) {
	line := `WARN  throttled 4,220 records on shardId-000000000000 of orders in the last 10s  {…, "repeated": 87}`
	for said, want := range map[string]bool{
		`12:00 WARN  throttled 5 records on shardId-000000000003 of orders in the last 1.5s  {"stream": "orders", "repeated": 4}`:       true,
		`12:00 WARN  throttled 5 records on shardId-000000000003 of invoices in the last 1.5s  {"stream": "invoices", "repeated": 4}`:   false,
		`12:00 ERROR  throttled 5 records on shardId-000000000003 of orders in the last 1.5s  {"stream": "orders", "user_records": 10}`: false,
	} {
		if got := shownPattern(line).MatchString(said); got != want {
			t.Errorf("found: %v, want %v: %s", got, want, said)
		}
	}
}
