package page

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(Files, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The strictest policy does only for a page that brings no script or style of its own inside, and asks nobody else.
func TestIndexBringsNothingInside(t *testing.T) {
	index := read(t, "index.html")
	for what, found := range map[string]*regexp.Regexp{
		"a script inside":    regexp.MustCompile(`(?is)<script\b(?:[^>]*)>\s*[^<\s]`),
		"a style inside":     regexp.MustCompile(`(?i)<style\b|\sstyle\s*=`),
		"a handler inside":   regexp.MustCompile(`(?i)\son[a-z]+\s*=`),
		"another server":     regexp.MustCompile(`(?i)(?:src|href)\s*=\s*"(?:[a-z]+:|//)`),
		"a path from a root": regexp.MustCompile(`(?:src|href)\s*=\s*"/`),
	} {
		if hit := found.FindString(index); hit != "" {
			t.Errorf("index.html has %s: %q", what, hit)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="(static/[^"]+)"`).FindAllStringSubmatch(index, -1) {
		read(t, m[1])
	}
}

// Texts of the server become markup or code only through one of these.
func TestScriptsMakeNoMarkup(t *testing.T) {
	refused := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML|srcdoc|\beval\b|new Function|localStorage|document\.cookie|https?://`)
	imports := regexp.MustCompile(`(?m)^import .* from "([^"]+)";$`)
	scripts := 0
	err := fs.WalkDir(Files, "static/js", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		scripts++
		text := read(t, name)
		if hit := refused.FindString(text); hit != "" {
			t.Errorf("%s uses %s", name, hit)
		}
		for _, m := range imports.FindAllStringSubmatch(text, -1) {
			read(t, path.Join(path.Dir(name), m[1]))
		}
		return nil
	})
	if err != nil || scripts < 10 {
		t.Errorf("%d scripts were read: %v", scripts, err)
	}
}

func TestStyleAsksNobody(t *testing.T) {
	for _, name := range []string{"static/page.css", "static/vendor/uplot/uPlot.min.css", "static/favicon.svg"} {
		if text := strings.ReplaceAll(read(t, name), "http://www.w3.org/2000/svg", ""); regexp.MustCompile(`url\(|@import|https?:`).MatchString(text) {
			t.Errorf("%s asks for something else", name)
		}
	}
}

// What is not ours is as it came, and says where it came from and what its licence is.
func TestVendoredFilesAreUnchanged(t *testing.T) {
	const folder = "static/vendor/uplot/"
	notice := read(t, folder+"NOTICE")
	for _, name := range []string{"uPlot.iife.min.js", "uPlot.min.css", "LICENSE"} {
		text := read(t, folder+name)
		sum := sha256.Sum256([]byte(text))
		if !strings.Contains(notice, hex.EncodeToString(sum[:])) {
			t.Errorf("%s has changed: its checksum is not in NOTICE", name)
		}
	}
	version := regexp.MustCompile(`\(v([0-9.]+)\)`).FindStringSubmatch(read(t, folder+"uPlot.iife.min.js"))
	if version == nil || !strings.HasPrefix(notice, "uPlot "+version[1]+",") {
		t.Errorf("NOTICE is of another version than %v", version)
	}
	if !strings.Contains(read(t, folder+"LICENSE"), "The MIT License") {
		t.Error("LICENSE is no licence")
	}
}
