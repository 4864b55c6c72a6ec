package service

import (
	"context"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestServicesThatMakeMetadata(t *testing.T) {
	pair := func(k, v string) string {
		return "<key-value-pair><key>" + k + "</key><value>" + v + "</value></key-value-pair>"
	}
	format := func(f, inside string) string {
		return "<add-formatted-metadata-service><format-string>" + f + "</format-string><argument-metadata-key>a</argument-metadata-key>" +
			"<argument-metadata-key>b</argument-metadata-key><metadata-key>out</metadata-key>" + inside + "</add-formatted-metadata-service>"
	}
	ab := []string{"a", "x", "b", "yz"}
	with := func(out string) map[string]string { return map[string]string{"a": "x", "b": "yz", "out": out} }
	compare := func(comparator, inside string) string {
		return `<metadata-comparison-service><first-key>a</first-key><second-key>b</second-key><comparator class="` + comparator + `"><result-key>out</result-key>` +
			inside + `</comparator></metadata-comparison-service>`
	}
	same := func(a, b, out string) ([]string, map[string]string) {
		return []string{"a", a, "b", b}, map[string]string{"a": a, "b": b, "out": out}
	}
	query := func(q, inside string) string {
		return "<regexp-metadata-service>" + inside + "<regexp-metadata-query><metadata-key>out</metadata-key><query-expression>" + q + "</query-expression></regexp-metadata-query></regexp-metadata-service>"
	}
	cases := []metadataCase{
		{"copy", "<copy-metadata-service><metadata-keys>" + pair("a", "b") + pair("b", "out") + pair("none", "c") + "</metadata-keys></copy-metadata-service>", "", ab,
			map[string]string{"a": "x", "b": "x", "out": "yz"}, ""},
		{"append", "<metadata-appender-service><append-key>b</append-key><append-key>none</append-key><append-key>a</append-key><result-key>out</result-key></metadata-appender-service>", "", ab, with("yzx"), ""},
		{"append: default key", "<metadata-appender-service><append-key>a</append-key></metadata-appender-service>", "", []string{"a", "x"}, map[string]string{"a": "x", "metadata-appender-service": "x"}, ""},
		{"extract", "<extract-metadata-from-metadata><source-key>b</source-key><regular-expression>(.)(.)(q)?</regular-expression><metadata-keys><string>o1</string><string>o2</string><string>o3</string></metadata-keys></extract-metadata-from-metadata>", "", ab,
			map[string]string{"a": "x", "b": "yz", "o1": "y", "o2": "z", "o3": ""}, ""},
		{"extract: no match", "<extract-metadata-from-metadata><source-key>b</source-key><regular-expression>(y)</regular-expression><metadata-keys><string>o1</string></metadata-keys></extract-metadata-from-metadata>", "", ab, map[string]string{"a": "x", "b": "yz"}, ""},
		{"extract: missing", "<extract-metadata-from-metadata><source-key>none</source-key><regular-expression>(y)</regular-expression><metadata-keys><string>o1</string></metadata-keys></extract-metadata-from-metadata>", "", nil, map[string]string{}, `no metadata "none"`},
		{"validate", "<validate-metadata-service><required-key>a</required-key></validate-metadata-service>", "", ab, map[string]string{"a": "x", "b": "yz"}, ""},
		{"validate: missing", "<validate-metadata-service><required-key>a</required-key><required-key>none</required-key><required-key>c</required-key></validate-metadata-service>", "", []string{"a", "1", "c", " "},
			map[string]string{"a": "1", "c": " "}, `validate-metadata-service: missing or blank metadata: "none", "c"`},

		{"format", format("%1$s-%2$s %s%s%%%n", ""), "", ab, with("x-yz xyz%\n"), ""},
		{"format: width and precision", format("[%5s][%-3S][%2$.1s][%&lt;s]", ""), "", ab, with("[    x][YZ ][y][yz]"), ""},
		{"format: hash", format("%h %b", ""), "", ab, with("78 true"), ""},
		{"format: expression", format("%message{a}%2$s", ""), "", ab, with("xyz"), ""},
		{"format: key and value", format("%s %s", `<element-formatter class="element-key-and-value-formatter"/>`), "", ab, with("a=x b=yz"), ""},
		{"format: missing", format("%s", ""), "", []string{"a", "x"}, map[string]string{"a": "x"}, `no metadata "b"`},
		{"format: bad at run time", format("%message{a}", ""), "", []string{"a", "%d", "b", ""}, map[string]string{"a": "%d", "b": ""}, `<format-string> "%d": %d: metadata are texts`},

		{"regexp", query("id=([0-9]+)", ""), "xid=7,id=8", nil, map[string]string{"out": "7"}, ""},
		{"regexp: none", query("id=([0-9]+)", ""), "x", nil, map[string]string{}, `metadata "out": id=([0-9]+) is not found in the payload`},
		{"regexp: empty left out", query("id=([0-9]*)", "<add-null-values>false</add-null-values>"), "id=", nil, map[string]string{}, ""},
		{"regexp: none allowed", "<regexp-metadata-service><regexp-metadata-query><metadata-key>out</metadata-key><query-expression>(x)</query-expression><allow-nulls>true</allow-nulls></regexp-metadata-query></regexp-metadata-service>",
			"", nil, map[string]string{"out": ""}, ""},

		{"query", `<create-query-string-from-metadata><result-key>out</result-key><metadata-filter class="regex-metadata-filter"><include-pattern>^[ab]$</include-pattern></metadata-filter></create-query-string-from-metadata>`, "",
			[]string{"b", "ü &", "a", "1", "c", "2"}, map[string]string{"a": "1", "b": "ü &", "c": "2", "out": "?a=1&b=%C3%BC+%26"}, ""},
		{"query: empty", `<create-query-string-from-metadata><result-key>out</result-key></create-query-string-from-metadata>`, "", []string{"a", "1"}, map[string]string{"a": "1", "out": ""}, ""},
		{"query: ordered", `<create-query-string-from-metadata><result-key>out</result-key><separator>;</separator><include-query-prefix>false</include-query-prefix><metadata-filter class="ordered-item-metadata-filter"><metadata-key>b</metadata-key><metadata-key>a</metadata-key></metadata-filter></create-query-string-from-metadata>`, "",
			ab, with("b=yz;a=x"), ""},
		{"form", `<www-url-form-encoded-payload-to-metadata><metadata-prefix>f.</metadata-prefix></www-url-form-encoded-payload-to-metadata>`, "a=1+2&b=%C3%BC&&c&d=x=y\n",
			[]string{"Content-Type", "Application/x-www-form-urlencoded; charset=UTF-8"},
			map[string]string{"Content-Type": "Application/x-www-form-urlencoded; charset=UTF-8", "f.a": "1 2", "f.b": "ü", "f.c": "true", "f.d": "x=y"}, ""},
		{"form: other type", `<www-url-form-encoded-payload-to-metadata/>`, "a=1", []string{"Content-Type", "text/plain"}, map[string]string{"Content-Type": "text/plain"}, ""},
		{"form: no type", `<www-url-form-encoded-payload-to-metadata/>`, "a=1", nil, map[string]string{}, ""},
		{"form: bad value", `<www-url-form-encoded-payload-to-metadata/>`, "a=1&b=%", []string{"Content-Type", formType}, map[string]string{"Content-Type": formType}, `the value of "b"`},

		{"payload to metadata", `<payload-to-metadata><key>out</key></payload-to-metadata>`, "é\xFF", nil, map[string]string{"out": "é\uFFFD"}, ""},
		{"payload to metadata: Base64", `<payload-to-metadata><key>out</key><encoding>Base64</encoding></payload-to-metadata>`, "\xFF", nil, map[string]string{"out": "/w=="}, ""},
		{"payload to metadata: quoted", `<payload-to-metadata><key>out</key><encoding>Quoted_Printable</encoding></payload-to-metadata>`, "é=", nil, map[string]string{"out": "=C3=A9=3D"}, ""},

		{"resolve: document", `<resolve-expression-service><input class="constant-data-input-parameter"><value>%message{a}</value></input><output class="metadata-data-output-parameter"><metadata-key>out</metadata-key></output></resolve-expression-service>`, "",
			[]string{"a", "%message{b}"}, map[string]string{"a": "%message{b}", "out": "%message{b}"}, ""},
		{"resolve: message", `<resolve-expression-service><input class="string-payload-data-input-parameter"/><output class="metadata-data-output-parameter"><metadata-key>out</metadata-key></output></resolve-expression-service>`,
			"<%message{a}>", []string{"a", "1"}, map[string]string{"a": "1", "out": "<1>"}, ""},
		{"resolve: fails", `<resolve-expression-service><input class="string-payload-data-input-parameter"/><output class="metadata-data-output-parameter"><metadata-key>out</metadata-key></output></resolve-expression-service>`,
			"%message{none}", nil, map[string]string{}, "resolve-expression-service: "},
	}
	for _, c := range []struct{ comparator, inside, a, b, out string }{
		{"metadata-equals", "", "x", "X", "false"}, {"metadata-equals", "<ignore-case>true</ignore-case>", "x", "X", "true"},
		{"metadata-equals-ignore-case", "", "ü", "Ü", "true"},
		{"metadata-contains", "", "abc", "b", "true"}, {"metadata-contains", "", "b", "abc", "false"}, {"metadata-contains-ignore-case", "", "aBc", "b", "true"},
		{"metadata-starts-with", "", "abc", "ab", "true"}, {"metadata-starts-with", "", "abc", "AB", "false"}, {"metadata-starts-with-ignore-case", "", "abc", "AB", "true"},
		{"metadata-ends-with", "", "abc", "bc", "true"}, {"metadata-ends-with", "", "abc", "ab", "false"}, {"metadata-ends-with-ignore-case", "", "abc", "BC", "true"},
		{"metadata-compare-timestamps", "", "2024-01-01T00:00:00+0000", "2024-01-01T01:00:00+0100", "0"},
		{"metadata-compare-timestamps", "<date-format>yyyyMMdd</date-format>", "20240102", "20240103", "-1"},
	} {
		before, want := same(c.a, c.b, c.out)
		cases = append(cases, metadataCase{c.comparator + ": " + c.a + " and " + c.b, compare(c.comparator, c.inside), "", before, want, ""})
	}
	cases = append(cases,
		metadataCase{"compare: missing", compare("metadata-equals", ""), "", []string{"a", "1"}, map[string]string{"a": "1"}, `no metadata "b" to compare`},
		metadataCase{"compare: no time", compare("metadata-compare-timestamps", ""), "", []string{"a", "1", "b", "2"}, map[string]string{"a": "1", "b": "2"}, "is no date of the pattern"})
	for _, c := range cases {
		c.run(t)
	}
}

func TestComparisonNamesItsOutcomeByItsClass(t *testing.T) {
	metadataCase{"no result-key", `<metadata-comparison-service><first-key>a</first-key><second-key>a</second-key><comparator class="metadata-contains"/></metadata-comparison-service>`, "",
		[]string{"a", "1"}, map[string]string{"a": "1", "com.adaptris.core.services.metadata.compare.Contains": "true"}, ""}.run(t)
}

func TestComparatorsAreOperatorsOfConditions(t *testing.T) {
	for _, c := range []struct {
		operator, inside, value string
		want                    bool
	}{
		{"metadata-equals", "%message{b}", "1", true}, {"metadata-equals", "2", "1", false}, {"metadata-equals-ignore-case", "X", "x", true},
		{"metadata-contains", "b", "abc", true}, {"metadata-contains-ignore-case", "B", "abc", true}, {"metadata-starts-with", "b", "abc", false},
		{"metadata-starts-with-ignore-case", "A", "abc", true}, {"metadata-ends-with", "c", "abc", true}, {"metadata-ends-with-ignore-case", "C", "abc", true},
		{"metadata-compare-timestamps", "2024-01-01T01:00:00+0100", "2024-01-01T00:00:00+0000", true}, {"metadata-compare-timestamps", "x", "y", false},
	} {
		s := decode[*IfElse](t, `<if-then-otherwise><condition class="metadata"><metadata-key>a</metadata-key><operator class="`+c.operator+`"><value>`+c.inside+
			`</value></operator></condition><then><service class="add-metadata-service"><metadata-element><key>out</key><value>yes</value></metadata-element></service></then></if-then-otherwise>`)
		for there, m := range map[bool][]string{true: {"a", c.value, "b", "1"}, false: {"b", "1"}} {
			m := newMessage("", m...)
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			if _, got := m.Metadata("out"); got != (c.want && there) {
				t.Errorf("%s of %q and %q is %v (value there: %v)", c.operator, c.value, c.inside, got, there)
			}
		}
	}
}

func TestMetadataToPayload(t *testing.T) {
	service := func(inside string) string {
		return "<metadata-to-payload><key>k</key>" + inside + "</metadata-to-payload>"
	}
	const object = "<metadata-source>Object</metadata-source>"
	for _, c := range []struct {
		name, xml, value string
		object           any
		want, fails      string
	}{
		{"text", service(""), "é %message{k}", nil, "é %message{k}", ""},
		{"Base64", service("<encoding>MIME_Base64</encoding>"), "/w\r\n==", nil, "\xFF", ""},
		{"quoted", service("<encoding>Quoted_Printable</encoding>"), "=C3=A9=3D", nil, "é=", ""},
		{"bad Base64", service("<encoding>Base64</encoding>"), "!", nil, "before", `metadata-to-payload: metadata "k": the value is no Base64`},
		{"missing", "<metadata-to-payload><key>none</key></metadata-to-payload>", "", nil, "before", `metadata "none": the message does not have it`},
		{"object", service(object), "", []byte("\xFE"), "\xFE", ""},
		{"no object", service(object), "", nil, "before", "does not have it in memory"},
		{"other object", service(object), "", 7, "before", "no bytes but int"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMessage("before", "k", c.value)
			if c.object != nil {
				m.SetObject("k", c.object)
			}
			err := component.Apply(t.Context(), decode[component.Service](t, c.xml), m)
			if (err != nil) != (c.fails != "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("error is %v; want %q", err, c.fails)
			}
			if string(m.Payload()) != c.want {
				t.Errorf("payload is %q; want %q", m.Payload(), c.want)
			}
		})
	}
}

func TestPayloadFromForm(t *testing.T) {
	s := decode[component.Service](t, `<www-url-form-encoded-payload-from-metadata><metadata-filter class="no-op-metadata-filter"/></www-url-form-encoded-payload-from-metadata>`)
	m := newMessage("before", "b", "ü", "a", "1 2")
	m.SetEncoding("ISO-8859-1")
	if err := component.Apply(t.Context(), s, m); err != nil {
		t.Fatal(err)
	}
	if got := string(m.Payload()) + " " + m.Encoding(); got != "a=1+2&b=%C3%BC UTF-8" {
		t.Errorf("payload and encoding are %q", got)
	}
}

func TestObjectsBecomeMetadata(t *testing.T) {
	keep := decode[component.Service](t, `<payload-to-metadata><key>kept</key><metadata-target>Object</metadata-target></payload-to-metadata>`)
	convert := decode[component.Service](t, `<convert-object-metadata-service><object-metadata-key-regexp>kept|n|adp.*</object-metadata-key-regexp></convert-object-metadata-service>`)
	m := newMessage("é")
	m.SetObject("n", 7)
	m.SetObject("not kept", "x")
	branchTo(m, "x")
	changeLoggingContext(m, func(map[string]string) {})
	for _, s := range []component.Service{keep, convert} {
		if err := component.Apply(t.Context(), s, m); err != nil {
			t.Fatal(err)
		}
	}
	got := metadataOf(m)
	if len(got) != 2 || got["kept"] != "é" || got["n"] != "7" {
		t.Errorf("metadata are %v", got)
	}
}

func TestLoggingContextTravelsWithTheMessage(t *testing.T) {
	core, lines := observer.New(zap.DebugLevel)
	ctx := component.WithLogger(context.Background(), zap.New(core))
	m := newMessage("", "order", "7")
	apply := func(xml string) {
		t.Helper()
		if err := component.Apply(ctx, decode[component.Service](t, xml), m); err != nil {
			t.Fatal(err)
		}
	}
	const log = `<logging-service><text>order %message{order}</text><log-level>INFO</log-level></logging-service>`
	fields := func() map[string]any {
		t.Helper()
		all := lines.TakeAll()
		if len(all) != 1 {
			t.Fatalf("%d lines", len(all))
		}
		got := all[0].ContextMap()
		delete(got, "metadata")
		delete(got, "payload")
		if got["message"] != m.ID() {
			t.Errorf("fields are %v", got)
		}
		delete(got, "message")
		return got
	}
	apply(`<add-logging-context-service><key>id</key><value>$UNIQUE_ID$</value></add-logging-context-service>`)
	apply(`<add-extended-logging-context-service><values-to-set><key-value-pair><key>order</key><value>no %message{order}</value></key-value-pair><key-value-pair><key>x</key><value>y</value></key-value-pair></values-to-set></add-extended-logging-context-service>`)
	other := m.Clone()
	apply(log)
	if got := fields(); len(got) != 3 || got["id"] != m.ID() || got["order"] != "no 7" || got["x"] != "y" {
		t.Errorf("fields are %v", got)
	}
	apply(`<remove-logging-context-service><key>%message{order}</key><key>order</key><key>id</key></remove-logging-context-service>`)
	apply(`<log-message-service/>`)
	if got := fields(); len(got) != 1 || got["x"] != "y" {
		t.Errorf("fields are %v", got)
	}
	apply(`<clear-logging-context-service/>`)
	apply(log)
	if got := fields(); len(got) != 0 {
		t.Errorf("fields are %v", got)
	}
	if len(loggingContext(other)) != 3 {
		t.Errorf("the copy has %v", loggingContext(other))
	}
}
