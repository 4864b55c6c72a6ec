package service

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

func TestMetadataFilters(t *testing.T) {
	filter := func(alias, inside string) string {
		return `<metadata-filter-service><filter class="` + alias + `">` + inside + `</filter></metadata-filter-service>`
	}
	long := strings.Repeat("é", 254)
	for _, c := range []metadataCase{
		{"empty values go", filter("discard-empty-values-metadata-filter", ""), "", []string{"a", "", "b", " "}, map[string]string{"b": " "}, ""},
		{"long values go", filter("discard-values-too-long-metadata-filter", ""), "", []string{"a", long + "😀", "b", long + "x😀", "c", ""}, map[string]string{"a": long + "😀", "c": ""}, ""},
		{"longer than asked for", filter("discard-values-too-long-metadata-filter", "<max-length-chars>1</max-length-chars>"), "", []string{"a", "12", "b", "1"}, map[string]string{"b": "1"}, ""},
		{"JMS headers go", filter("exclude-jms-headers", ""), "", []string{"JMSType", "1", "xJMS", "2"}, map[string]string{"xJMS": "2"}, ""},
		{"fixed values", filter("fixed-values-metadata-filter", "<metadata><key-value-pair><key>x</key><value>%message{a}</value></key-value-pair></metadata>"), "", []string{"a", "1"},
			map[string]string{"x": "%message{a}"}, ""},
		{"mapped keys", filter("mapped-key-metadata-filter", "<prefix>^h_(.)</prefix><replacement>$1.</replacement>"), "", []string{"h_ab", "1", "xh_a", "2"}, map[string]string{"a.b": "1", "xh_a": "2"}, ""},
		{"mapped keys: removed", filter("mapped-key-metadata-filter", "<prefix>_</prefix>"), "", []string{"_a_b", "1"}, map[string]string{"ab": "1"}, ""},
		{"ordered items", filter("ordered-item-metadata-filter", "<metadata-key>b</metadata-key><metadata-key>None</metadata-key>"), "", []string{"a", "1", "b", "2", "none", "3"}, map[string]string{"b": "2", "None": ""}, ""},
		{"ordered items in any case", filter("ordered-item-metadata-filter", "<metadata-key>NONE</metadata-key><ignore-case>true</ignore-case>"), "", []string{"a", "1", "none", "3"}, map[string]string{"NONE": "3"}, ""},
		{"one after the other", filter("composite-metadata-filter", `<regex-metadata-filter><exclude-pattern>a</exclude-pattern></regex-metadata-filter><mapped-key-metadata-filter><prefix>b</prefix><replacement>a</replacement></mapped-key-metadata-filter>`), "",
			[]string{"a", "1", "b", "2"}, map[string]string{"a": "2"}, ""},
		{"none of a composite", filter("composite-metadata-filter", ""), "", []string{"a", "1"}, map[string]string{"a": "1"}, ""},
		{"damaged password", filter("password-decoder-metadata-filter", "<password-pattern>pass</password-pattern>"), "", []string{"mypass", "PW:x"}, map[string]string{"mypass": "PW:x"}, `metadata "mypass": `},
		{"password that is none", filter("password-decoder-metadata-filter", "<password-pattern>pass</password-pattern>"), "", []string{"mypass", "plain"}, map[string]string{"mypass": "plain"}, ""},
	} {
		c.run(t)
	}
}

func TestMetadataFiltersReportFaults(t *testing.T) {
	for _, c := range []struct{ xml, want string }{
		{`<metadata-filter-service><filter class="mapped-key-metadata-filter"><prefix>a</prefix><replacement>$1</replacement></filter></metadata-filter-service>`, `is "$1", which is no replacement for a`},
		{`<metadata-filter-service><filter class="password-encoder-metadata-filter"><style>ROT13</style></filter></metadata-filter-service>`, `"ROT13" is no form of a secret`},
		{`<metadata-filter-service><filter class="composite-metadata-filter"><trim-metadata-service/></filter></metadata-filter-service>`, "trim-metadata-service"},
	} {
		if _, problems := decodeWith(t, c.xml, sharedParts{}); len(problems) == 0 || !strings.Contains(strings.Join(problems, "\n"), c.want) {
			t.Errorf("problems are %q; want one with %q", problems, c.want)
		}
	}
}

func TestPasswordFiltersUndoEachOther(t *testing.T) {
	both := func(style string) string {
		return `<metadata-filter-service><filter class="password-encoder-metadata-filter"><password-pattern>^p</password-pattern><style>` + style + `</style></filter></metadata-filter-service>`
	}
	back := decode[component.Service](t, `<metadata-filter-service><filter class="password-decoder-metadata-filter"><password-pattern>^p</password-pattern></filter></metadata-filter-service>`)
	for _, style := range []string{document.FormPW, document.FormGCM} {
		m := newMessage("", "p", "sécret", "x", "open")
		if err := component.Apply(t.Context(), decode[component.Service](t, both(style)), m); err != nil {
			t.Fatal(err)
		}
		if got, _ := m.Metadata("p"); !strings.HasPrefix(got, style) || strings.Contains(got, "cret") {
			t.Errorf("encoded as %q", got)
		}
		if err := component.Apply(t.Context(), back, m); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"p": "sécret", "x": "open"}, metadataOf(m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", style, diff)
		}
	}
}

func TestPasswordDecoderTakesValuesForData(t *testing.T) {
	t.Setenv("ADAPTERD_CANARY", "canary")
	s := decode[component.Service](t, `<metadata-filter-service><filter class="password-decoder-metadata-filter"><password-pattern>p</password-pattern></filter></metadata-filter-service>`)
	m := newMessage("", "p", "%env{ADAPTERD_CANARY}")
	err := component.Apply(t.Context(), s, m)
	if got, _ := m.Metadata("p"); strings.Contains(got, "canary") || err != nil && strings.Contains(err.Error(), "canary") {
		t.Errorf("the value became %q, %v", got, err)
	}
}

func TestFilterThatChangesNothingKeepsPartsShared(t *testing.T) {
	s := decode[component.Service](t, `<metadata-filter-service><filter class="no-op-metadata-filter"/></metadata-filter-service>`)
	m := newMessage("", "a", "1")
	part := m.Child(nil)
	part.SetPart(3)
	if err := component.Apply(t.Context(), s, part); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "currentSplitCount": "3"}, metadataOf(part)); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}
