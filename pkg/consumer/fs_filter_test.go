package consumer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFilters(t *testing.T) {
	const commons, fs = "org.apache.commons.io.filefilter.", "com.adaptris.core.fs."
	dir := t.TempDir()
	write(t, dir, "a.xml=1", "b.XML=22", "c.xml.bak=333", "[x].txt=4444")
	now := time.Now()
	for name, age := range map[string]time.Duration{"a.xml": time.Minute, "b.XML": time.Hour, "c.xml.bak": 48 * time.Hour, "[x].txt": 0} {
		if err := os.Chtimes(filepath.Join(dir, name), now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, class, expression string
		want                    []string
	}{
		{"all", commons + "RegexFileFilter", "", []string{"[x].txt", "a.xml", "b.XML", "c.xml.bak"}},
		{"regular expression for the whole name", commons + "RegexFileFilter", `.*\.xml`, []string{"a.xml"}},
		{"alternatives are for the whole name too", commons + "RegexFileFilter", `a|a\.xml`, []string{"a.xml"}},
		{"flags", commons + "RegexFileFilter", `(?i).*\.xml`, []string{"a.xml", "b.XML"}},
		{"glob", commons + "WildcardFileFilter", "*.xml", []string{"a.xml"}},
		{"glob with ?", commons + "WildcardFileFilter", "?.xml*", []string{"a.xml", "c.xml.bak"}},
		{"glob without classes", commons + "WildcardFileFilter", "[x].txt", []string{"[x].txt"}},
		{"name", commons + "NameFileFilter", "a.xml", []string{"a.xml"}},
		{"prefix", commons + "PrefixFileFilter", "b", []string{"b.XML"}},
		{"suffix", commons + "SuffixFileFilter", ".bak", []string{"c.xml.bak"}},
		{"not a regular expression", commons + "NotFileFilter", `.*\.xml`, []string{"[x].txt", "b.XML", "c.xml.bak"}},
		{"not a filter", commons + "NotFileFilter", `SizeGT=1`, []string{"a.xml"}},
		{"not, with =", commons + "NotFileFilter", `a=b`, []string{"[x].txt", "a.xml", "b.XML", "c.xml.bak"}},
		{"larger", fs + "SizeGreaterThan", "2", []string{"[x].txt", "c.xml.bak"}},
		{"larger or equal", fs + "SizeGreaterThanOrEqual", " 2 ", []string{"[x].txt", "b.XML", "c.xml.bak"}},
		{"smaller", fs + "SizeLessThan", "2", []string{"a.xml"}},
		{"smaller or equal", fs + "SizeLessThanOrEqual", "2", []string{"a.xml", "b.XML"}},
		{"newer", fs + "NewerThan", "-PT30M", []string{"[x].txt", "a.xml"}},
		{"older", fs + "OlderThan", "-PT30M", []string{"b.XML", "c.xml.bak"}},
		{"older, by days", fs + "OlderThan", "-P1DT12H", []string{"c.xml.bak"}},
		{"older, by months and years", fs + "OlderThan", "-P1Y2M", nil},
		{"newer than the future", fs + "NewerThan", "PT1H", nil},
		{"newer than a moment", fs + "NewerThan", "0", []string{"[x].txt", "a.xml", "b.XML", "c.xml.bak"}},
		{"older, by parts of seconds", fs + "OlderThan", "-PT59.5S", []string{"a.xml", "b.XML", "c.xml.bak"}},
		{"composite", fs + "CompositeFileFilter", `SizeGTE=2__@@__OlderThan=-PT30M__@@__Regex=.*\.XML`, []string{"b.XML"}},
		{"composite with class", fs + "CompositeFileFilter", commons + `PrefixFileFilter=c__@@__SizeLT=10`, []string{"c.xml.bak"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := fsConsumer(t, dir, "<file-filter-imp>"+c.class+"</file-filter-imp><filter-expression>"+c.expression+"</filter-expression>")
			var got []string
			for _, e := range entries {
				ok, err := f.filter.accepts(&file{name: e.Name(), directory: dir, entry: e}, now)
				if err != nil {
					t.Error(err)
				}
				if ok {
					got = append(got, e.Name())
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilterExpressionsThatMakeNoSense(t *testing.T) {
	const commons, fs = "org.apache.commons.io.filefilter.", "com.adaptris.core.fs."
	for _, c := range []struct{ class, expression, want string }{
		{commons + "RegexFileFilter", "a(?=b)", "RE2 syntax"},
		{fs + "SizeGreaterThan", "many", "give a number of bytes"},
		{fs + "SizeGreaterThan", "-1", "give a number of bytes"},
		{fs + "OlderThan", "yesterday", "ISO 8601 duration"},
		{fs + "OlderThan", "P", "ISO 8601 duration"},
		{fs + "OlderThan", "-PT", "ISO 8601 duration"},
		{fs + "OlderThan", "-P1H", "ISO 8601 duration"},
		{fs + "OlderThan", "-P99999999999999999999D", "too long a time"},
		{fs + "OlderThan", "-PT1000001S", "too long a time"},
		{fs + "CompositeFileFilter", "SizeGT", "has no ="},
		{fs + "CompositeFileFilter", "Perl=x", "no file filter that is supported here"},
		{fs + "CompositeFileFilter", "SizeGT=x", "give a number of bytes"},
		{commons + "NotFileFilter", "(", "no regular expression"},
	} {
		t.Run(c.expression, func(t *testing.T) {
			_, problems := decodeAny[*FS](t, `<fs-consumer><base-directory-url>in</base-directory-url><file-filter-imp>`+c.class+`</file-filter-imp><filter-expression>`+c.expression+`</filter-expression></fs-consumer>`)
			if !strings.Contains(problems, c.want) || !strings.Contains(problems, "<filter-expression> of fs-consumer") {
				t.Errorf("got %s\nwant %s", problems, c.want)
			}
		})
	}
}

// Whatever a document writes, it is refused or it decides about every file.
func FuzzFileFilter(f *testing.F) {
	for _, seed := range []struct{ class, expression string }{
		{"CompositeFileFilter", "SizeGT=4096__@@__Regex=.*\\.xml"}, {"NotFileFilter", "SizeGT=1"}, {"OlderThan", "-P1Y2M3DT4H5M6.7S"}, {"NewerThan", "1700000000000"},
		{"WildcardFileFilter", "*.[x]?\\"}, {"RegexFileFilter", "a|b"}, {"SizeLessThan", "9223372036854775807"},
	} {
		f.Add(seed.class, seed.expression)
	}
	dir := f.TempDir()
	write(f, dir, "a.xml")
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, class, expression string) {
		for _, pkg := range []string{"com.adaptris.core.fs.", "org.apache.commons.io.filefilter."} {
			filter, err := newFileFilter(pkg+class, expression)
			if (filter == nil) == (err == nil) {
				t.Fatalf("filter %v, error %v", filter, err)
			}
			if err != nil {
				continue
			}
			c := &file{name: "a.xml", directory: dir, entry: entries[0]}
			if _, err := filter.accepts(c, time.Unix(1_700_000_000, 0)); err != nil {
				t.Errorf("a file that is there: %v", err)
			}
		}
	})
}
