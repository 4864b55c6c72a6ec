package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
)

// Channels and adapters in fenced blocks must be ones that a reader can run.
func TestDocumentsShownLoad(t *testing.T) {
	found := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			text := strings.TrimSpace(b.text)
			if b.language != "xml" || !strings.HasPrefix(text, "<channel>") && !strings.HasPrefix(text, "<adapter>") {
				continue
			}
			found++
			name := filepath.Join(t.TempDir(), "shown.xml")
			if err := os.WriteFile(name, []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, problems := load(t, name); len(problems.Errors()) > 0 {
				t.Errorf("%s:%d: %v", p.path, b.line, problems.Errors())
			}
		}
	}
	if found < 2 {
		t.Errorf("%d documents found", found)
	}
}

func load(t *testing.T, path string) (*adapter.Adapter, document.Problems) {
	t.Helper()
	return adapter.Load(t.Context(), path, adapter.Options{})
}

var metric = regexp.MustCompile(`\b(kpl|adapterd)_[a-z0-9_]+`)

// The metrics that alarms name must be ones that exist. Both lists are held to the code by tests of their own packages.
func TestMetricsOfAlarmsExist(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root, "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	producer, messages := read("metrics.md"), read("admin-api.md")
	for _, page := range []string{"alarms.md", "troubleshooting.md", "capacity.md"} {
		for _, name := range metric.FindAllString(read(page), -1) {
			base, place := name, messages
			if rest, ok := strings.CutPrefix(name, "kpl_"); ok {
				base, place = rest, producer
			}
			known := strings.Contains(place, "`"+base+"`")
			for _, suffix := range []string{"_sum", "_count"} {
				if rest, ok := strings.CutSuffix(base, suffix); ok {
					known = known || strings.Contains(place, "`"+rest+"`")
				}
			}
			if !known {
				t.Errorf("%s names %s, which is in no list of metrics", page, name)
			}
		}
	}
}

var navigated = regexp.MustCompile(`:\s*([a-z0-9/-]+\.md)\s*$`)

// A site made from docs has every page in its navigation, and the entry page leads to it; decisions may be left out.
func TestNavigationHasEveryPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "mkdocs.yml"))
	if err != nil {
		t.Fatal(err)
	}
	all := pages(t)
	times := make(map[string]int)
	for _, line := range strings.Split(string(text), "\n") {
		if m := navigated.FindStringSubmatch(line); m != nil {
			times["docs/"+m[1]]++
		}
	}
	linked := make(map[string]bool)
	for _, l := range all["docs/index.md"].links() {
		linked["docs/"+l.to] = true
	}
	for name := range all {
		if name == "README.md" {
			continue
		}
		decision := strings.HasPrefix(name, "docs/decisions/")
		if n := times[name]; n > 1 || n < 1 && !decision {
			t.Errorf("the navigation of mkdocs.yml has %s %d times", name, n)
		}
		if !linked[name] && name != "docs/index.md" && !decision {
			t.Errorf("docs/index.md does not lead to %s", name)
		}
	}
	for name := range times {
		if _, there := all[name]; !there {
			t.Errorf("the navigation of mkdocs.yml has %s, which is not there", name)
		}
	}
}

// Who looks for the place of a change finds every package.
func TestInternalsHaveEveryPackage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "internals.md"))
	if err != nil {
		t.Fatal(err)
	}
	packages, err := os.ReadDir(filepath.Join(root, "pkg"))
	if err != nil || len(packages) < 15 {
		t.Fatalf("%d packages found: %v", len(packages), err)
	}
	for _, p := range packages {
		if p.IsDir() && !strings.Contains(string(text), "`pkg/"+p.Name()+"`") {
			t.Errorf("docs/internals.md does not have pkg/%s", p.Name())
		}
	}
}
