package document

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func mustParse(t *testing.T, text string) *Node {
	t.Helper()
	n, problems := Parse("a.xml", strings.NewReader(text), Options{})
	if n == nil || len(problems) > 0 {
		t.Fatalf("Parse(%q) = %v, %v", text, n, problems)
	}
	return n
}

func TestParseKeepsTextAndPositions(t *testing.T) {
	n := mustParse(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+
		"<!-- über -->\n"+
		"<adapter class='a'\n   unique-id = \"x &amp; y\">\n"+
		"\t<é/><x:y xmlns:x=\"u\">\r\n"+
		"   one<!-- c --> &lt;<![CDATA[<two> &amp;]]><?pi?>\n</x:y></adapter>\n")
	at := func(line, column int) Position { return Position{"a.xml", line, column} }
	type row struct{ got, want Position }
	y := n.Children[1]
	for name, r := range map[string]row{
		"root":                      {n.Pos, at(3, 1)},
		"text of blanks only":       {n.TextPos, at(3, 1)},
		"attribute":                 {n.Attrs[0].Pos, at(3, 10)},
		"attribute value":           {n.Attrs[0].ValuePos(), at(3, 17)},
		"attribute on a new line":   {n.Attrs[1].Pos, at(4, 4)},
		"its value":                 {n.Attrs[1].ValuePos(), at(4, 17)},
		"in it, before a reference": {n.Attrs[1].Position(2), at(4, 19)},
		"in it, after a reference":  {n.Attrs[1].Position(3), at(4, 24)},
		"empty element":             {n.Children[0].Pos, at(5, 2)},
		"after two bytes":           {y.Pos, at(5, 7)},
		"text":                      {y.TextPos, at(6, 4)},
		"text's beginning":          {y.TextPosition(0), at(5, 24)},
		"text after CR LF":          {y.TextPosition(1), at(6, 1)},
		"text after a comment":      {y.TextPosition(strings.IndexByte(y.Text, ' ') + 6), at(6, 17)},
		"a reference":               {y.TextPosition(strings.Index(y.Text, "<<")), at(6, 18)},
		"CDATA":                     {y.TextPosition(strings.Index(y.Text, "two")), at(6, 32)},
		"a reference in CDATA":      {y.TextPosition(strings.Index(y.Text, "amp;")), at(6, 38)},
		"text after an instruction": {y.TextPosition(len(y.Text) - 1), at(6, 51)},
	} {
		if r.got != r.want {
			t.Errorf("%s: %s, want %s", name, r.got, r.want)
		}
	}
	if want := "\n   one <<two> &amp;\n"; y.Text != want {
		t.Errorf("text %q, want %q", y.Text, want)
	}
	if n.Attrs[1].Value != "x & y" || y.Name != "x:y" || y.Parent != n || y.Attrs[0].Name != "xmlns:x" {
		t.Errorf("unexpected tree: %+v", n)
	}
	if v, ok := n.Attr("class"); v != "a" || !ok {
		t.Errorf("Attr(class) = %q, %v", v, ok)
	}
	if n.Child("x:y") != y || n.Child("z") != nil {
		t.Error("Child does not find what is there")
	}
}

// refused are documents with what is wrong with them.
var refused = []struct{ name, text, code, pos string }{
	{"nothing", "", "xml-empty", "1:1"},
	{"blanks", " \n ", "xml-empty", "1:1"},
	{"only a comment", "<!-- c -->", "xml-empty", "1:1"},
	{"properties", "adapterConfigUrl=file:adapter.xml\n", "xml-syntax", "1:1"},
	{"text before the root", "<?xml version=\"1.0\"?>\n  x<a/>", "xml-syntax", "2:3"},
	{"text after the root", "<a/>\n\tx", "xml-syntax", "2:2"},
	{"CDATA outside of the root", "<![CDATA[x]]><a/>", "xml-syntax", "1:1"},
	{"two roots", "<a/>\n <b/>", "xml-several-roots", "2:2"},
	{"declaration not first", "\n<?xml version=\"1.0\"?><a/>", "xml-syntax", "2:1"},
	{"XML 1.1", "<?xml version=\"1.1\"?><a/>", "xml-syntax", "1:1"},
	{"unclosed", "<a>\n <b>\n  <c/>\n", "xml-unclosed", "2:2"},
	{"unclosed start tag", "<a>\n <b", "xml-unclosed", "2:2"},
	{"unclosed end tag", "<a>\n</a", "xml-unclosed", "2:1"},
	{"unclosed comment", "<a>\n <!-- </a>", "xml-unclosed", "2:2"},
	{"unclosed CDATA", "<a><![CDATA[x</a>", "xml-unclosed", "1:4"},
	{"unclosed instruction", "<a/><?x", "xml-unclosed", "1:5"},
	{"unclosed value", "<a b='c", "xml-unclosed", "1:1"},
	{"mismatched", "<a>\n <b></a>\n</b>", "xml-mismatched-tag", "2:5"},
	{"closed too often", "<a></a>\n</a>", "xml-mismatched-tag", "2:1"},
	{"doctype", "<?xml version=\"1.0\"?>\n<!DOCTYPE a SYSTEM \"file:///etc/passwd\">\n<a/>", "xml-doctype", "2:1"},
	{"external entity", "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", "xml-doctype", "1:1"},
	{"unknown entity", "<a>one\n two &nbsp; three</a>", "xml-entity", "2:6"},
	{"unknown entity in a value", "<a\n b='&x;'/>", "xml-entity", "2:5"},
	{"lone &", "<a>R & D</a>", "xml-entity", "1:6"},
	{"& without ;", "<a>&amp</a>", "xml-entity", "1:4"},
	{"surrogate as reference", "<a>x&#xD800;</a>", "xml-entity", "1:5"},
	{"zero as reference", "<a>&#0;</a>", "xml-entity", "1:4"},
	{"reference too large", "<a>&#x110000;</a>", "xml-entity", "1:4"},
	{"control character", "<a>é\x01</a>", "xml-syntax", "1:6"},
	{"duplicate attribute", "<a b='1'\n b='2'/>", "xml-duplicate-attribute", "2:2"},
	{"unquoted attribute", "<a  b=1/>", "xml-syntax", "1:5"},
	{"attribute without value", "<a b/>", "xml-syntax", "1:4"},
	{"attributes without a blank", "<a b='1'c='2'/>", "xml-syntax", "1:9"},
	{"< in a value", "<a b='x<y'/>", "xml-syntax", "1:8"},
	{"]]> in text", "<a>\nx ]]> </a>", "xml-syntax", "2:3"},
	{"-- in a comment", "<a><!-- -- --></a>", "xml-syntax", "1:4"},
	{"no name", "<a>\n < b/></a>", "xml-syntax", "2:3"},
	{"a digit as name", "<a><1/></a>", "xml-syntax", "1:6"},
}

func TestParseRefusesWithPositionAndWayOut(t *testing.T) {
	var all strings.Builder
	for _, c := range refused {
		n, problems := Parse("a.xml", strings.NewReader(c.text), Options{})
		fmt.Fprintf(&all, "%s\n\t%s\n", c.name, problems.Error())
		if n != nil || len(problems) != 1 {
			t.Errorf("%s: node %v, problems %v", c.name, n, problems)
			continue
		}
		if p := problems[0]; p.Code != c.code || p.Pos.String() != "a.xml:"+c.pos || p.Severity != SeverityError {
			t.Errorf("%s: %s at %s, want %s at %s", c.name, p.Code, p.Pos, c.code, c.pos)
		}
	}
	golden(t, "refused.golden", all.String())
}

func TestParseTellsAllDuplicateAttributes(t *testing.T) {
	_, problems := Parse("a.xml", strings.NewReader("<a b='1' b='2'>\n<c d='1' e='2' d='3' d='4'/></a>"), Options{})
	if len(problems) != 3 {
		t.Errorf("problems: %v", problems)
	}
}

func TestParseNestedEntitiesDoNotExpand(t *testing.T) {
	var text strings.Builder
	text.WriteString("<!DOCTYPE lolz [<!ENTITY lol \"lol\">")
	for i := range 10 {
		fmt.Fprintf(&text, "<!ENTITY lol%d \"%s\">", i+1, strings.Repeat("&lol;", 10))
	}
	text.WriteString("]><lolz>&lol10;</lolz>")
	_, problems := Parse("a.xml", strings.NewReader(text.String()), Options{})
	if len(problems) != 1 || problems[0].Code != "xml-doctype" {
		t.Errorf("problems: %v", problems)
	}
}

// endless is a reader of a document that never ends.
type endless struct{ read int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "<a>"[(e.read+int64(i))%3]
	}
	e.read += int64(len(p))
	return len(p), nil
}

func TestParseIsBounded(t *testing.T) {
	const size = 2 << 20 // the default is eight times as much, which the race detector makes slow
	for _, c := range []struct {
		name, code, pos string
		text            func() string
	}{
		{"10,000 deep", "xml-too-deep", "a.xml:1:601", func() string { return strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000) }},
		{"100,000 elements", "xml-too-many-nodes", "a.xml:1:400000", func() string { return "<a>" + strings.Repeat("<b/>", 200_000) + "</a>" }},
		{"a million attributes", "xml-too-large", "a.xml:1:1", func() string { return "<a" + strings.Repeat(" b=''", 300_000) + "/>" }},
		{"full of text", "", "", func() string { return "<a>" + strings.Repeat("x", size-7) + "</a>" }},
		{"full and a byte", "xml-too-large", "a.xml", func() string { return "<a>" + strings.Repeat("x", size-6) + "</a>" }},
		{"full of line ends", "", "", func() string { return "<a>" + strings.Repeat("\n", size-7) + "</a>" }},
		{"full of &", "xml-entity", "a.xml:1:4", func() string { return "<a>" + strings.Repeat("&", size-7) + "</a>" }},
		{"full of references", "", "", func() string { return "<a>" + strings.Repeat("&lt;", size/4-2) + "</a>" }},
		{"full of <", "xml-syntax", "a.xml:1:2", func() string { return strings.Repeat("<", size) }},
		{"full in a comment", "xml-unclosed", "a.xml:1:1", func() string { return "<!--" + strings.Repeat(" ", size-4) }},
		{"full of a name", "xml-unclosed", "a.xml:1:1", func() string { return "<" + strings.Repeat("a", size-1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.text()
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			n, problems := Parse("a.xml", strings.NewReader(text), Options{MaxBytes: size, MaxNodes: 100_000})
			took := time.Since(begin)
			runtime.ReadMemStats(&after)
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 80 {
				t.Errorf("took %d MiB", mib)
			}
			if took > 10*time.Second { // some hundred milliseconds, on an idle machine without the race detector
				t.Errorf("took %s", took)
			}
			if c.code == "" {
				if n == nil || len(problems) > 0 {
					t.Errorf("problems: %v", problems)
				}
				return
			}
			if n != nil || len(problems) != 1 || problems[0].Code != c.code || problems[0].Pos.String() != c.pos {
				t.Errorf("problems: %v, want %s at %s", problems, c.code, c.pos)
			}
		})
	}
}

func TestParseReadsNoMoreThanItAccepts(t *testing.T) {
	r := &endless{}
	_, problems := Parse("a.xml", r, Options{})
	if len(problems) != 1 || problems[0].Code != "xml-too-large" {
		t.Errorf("problems: %v", problems)
	}
	if r.read > DefaultMaxBytes+64<<10 {
		t.Errorf("read %d bytes", r.read)
	}
}

func TestParseHonoursOptions(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		code string
	}{
		"bytes":      {Options{MaxBytes: 20}, "xml-too-large"},
		"depth":      {Options{MaxDepth: 2}, "xml-too-deep"},
		"nodes":      {Options{MaxNodes: 4}, "xml-too-many-nodes"},
		"just right": {Options{MaxBytes: 25, MaxDepth: 3, MaxNodes: 5}, ""},
	} {
		_, problems := Parse("a.xml", strings.NewReader("<a b='c'><d><e/></d>x</a>"), c.o)
		if c.code == "" && len(problems) > 0 || c.code != "" && (len(problems) != 1 || problems[0].Code != c.code) {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestParseFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.xml")
	if _, problems := ParseFile(missing, Options{}); len(problems) != 1 || problems[0].Code != "unreadable" || problems[0].Pos.File != missing {
		t.Errorf("problems: %v", problems)
	}
	path := filepath.Join(t.TempDir(), "a.xml")
	if err := os.WriteFile(path, []byte("<a/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, problems := ParseFile(path, Options{}); n == nil || n.Pos.String() != path+":1:1" {
		t.Errorf("node %v, problems %v", n, problems)
	}
	if _, problems := Parse("a.xml", iotest.ErrReader(errors.New("broken")), Options{}); len(problems) != 1 || problems[0].Code != "unreadable" {
		t.Errorf("problems: %v", problems)
	}
}
