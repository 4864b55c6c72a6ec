package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// root is where README.md stands.
const root = "../.."

// page is a page of Markdown.
type page struct {
	// path is from the root, with slashes.
	path string
	// prose are its lines, those within code blocks left empty.
	prose []string
	// blocks are its fenced code blocks.
	blocks []block
	// anchors are those of its headings, as GitHub makes them, and as site generators with the slugs of Python-Markdown do.
	anchors, siteAnchors map[string]bool
}

// block is a fenced code block.
type block struct {
	language, text string
	line           int
}

var fence = regexp.MustCompile("^ {0,3}(```+|~~~+)\\s*([a-z]*)")

// parsePage takes Markdown apart, as far as tests need it.
func parsePage(path, text string) page {
	p := page{path: path, anchors: make(map[string]bool), siteAnchors: make(map[string]bool)}
	var open string
	var inside []string
	// Indented code follows an empty line, or more of it.
	empty, indented := true, false
	for i, line := range strings.Split(text, "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case open != "" && m != nil && strings.HasPrefix(m[1], open) && m[2] == "":
			last := &p.blocks[len(p.blocks)-1]
			last.text, inside, open = strings.Join(inside, "\n"), nil, ""
			line = ""
		case open != "":
			inside = append(inside, line)
			line = ""
		case m != nil:
			open = m[1]
			p.blocks = append(p.blocks, block{language: m[2], line: i + 1})
			line = ""
		case strings.HasPrefix(line, "    ") && (empty || indented):
			indented = true
			line = ""
		case strings.TrimSpace(line) != "":
			indented = false
		}
		empty = strings.TrimSpace(line) == "" && !indented
		p.prose = append(p.prose, line)
		if title, ok := heading(line); ok {
			add(p.anchors, slug(title))
			add(p.siteAnchors, siteSlug(title))
		}
	}
	return p
}

// add adds an anchor, numbered if it is there already.
func add(anchors map[string]bool, anchor string) {
	name := anchor
	for n := 1; anchors[name]; n++ {
		name = anchor + "-" + string(rune('0'+n%10))
	}
	anchors[name] = true
}

var (
	title      = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
	inlineLink = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// heading is the text of a heading, without its markup.
func heading(line string) (string, bool) {
	m := title.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	return strings.NewReplacer("`", "", "*", "").Replace(inlineLink.ReplaceAllString(m[1], "$1")), true
}

// slug is the anchor of a heading on GitHub.
func slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

var dashes = regexp.MustCompile(`-+`)

// siteSlug is the anchor of a heading in Python-Markdown.
func siteSlug(title string) string {
	return strings.Trim(dashes.ReplaceAllString(slug(title), "-"), "-")
}

// pages are README.md and all below docs.
func pages(t *testing.T) map[string]page {
	t.Helper()
	all := make(map[string]page)
	read := func(path string) {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.ToSlash(path)
		all[path] = parsePage(path, string(text))
	}
	read("README.md")
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".md") {
			relative, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			read(relative)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("only %d pages found: this shows nothing", len(all))
	}
	return all
}
