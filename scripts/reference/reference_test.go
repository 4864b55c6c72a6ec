package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestComponentPageShowsEachFieldOnce(t *testing.T) {
	page := componentPage([]component.Description{{
		Alias: "a-consumer", Class: "x.A", Doc: "reads <things>",
		Fields: []component.FieldDescription{
			{Element: "base", Type: "text", Required: true, Doc: "where | what"},
			{Element: "mode", Type: "text", Default: "fast", Values: []string{"fast", "slow"}, Doc: "how"},
		},
	}})
	for _, want := range []string{
		"### a-consumer\n", "Reads &lt;things>.\n", "Class `x.A`\n",
		"| `base` | text | required | where \\| what |\n",
		"| `mode` | text | `fast` | how; one of fast, slow |\n",
	} {
		if strings.Count(page, want) != 1 {
			t.Errorf("page has %d times %q:\n%s", strings.Count(page, want), want, page)
		}
	}
}

func TestCheckNamesOutdatedPagesAndWritesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "docs")
	pages := map[string]string{"a.md": "one\n"}
	if err := renew(folder, pages, true); err == nil || !strings.Contains(err.Error(), "a.md") {
		t.Fatalf("check of a missing page: %v", err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Fatal("check wrote")
	}
	if err := renew(folder, pages, false); err != nil {
		t.Fatal(err)
	}
	if err := renew(folder, pages, true); err != nil {
		t.Fatalf("check after writing: %v", err)
	}
	pages["a.md"] = "two\n"
	if err := renew(folder, pages, true); err == nil {
		t.Fatal("check of an old page says nothing")
	}
}
