package docs

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	codeSpan = regexp.MustCompile("``[^`]*``|`[^`]*`")
	link     = regexp.MustCompile(`!?\[[^\]]*\]\(([^)\s]+)[^)]*\)`)
)

// target is where a link leads.
type target struct {
	line int
	to   string
}

// links are the links of a page, also those whose text is code.
func (p page) links() (all []target) {
	for i, line := range p.prose {
		line = codeSpan.ReplaceAllStringFunc(line, func(code string) string { return strings.Repeat("x", len(code)) })
		// A link in the text of another, such as a picture that is one.
		for rest := line; ; {
			m := link.FindStringSubmatchIndex(rest)
			if m == nil {
				break
			}
			all = append(all, target{i + 1, rest[m[2]:m[3]]})
			rest = rest[m[1]:]
		}
	}
	return all
}

// wrong says what is the matter with the links of a page; exists tells whether there is a file at a path from the root.
func (p page) wrong(all map[string]page, exists func(string) bool) (problems []string) {
	for _, l := range p.links() {
		note := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("%s:%d: %s: ", p.path, l.line, l.to)+fmt.Sprintf(format, args...))
		}
		u, err := url.Parse(l.to)
		switch {
		case err != nil:
			note("no link: %v", err)
			continue
		case u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "mailto":
			continue
		case u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "/"):
			note("links are relative, or https")
			continue
		}
		to := p.path
		if u.Path != "" {
			to = path.Join(path.Dir(p.path), u.Path)
		}
		if strings.HasPrefix(to, "../") || !exists(to) {
			note("there is no %s", to)
			continue
		}
		if u.Fragment == "" {
			continue
		}
		there, known := all[to]
		switch {
		case !known:
			note("only pages of the documentation have anchors that are looked at")
		case !there.anchors[u.Fragment]:
			note("%s has no heading of that anchor", to)
		case !there.siteAnchors[u.Fragment]:
			note("the anchor is another one on a site; write the heading without what makes dashes meet")
		}
	}
	return problems
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
		return err == nil
	}
	links := 0
	for _, p := range all {
		links += len(p.links())
		for _, problem := range p.wrong(all, exists) {
			t.Error(problem)
		}
	}
	if links < 100 {
		t.Errorf("only %d links found: this shows little", links)
	}
}

func TestWrongLinksAreFound(t *testing.T) {
	text := strings.Join([]string{
		"# A page of `code`", "", "[a](b.md) [b](b.md#two-words) [c](#a-page-of-code) [d](https://example.com/x#y) ![e](pictures/e.png)", "[`code`](b.md)",
		"`[no](link.md)`", "", "    [no](link.md)", "", "```xml", "[no](link.md)", "# No heading", "```", "",
		"[1](none.md) [2](b.md#none) [3](/b.md) [4](../../b.md) [5](#no-heading) [6](file:///b.md) | [7](b.md#a--b)",
	}, "\n")
	all := map[string]page{
		"docs/a.md": parsePage("docs/a.md", text), "docs/b.md": parsePage("docs/b.md", "# One\n\n## Two words\n\n### a – b\n"),
	}
	exists := func(name string) bool {
		return slices.Contains([]string{"docs/a.md", "docs/b.md", "docs/pictures/e.png"}, name)
	}
	var got []string
	for _, problem := range all["docs/a.md"].wrong(all, exists) {
		got = append(got, problem[:strings.LastIndex(problem, ": ")])
	}
	want := []string{
		"docs/a.md:14: none.md", "docs/a.md:14: b.md#none", "docs/a.md:14: /b.md", "docs/a.md:14: ../../b.md", "docs/a.md:14: #no-heading", "docs/a.md:14: file:///b.md",
		"docs/a.md:14: b.md#a--b",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if n := len(all["docs/a.md"].links()); n != 13 {
		t.Errorf("%d links", n)
	}
}
