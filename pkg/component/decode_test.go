package component_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// kitchen has a field of every form.
type kitchen struct {
	component.ServiceBase
	Text     string               `xml:"text,required" example:"some text" doc:"text"`
	Choice   string               `xml:"choice" default:"A" enum:"A,B" doc:"a choice"`
	Flag     bool                 `xml:"flag" default:"true" doc:"a flag"`
	Number   int                  `xml:"number" default:"5" min:"1" max:"9" doc:"a number"`
	Long     int64                `xml:"long" doc:"a long"`
	Ratio    float64              `xml:"ratio" default:"0.5" doc:"a ratio"`
	Wait     component.Interval   `xml:"wait" default:"3s" min:"1ms" doc:"a time"`
	Secret   document.Secret      `xml:"secret" doc:"a secret"`
	Template *expr.Template       `xml:"template" doc:"an expression"`
	Inner    component.Service    `xml:"inner" default:"plain-for-test" doc:"a service"`
	Part     *part                `xml:"part" doc:"a part"`
	Pairs    []component.KeyValue `xml:"config>key-value-pair" doc:"pairs"`
	Names    []string             `xml:"name,implicit" doc:"names"`
	List     []component.Service  `xml:"services>*" doc:"services"`
	Rest     []component.Service  `xml:"*,implicit" doc:"more services"`
	Ignored  string               `xml:"ignored" effect:"none" doc:"without effect"`
}

func (*kitchen) Apply(context.Context, *message.Message) error { return nil }

type plain struct{ component.ServiceBase }

func (*plain) Apply(context.Context, *message.Message) error { return nil }

type part struct {
	A string `xml:"a" doc:"a"`
}

// Check implements component.Checker.
func (p *part) Check(r *component.Report) {
	if p.A == "bad" {
		r.Errorf("a", "bad-a", "is bad; give it another")
	}
}

type other struct{}

func init() {
	component.Register[kitchen]("kitchen-for-test", "org.example.Kitchen", component.KindService, "every form of field")
	component.Register[plain]("plain-for-test", "org.example.Plain", component.KindService, "no field")
	component.Register[other]("other-for-test", "", component.KindPart, "no service")
}

func decode(t *testing.T, text string) (*kitchen, document.Problems) {
	t.Helper()
	tree, problems := document.Parse("a.xml", strings.NewReader(text), document.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	env := document.Environment{Variables: map[string]string{"KEY": "from-env"}}
	d := component.NewDecoder(env)
	k, _ := component.Decode[*kitchen](d, tree, "")
	return k, d.Problems()
}

func TestDecodeFillsEveryForm(t *testing.T) {
	k, problems := decode(t, `<kitchen-for-test>
  <unique-id>k1</unique-id><text>t</text><choice>B</choice><flag>false</flag><number> 7 </number><long>-9</long><ratio>1.25</ratio>
  <wait><unit>MILLISECONDS</unit><interval>250</interval></wait>
  <secret>%env{KEY}</secret><template>x-%message{k}</template>
  <inner class="org.example.Plain"><unique-id>deep</unique-id></inner>
  <part><a>v</a></part>
  <config><key-value-pair><key>k</key><value> v </value></key-value-pair></config>
  <name>n1</name><name>n2</name>
  <services><plain-for-test/><anything class="plain-for-test"/></services>
  <plain-for-test><unique-id>loose</unique-id></plain-for-test>
</kitchen-for-test>`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := fmt.Sprint(k.UniqueID, k.Enabled, k.Text, k.Choice, k.Flag, k.Number, k.Long, k.Ratio, k.Wait, k.Secret.Reveal(), k.Template.Text(), k.Inner.Base().UniqueID, k.Part.A,
		k.Pairs[0].Key, k.Pairs[0].Value, k.Names, len(k.List), k.Rest[0].Base().UniqueID)
	want := fmt.Sprint("k1", true, "t", "B", false, 7, -9, 1.25, component.Interval{Duration: 250 * time.Millisecond, Set: true}, "from-env", "x-%message{k}", "deep", "v", "k", " v ", []string{"n1", "n2"}, 2, "loose")
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDecodeGivesDefaults(t *testing.T) {
	k, problems := decode(t, `<kitchen-for-test><text>t</text></kitchen-for-test>`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if k.Choice != "A" || !k.Flag || k.Number != 5 || k.Ratio != 0.5 || k.Wait.Duration != 3*time.Second || k.Wait.Set || k.Inner == nil || !k.Enabled || k.Template != nil {
		t.Errorf("defaults: %+v", k)
	}
}

func TestDecodeRefusesWithPositionAndWayOut(t *testing.T) {
	const head = "<kitchen-for-test>\n<text>t</text>\n"
	for _, c := range []struct{ name, text, want string }{
		{"unknown element", head + "<nubmer>5</nubmer></kitchen-for-test>", "a.xml:3:1: <nubmer> is no element of kitchen-for-test; did you mean <number>?"},
		{"no enum value", head + "<choice>C</choice></kitchen-for-test>", `a.xml:3:9: <choice> of kitchen-for-test is "C"; allowed: A, B`},
		{"no boolean", head + "<flag>yes</flag></kitchen-for-test>", `a.xml:3:7: <flag> of kitchen-for-test is "yes"; it takes true or false`},
		{"out of range", head + "<number>10</number></kitchen-for-test>", `a.xml:3:9: <number> of kitchen-for-test is 10; it takes a whole number from 1 to 9`},
		{"no number", head + "<number>ten</number></kitchen-for-test>", `a.xml:3:9: <number> of kitchen-for-test is "ten"; it takes a whole number from 1 to 9`},
		{"no unit", head + "<wait><unit>FORTNIGHT</unit></wait></kitchen-for-test>", `a.xml:3:7: <unit> in <wait> of kitchen-for-test: "FORTNIGHT" is no time unit; use NANOSECONDS`},
		{"interval as text", head + "<wait>5</wait></kitchen-for-test>", `a.xml:3:7: <wait> of kitchen-for-test is "5"; write <wait><unit>SECONDS</unit>`},
		{"missing", "<kitchen-for-test/>", `a.xml:1:1: kitchen-for-test has no <text>, which it needs; add it, such as <text>some text</text>`},
		{"blank", "<kitchen-for-test><text>  </text></kitchen-for-test>", `a.xml:1:19: <text> of kitchen-for-test is blank; give it a value such as some text`},
		{"twice", head + "<number>1</number><number>2</number></kitchen-for-test>", `a.xml:3:19: <number> of kitchen-for-test is given twice, first at a.xml:3:1; keep one`},
		{"stray text", head + "stray</kitchen-for-test>", `text "stray" stands in kitchen-for-test, which has elements only`},
		{"attribute", head + `<number unit="x">1</number></kitchen-for-test>`, `a.xml:3:9: unit is no attribute of <number>`},
		{"class not known", head + `<inner class="plain-for-tset"/></kitchen-for-test>`, `a.xml:3:8: "plain-for-tset" is no component that Interlok or this program knows; did you mean plain-for-test?`},
		{"class missing", head + `<inner/></kitchen-for-test>`, `a.xml:3:1: <inner> needs a class attribute that says which component it is; it takes`},
		{"wrong kind", head + `<inner class="other-for-test"/></kitchen-for-test>`, `a.xml:3:8: other-for-test is a part and can not stand in <inner>, which takes`},
		{"Interlok's own", head + `<inner class="jms-topic-consumer"/></kitchen-for-test>`, `a.xml:3:8: jms-topic-consumer (com.adaptris.core.jms.PasConsumer, module interlok-core) is known to Interlok, not supported here`},
		{"Interlok's own by class", head + `<inner class="com.adaptris.core.jms.PasConsumer"/></kitchen-for-test>`, `jms-topic-consumer (com.adaptris.core.jms.PasConsumer, module interlok-core) is known to Interlok, not supported here`},
		{"Interlok's own in a list", head + `<services><gzip-service/></services></kitchen-for-test>`, `a.xml:3:11: gzip-service (com.adaptris.core.services.GzipService, module interlok-core) is known to Interlok, not supported here`},
		{"part's own check", head + `<part><a>bad</a></part></kitchen-for-test>`, `a.xml:3:7: <a> of part is bad; give it another`},
		{"pair without key", head + `<config><key-value-pair><value>v</value></key-value-pair></config></kitchen-for-test>`, `a.xml:3:9: <key-value-pair> has no <key>`},
		{"elements in text", head + `<number><b/></number></kitchen-for-test>`, `a.xml:3:9: <b> stands in <number> of kitchen-for-test, which has text only`},
		{"no source for %env", head + `<template>%env{NOPE}</template></kitchen-for-test>`, `a.xml:3:11: <template> of kitchen-for-test is no valid expression:`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := decode(t, c.text)
			if text := problems.Errors().Error(); !strings.Contains(text, c.want) {
				t.Errorf("got:\n%s\nwant it to contain:\n%s", text, c.want)
			}
		})
	}
}

func TestDecodeTellsAllErrorsAtOnce(t *testing.T) {
	_, problems := decode(t, "<kitchen-for-test>\n<choice>C</choice>\n<number>0</number>\n<inner class='nope'/>\n</kitchen-for-test>")
	var lines []int
	for _, p := range problems.Errors() {
		lines = append(lines, p.Pos.Line)
	}
	if diff := cmp.Diff([]int{2, 3, 4, 1}, lines); diff != "" {
		t.Errorf("lines of errors (-want +got):\n%s\n%v", diff, problems)
	}
}

func TestDecodeNotesWhatHasNoEffectOnce(t *testing.T) {
	_, problems := decode(t, `<kitchen-for-test><text>t</text><ignored class="whatever"><x/></ignored><services><kitchen-for-test><text>t</text><ignored/></kitchen-for-test></services></kitchen-for-test>`)
	if len(problems) != 1 || problems[0].Severity != document.SeverityNote || !strings.Contains(problems[0].Message, "<ignored> of kitchen-for-test is accepted, without effect") {
		t.Errorf("problems: %v", problems)
	}
}

func TestDecodeNeverShowsAValueThatCameFromAVariable(t *testing.T) {
	tree, problems := document.Parse("a.xml", strings.NewReader("<kitchen-for-test><text>t</text><number>${n}</number></kitchen-for-test>"), document.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	v := document.NewVariables(document.Environment{})
	if err := v.Set("n=hunter2"); err != nil {
		t.Fatal(err)
	}
	if p := v.Apply(tree); len(p) > 0 {
		t.Fatal(p)
	}
	d := component.NewDecoder(document.Environment{})
	component.Decode[*kitchen](d, tree, "")
	text := d.Problems().Error()
	if strings.Contains(text, "hunter2") || !strings.Contains(text, "${n}") {
		t.Errorf("error: %s", text)
	}
}

func TestDescribeListsFieldsOfEmbeddedStructsToo(t *testing.T) {
	d, ok := component.Describe("org.example.Kitchen")
	if !ok {
		t.Fatal("not found by its Java class")
	}
	byName := map[string]component.FieldDescription{}
	for _, f := range d.Fields {
		byName[f.Element] = f
	}
	if f := byName["number"]; f.Default != "5" || f.Range != "a whole number from 1 to 9" {
		t.Errorf("number: %+v", f)
	}
	if f := byName["continue-on-fail"]; f.Default != "false" {
		t.Errorf("continue-on-fail: %+v", f)
	}
	if f := byName["ignored"]; f.Effect != "none" {
		t.Errorf("ignored: %+v", f)
	}
}

func TestCatalogKnowsInterlok(t *testing.T) {
	if n := len(component.CatalogAliases()); n != 853 {
		t.Errorf("the catalog has %d components, want 853", n)
	}
	byAlias, _ := component.Catalog("fs-consumer")
	byClass, _ := component.Catalog("com.adaptris.core.fs.FsConsumer")
	if byAlias.Class != "com.adaptris.core.fs.FsConsumer" || byClass.Alias != "fs-consumer" {
		t.Errorf("fs-consumer: %+v, %+v", byAlias, byClass)
	}
}
