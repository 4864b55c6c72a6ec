package document

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var testEnvironment = Environment{
	Variables:        map[string]string{"TOKEN": "canary-env", "MARKUP": "<b>&amp;${a}", "HOME": "/home/x"},
	SystemProperties: map[string]string{"user.dir": "/srv", "region": "eu-west-1"},
}

func variables(t *testing.T, properties string, set ...string) *Variables {
	t.Helper()
	v := NewVariables(testEnvironment)
	if problems := v.Read("v.properties", []byte(properties)); len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, s := range set {
		if err := v.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func TestVariablesReplaceTextAndAttributes(t *testing.T) {
	v := variables(t, "name=N\nmarkup=<x a='1'>&amp;</x>\nempty=\nblank.s =  s  \nnested=${name}-${deeper}\ndeeper=[${name}]\nenv=%env{TOKEN}%sysprop{region}\ndir=${user.dir}${HOME}\nodd\\ key=1\nname=M\n"+
		"secret={password}PW:AAAAEFfDTvsuPuIKZ7qMckUbE3gAAAAQhKqy9Wj+Fyc4DIWRbsmBIwAAABC4oIWUnMb6MZNC6mCQqnj3\nraw=%env{MARKUP}\n", "set=a=b", "empty=", "name=O")
	for text, want := range map[string]string{
		"${name}":               "O",
		"x${name}y${name}":      "xOyO",
		"${markup}":             "<x a='1'>&amp;</x>",
		"${empty}":              "",
		"${blank.s}":            "s",
		"${nested}":             "O-[O]",
		"${env}":                "canary-enveu-west-1",
		"${dir}":                "/srv/home/x",
		"${set}":                "a=b",
		"${odd key}":            "1", // defined, so it is one
		"${secret}":             "123",
		"${raw}":                "<b>&amp;${a}",
		"$name $ {name} {name}": "$name $ {name} {name}",
		"%env{TOKEN}":           "%env{TOKEN}", // resolved later, by what the field is
	} {
		n := &Node{Name: "a", Text: text, Attrs: []Attr{{Name: "b", Value: text}}}
		problems := v.Apply(n)
		if n.Text != want || n.Attrs[0].Value != want || len(problems) > 0 {
			t.Errorf("%s: %q, %q, want %q; %v", text, n.Text, n.Attrs[0].Value, want, problems)
		}
		if n.Written() != text || n.Attrs[0].Written() != text {
			t.Errorf("%s: written as %q, %q", text, n.Written(), n.Attrs[0].Written())
		}
	}
}

func TestVariablesKeepPositions(t *testing.T) {
	n := mustParse(t, "<a b='x${v}y'>\n &lt;${v}<!-- -->\n &amp;${v}z</a>")
	if problems := variables(t, "v=1\\n2\\n3").Apply(n); len(problems) > 0 {
		t.Fatal(problems)
	}
	for name, c := range map[string]struct{ got, want string }{
		"before in value":  {n.Attrs[0].Position(0).String(), "a.xml:1:7"},
		"in it":            {n.Attrs[0].Position(3).String(), "a.xml:1:8"},
		"after it":         {n.Attrs[0].Position(6).String(), "a.xml:1:12"},
		"before in text":   {n.TextPosition(2).String(), "a.xml:2:2"},
		"in text":          {n.TextPosition(5).String(), "a.xml:2:6"},
		"between":          {n.TextPosition(strings.IndexByte(n.Text, '&')).String(), "a.xml:3:2"},
		"second reference": {n.TextPosition(strings.LastIndexByte(n.Text, '2')).String(), "a.xml:3:7"},
		"last":             {n.TextPosition(len(n.Text) - 1).String(), "a.xml:3:11"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
}

func TestVariablesThatAreWrong(t *testing.T) {
	var all strings.Builder
	for _, c := range []struct{ name, text, properties, code, pos string }{
		{"undefined", "<a>\n x &lt; ${regoin}</a>", "region=canary", "variable-undefined", "2:9"},
		{"undefined, nothing near", "<a b='${q}'/>", "region=canary", "variable-undefined", "1:7"},
		{"undefined within a value", "<a>${x}</a>", "# c\nx=canary ${regoin}\nregion=canary", "variable-undefined", "1:4"},
		{"cycle", "<a>${x}</a>", "x=canary ${y}\ny=canary ${x}", "variable-cycle", "1:4"},
		{"itself", "<a>${x}</a>", "x=canary ${x}", "variable-cycle", "1:4"},
		{"no environment variable", "<a>${x}</a>", "x=canary %env{NOT_SET}", "variable-undefined", "1:4"},
		{"no system property", "<a>${x}</a>", "x=canary %SysProp{java.version}", "variable-undefined", "1:4"},
		{"damaged secret", "<a>${x}</a>", "x={password}PW:canary!", "secret", "1:4"},
		{"not closed", "<a>é${x ${y</a>", "x=canary", "variable-unclear", "1:6"},
		{"no name", "<a>${}</a>", "x=canary", "variable-unclear", "1:4"},
		{"a script", "<a>f() { echo ${1:-'x'}; }</a>", "x=canary", "variable-unclear", "1:15"},
	} {
		n := mustParse(t, c.text)
		problems := variables(t, c.properties).Apply(n)
		if len(problems) != 1 || problems[0].Code != c.code || problems[0].Pos.String() != "a.xml:"+c.pos {
			t.Errorf("%s: %v, want one at %s", c.name, problems, c.pos)
		}
		if n.Written() != n.Text {
			t.Errorf("%s: the text became %q", c.name, n.Text)
		}
		fmt.Fprintf(&all, "%s\n\t%s\n", c.name, problems.Error())
	}
	if strings.Contains(all.String(), "canary") {
		t.Error("a value is shown")
	}
	golden(t, "variables.golden", all.String())
}

func TestVariablesTellAllProblems(t *testing.T) {
	n := mustParse(t, "<a b='${x}'>${y}<c>${z}</c>${w}</a>")
	problems := NewVariables(Environment{}).Apply(n)
	var at []string
	for _, p := range problems {
		at = append(at, p.Pos.String())
	}
	if got := strings.Join(at, " "); got != "a.xml:1:7 a.xml:1:13 a.xml:1:20 a.xml:1:28" {
		t.Errorf("positions %s", got)
	}
}

func TestVariablesSet(t *testing.T) {
	v := NewVariables(Environment{})
	for _, bad := range []string{"", "=x", "canary", "  =canary"} {
		if err := v.Set(bad); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("Set(%q) = %v", bad, err)
		}
	}
}

func TestVariablesReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.properties")
	if err := os.WriteFile(path, []byte("a=1\nb=\\u00zz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	v := NewVariables(Environment{})
	problems := v.ReadFile(context.Background(), "file://"+filepath.ToSlash(path))
	if len(problems) != 1 || problems[0].Pos.String() != path+":2:3" {
		t.Errorf("problems: %v", problems)
	}
	n := &Node{Text: "${a}"}
	if problems := v.Apply(n); n.Text != "1" || len(problems) > 0 {
		t.Errorf("%q, %v", n.Text, problems)
	}
	if problems := v.ReadFile(context.Background(), path+".none"); len(problems) != 1 || problems[0].Code != "unreadable" {
		t.Errorf("problems: %v", problems)
	}
}

func TestVariablesAreBounded(t *testing.T) {
	doubling := func(last string) string {
		var s strings.Builder
		for i := range 60 {
			fmt.Fprintf(&s, "v%d=${v%d}${v%d}\n", i, i+1, i+1)
		}
		return s.String() + "v60=" + last
	}
	chain := func(n int) string {
		var s strings.Builder
		for i := range n {
			fmt.Fprintf(&s, "v%d=${v%d}\n", i, i+1)
		}
		return s.String() + fmt.Sprintf("v%d=x", n)
	}
	for name, c := range map[string]struct{ text, properties, code string }{
		"doubling 60 times":         {"${v0}", doubling("lol"), "variable-too-large"},
		"doubling nothing":          {"${v0}", doubling(""), ""},
		"doubling what is missing":  {"${v0}", doubling("${missing}"), "variable-undefined"},
		"a long chain":              {"${v0}", chain(100_000), "variable-cycle"},
		"a chain":                   {"${v0}", chain(99), ""},
		"many references to much":   {strings.Repeat("${v}", 1000), "v=" + strings.Repeat("x", 1<<19), "variable-too-large"},
		"many references":           {strings.Repeat("${v}", 200_000), "v=x", ""},
		"many undefined":            {strings.Repeat("${w}", 200_000), "v=x", "variable-undefined"},
		"many that are not closed":  {strings.Repeat("${", 400_000), "v=x", "variable-unclear"},
		"many closed by one":        {strings.Repeat("${", 400_000) + "}", "v=x", "variable-unclear"},
		"a long name":               {"${" + strings.Repeat("v", 400_000) + "}", "v=x", "variable-unclear"},
		"many names of other shape": {strings.Repeat("${ v}", 200_000), "v=x", "variable-unclear"},
	} {
		n := mustParse(t, "<a>"+c.text+"</a>")
		v := variables(t, c.properties)
		begin := time.Now()
		problems := v.Apply(n)
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
		if c.code == "" && len(problems) > 0 || c.code != "" && (len(problems) == 0 || len(problems) > maxProblems || problems[0].Code != c.code) {
			t.Errorf("%s: %d problems: %.300v", name, len(problems), problems)
		}
		if len(n.Text) > maxExpandedBytes+DefaultMaxBytes {
			t.Errorf("%s: %d bytes", name, len(n.Text))
		}
	}
}

// shape is what variables must not change.
func shape(n *Node) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s@%s", n.Name, n.Pos)
	for _, a := range n.Attrs {
		fmt.Fprintf(&s, " %s@%s", a.Name, a.Pos)
	}
	s.WriteString("(")
	for _, c := range n.Children {
		s.WriteString(shape(c))
	}
	return s.String() + ")"
}

func TestVariablesNeverChangeStructure(t *testing.T) {
	doc := "<a b='${x}' c='1'>\n${x}<d e='${y}${x}'>${y}</d>${z}<f/>${x}</a>"
	value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"</a>", "<g/>", "]]>", "&lt;", "&x;", "'", "\"", "<!--", "<![CDATA[", "${x}", "%env{MARKUP}", "\n\n"}))
	rapid.Check(t, func(t *rapid.T) {
		n, _ := Parse("a.xml", strings.NewReader(doc), Options{})
		before := shape(n)
		v := NewVariables(testEnvironment)
		x, y := value.Draw(t, "x"), value.Draw(t, "y")
		for _, s := range []string{"x=" + x, "y=" + y} {
			if err := v.Set(s); err != nil {
				t.Fatal(err)
			}
		}
		problems := v.Apply(n)
		if after := shape(n); after != before {
			t.Fatalf("%s became %s", before, after)
		}
		if !strings.Contains(y, "${") && !strings.Contains(y, "%") && !strings.HasPrefix(y, passwordDecoder) && n.Children[0].Text != y {
			t.Fatalf("%q became %q", y, n.Children[0].Text)
		}
		if len(problems) == 0 {
			t.Fatal("${z} is not defined and nobody says so")
		}
		for i := range n.Text {
			if p := n.TextPosition(i); p.Line < 1 || p.Line > 2 || p.Column > 80 {
				t.Fatalf("byte %d of %q is at %s", i, n.Text, p)
			}
		}
	})
}
