package main

import (
	"os"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/checks"
)

func TestChecksPageHasAnAnchorForEveryCode(t *testing.T) {
	page, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks.Codes() {
		for _, want := range []string{"\n### " + c.Name + "\n", "| [" + c.Name + "](#" + c.Name + ") | " + string(c.Severity) + " |"} {
			if strings.Count(string(page), want) != 1 {
				t.Errorf("docs/checks.md has %d times %q; run make docs", strings.Count(string(page), want), want)
			}
		}
	}
	for line := range strings.SplitSeq(string(page), "\n") {
		if name, ok := strings.CutPrefix(line, "### "); ok {
			if _, known := checks.Lookup(name); !known {
				t.Errorf("docs/checks.md describes %s, which is no code; run make docs", name)
			}
		}
	}
	if string(page) != checksPage(checks.Groups()) {
		t.Error("docs/checks.md is not what the code says; run make docs")
	}
}

func TestTextOutsideOfCodeIsEscaped(t *testing.T) {
	if got := escaped("a <b> and `<c>` | d"); got != "a &lt;b> and `<c>` \\| d" {
		t.Error(got)
	}
}
