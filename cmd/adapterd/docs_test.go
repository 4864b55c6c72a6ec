package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

func TestEveryCommandHasAManualPage(t *testing.T) {
	dir := t.TempDir()
	if code, out, errOut := command(t, "docs", "man", dir, "--date", "2026-11-24"); code != exitDone || out+errOut != "" {
		t.Fatalf("exit %d\n%s%s", code, out, errOut)
	}
	want := 0
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		path := filepath.Join(dir, manualName(c)+".1")
		page, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return
		}
		want++
		for _, part := range []string{".TH \"" + strings.ReplaceAll(strings.ToUpper(manualName(c)), "-", `\-`) + "\" 1 2026-11-24 ", ".SH SYNOPSIS\n", ".SH EXIT STATUS\n", roff(c.Short)} {
			if !strings.Contains(string(page), part) {
				t.Errorf("%s does not have %q", path, part)
			}
		}
		if c.Flags().Lookup("drain-timeout") != nil && !strings.Contains(string(page), `\fB\-\-drain\-timeout\fR \fIduration\fR`+"\n") {
			t.Errorf("%s does not tell --drain-timeout:\n%s", path, page)
		}
		for _, sub := range available(c) {
			walk(sub)
		}
	}
	walk(rootCommand())
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(pages) < want || want < 10 {
		t.Errorf("%d pages, want at least %d: %v", len(pages), want, err)
	}
	lint, err := exec.LookPath("mandoc")
	if err != nil {
		t.Log("the pages were not linted: there is no mandoc")
		return
	}
	if out, err := exec.Command(lint, append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput(); err != nil {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
}

func TestTextIsNoRoff(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"plain":                {"runs it", "runs it"},
		"request":              {".SH X\n.so /etc/passwd", `\&.SH X` + "\n" + `\&.so /etc/passwd`},
		"request by quote":     {"'br", `\&\(aqbr`},
		"escape":               {`a\fBb`, `a\efBb`},
		"option":               {"--set", `\-\-set`},
		"ellipsis and grave":   {"FILE… `x`", `FILE... \(gax\(ga`},
		"dot within a line":    {"a .b", "a .b"},
		"empty lines are kept": {"a\n\nb", "a\n\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := roff(c.text); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestTheManualIsTheSameForTheSameDay(t *testing.T) {
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	if a, b := manualPage(rootCommand(), day), manualPage(rootCommand(), day); a != b {
		t.Errorf("%s\n---\n%s", a, b)
	}
	if code, _, errOut := command(t, "docs", "man", t.TempDir(), "--date", "24.11.2026"); code != exitUsage || !strings.Contains(errOut, "--date is") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}
