package document

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const xi = ` xmlns:xi="http://www.w3.org/2001/XInclude"`

func TestInclude(t *testing.T) {
	for name, c := range map[string]struct{ root, want, problems string }{
		"a file":                {`<a` + xi + `><xi:include href="parts/b.xml"/><d/></a>`, "a@a.xml:1:1(b@parts/b.xml:2:1(c@parts/c.xml:1:1())d@a.xml:1:79())", ""},
		"a URL":                 {`<a` + xi + `><xi:include href="file:parts/c.xml" parse="xml"/></a>`, "a@a.xml:1:1(c@parts/c.xml:1:1())", ""},
		"a variable":            {`<a` + xi + `><xi:include href="${dir}/c.xml"/></a>`, "a@a.xml:1:1(c@parts/c.xml:1:1())", ""},
		"another prefix":        {`<a><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="parts/c.xml"/></a>`, "a@a.xml:1:1(c@parts/c.xml:1:1())", ""},
		"no prefix":             {`<a><include xmlns="http://www.w3.org/2001/XInclude" href="parts/c.xml"/></a>`, "a@a.xml:1:1(c@parts/c.xml:1:1())", ""},
		"no include":            {`<a><include href="parts/c.xml"/></a>`, "a@a.xml:1:1(include@a.xml:1:4())", ""},
		"a fallback":            {`<a` + xi + `><xi:include href="none.xml"><xi:fallback><e/><xi:include href="parts/c.xml"/></xi:fallback></xi:include></a>`, "a@a.xml:1:1(e@a.xml:1:88()c@parts/c.xml:1:1())", ""},
		"a fallback not needed": {`<a` + xi + `><xi:include href="parts/c.xml"><xi:fallback><e/></xi:fallback></xi:include></a>`, "a@a.xml:1:1(c@parts/c.xml:1:1())", ""},
		"missing":               {`<a` + xi + `><xi:include href="none.xml"/></a>`, "a@a.xml:1:1()", "error a.xml:1:65: none.xml cannot be included: no such file or directory"},
		"no href":               {`<a` + xi + `><xi:include/></a>`, "a@a.xml:1:1()", `error a.xml:1:47: <xi:include> has no href; name the file, as in href="channel.xml"`},
		"undefined":             {`<a` + xi + `><xi:include href="${x}"/></a>`, "a@a.xml:1:1()", "error a.xml:1:65: the variable ${x} is not defined; give it with --set x=…, or in a properties file with --variables"},
		"over HTTP":             {`<a` + xi + `><xi:include href="http://h/x?token=canary"/></a>`, "a@a.xml:1:1()", "error a.xml:1:65: href: http://h/x is no file; give a path or a file URL such as file:///var/messages; only files can be included"},
		"text":                  {`<a` + xi + `><xi:include href="x" parse="text"/></a>`, "a@a.xml:1:1()", `error a.xml:1:47: <xi:include> with parse="text" is not supported; only XML can be included`},
		"xpointer":              {`<a` + xi + `><xi:include href="x" xpointer="y"/></a>`, "a@a.xml:1:1()", "error a.xml:1:47: <xi:include> with xpointer is not supported; put the part into a file of its own"},
		"a cycle":               {`<a` + xi + `><xi:include href="cycle.xml"/></a>`, "a@a.xml:1:1(cycle@cycle.xml:1:1())", "error cycle.xml:1:69: a.xml includes itself"},
		"itself":                {`<a` + xi + `><xi:include href="./a.xml"/></a>`, "a@a.xml:1:1()", "error a.xml:1:65: a.xml includes itself"},
		"a broken file":         {`<a` + xi + `><xi:include href="broken.xml"/></a>`, "a@a.xml:1:1()", "error broken.xml:2:1: <b> is never closed, the file ends in line 2; add </b>"},
		"the root":              {`<xi:include` + xi + ` href="parts/c.xml"/>`, "xi:include@a.xml:1:1()", "error a.xml:1:1: the root element cannot be an include; put it into an <adapter>"},
		"a root in it":          {`<a` + xi + `><xi:include href="root.xml"/></a>`, "a@a.xml:1:1()", "error root.xml:1:1: the root element cannot be an include; include that file directly"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, map[string]string{
				"a.xml": c.root, "parts/b.xml": "<!-- -->\n<b" + xi + "><xi:include href='c.xml'/></b>", "parts/c.xml": "<c/>",
				"cycle.xml": "<cycle" + xi + "><xi:include href='a.xml'/></cycle>", "broken.xml": "\n<b>", "root.xml": "<xi:include" + xi + " href='parts/c.xml'/>",
			})
			root, problems := ParseFile("a.xml", Options{})
			if root == nil {
				t.Fatal(problems)
			}
			v := NewVariables(Environment{})
			if err := v.Set("dir=parts"); err != nil {
				t.Fatal(err)
			}
			problems = Include(context.Background(), root, v, Options{})
			if diff := cmp.Diff(c.problems, summary(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.want, places(root)); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
		})
	}
}

// places is the elements of a tree with where they stand; it fails where a parent is wrong.
func places(n *Node) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s@%s(", n.Name, n.Pos)
	for _, c := range n.Children {
		if c.Parent != n {
			s.WriteString("orphan ")
		}
		s.WriteString(places(c))
	}
	return s.String() + ")"
}

func TestIncludeIsBounded(t *testing.T) {
	files := map[string]string{"big.xml": "<b>" + strings.Repeat("<c/>", 1000) + "</b>", "deep.xml": strings.Repeat("<d>", 50) + strings.Repeat("</d>", 50)}
	for i := range 12 {
		next := fmt.Sprintf("<xi:include href='%d.xml'/>", i+1)
		files[fmt.Sprintf("%d.xml", i)] = "<a" + xi + ">" + next + next + "</a>"
	}
	files["12.xml"] = "<end/>"
	for name, c := range map[string]struct {
		text, problem string
		o             Options
	}{
		"files in files": {"<xi:include href='0.xml'/>", "included more than 10 deep", Options{}},
		"bytes":          {strings.Repeat("<xi:include href='big.xml'/>", 100), "more than", Options{MaxBytes: 50_000}},
		"nodes":          {strings.Repeat("<xi:include href='big.xml'/>", 100), "elements, attributes and texts", Options{MaxNodes: 5_000}},
		"depth":          {"<xi:include href='deep.xml'/>", "50 elements deep", Options{MaxDepth: 50}},
	} {
		t.Run(name, func(t *testing.T) {
			files["start.xml"] = "<s" + xi + ">" + c.text + "</s>"
			write(t, files)
			root, problems := ParseFile("start.xml", c.o)
			if root == nil {
				t.Fatal(problems)
			}
			problems = Include(context.Background(), root, nil, c.o)
			if len(problems) == 0 || !strings.Contains(problems[0].Message, c.problem) {
				t.Errorf("problems: %.300v", problems)
			}
		})
	}
}
