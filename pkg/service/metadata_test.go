package service

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestMetadataServices(t *testing.T) {
	addAll := func(inside string) string { return `<add-metadata-service>` + inside + `</add-metadata-service>` }
	element := func(k, v string) string {
		return `<metadata-element><key>` + k + `</key><value>` + v + `</value></metadata-element>`
	}
	mapping := func(pairs ...string) string {
		out := `<map-metadata-service><metadata-key>k</metadata-key><metadata-key-map>`
		for i := 0; i < len(pairs); i += 2 {
			out += `<key-value-pair><key>` + pairs[i] + `</key><value>` + pairs[i+1] + `</value></key-value-pair>`
		}
		return out + `</metadata-key-map></map-metadata-service>`
	}
	filter := func(inside string) string {
		return `<metadata-filter-service><filter ` + inside + `</filter></metadata-filter-service>`
	}
	for _, c := range []struct {
		name, xml string
		before    []string
		want      map[string]string
		fails     string
	}{
		{"add: expressions", addAll(element("a", "%message{jsonPath:$.id}-events")), nil, map[string]string{"a": "7-events"}, ""},
		{"add: text as it stands", addAll(element("a", " x ") + element("b", "")), nil, map[string]string{"a": " x ", "b": ""}, ""},
		{"add: no value element", addAll(`<metadata-element><key>a</key></metadata-element>`), nil, map[string]string{"a": ""}, ""},
		{"add: size", addAll(element("a", "$MSG_SIZE$") + element("b", "x$MSG_SIZE$")), nil, map[string]string{"a": "8", "b": "x$MSG_SIZE$"}, ""},
		{"add: overwrites", addAll(element("a", "2")), []string{"a", "1"}, map[string]string{"a": "2"}, ""},
		{"add: does not overwrite", addAll(`<overwrite>false</overwrite>` + element("a", "%message{nope}") + element("b", "2")), []string{"a", "1"}, map[string]string{"a": "1", "b": "2"}, ""},
		{"add: key by reference", addAll(element("$$name", "v")), []string{"name", "a"}, map[string]string{"name": "a", "a": "v"}, ""},
		{"add: values are not resolved again", addAll(element("a", "%message{evil}")), []string{"evil", "%message{secret}", "secret", "s"},
			map[string]string{"evil": "%message{secret}", "secret": "s", "a": "%message{secret}"}, ""},
		{"add: missing", addAll(element("a", "%message{nope}")), nil, map[string]string{}, `metadata "a": expression %message{nope}`},
		{"add: logger accepted", addAll(`<metadata-logger class="message-logging-with-metadata-keys-only"/>` + element("a", "1")), nil, map[string]string{"a": "1"}, ""},

		{"map: whole value", mapping("v", "no", "v1", "yes"), []string{"k", "v1"}, map[string]string{"k": "yes"}, ""},
		{"map: alternatives are anchored", mapping("a|v", "no", "a|v1", "yes"), []string{"k", "v1"}, map[string]string{"k": "yes"}, ""},
		{"map: first match counts", mapping("v.", "first", "v1", "second"), []string{"k", "v1"}, map[string]string{"k": "first"}, ""},
		{"map: group", mapping(`v(\d)(x)?`, "{1}"), []string{"k", "v1"}, map[string]string{"k": "1"}, ""},
		{"map: group that took no part", mapping(`v(\d)(x)?`, "{2}"), []string{"k", "v1"}, map[string]string{"k": ""}, ""},
		{"map: whole match", mapping(`v.`, "{0}"), []string{"k", "v1"}, map[string]string{"k": "v1"}, ""},
		{"map: group inside a text is text", mapping(`v(\d)`, "x{1}"), []string{"k", "v1"}, map[string]string{"k": "x{1}"}, ""},
		{"map: expression", mapping(`v.`, "%message{o}-%message{k}"), []string{"k", "v1", "o", "y"}, map[string]string{"k": "y-v1", "o": "y"}, ""},
		{"map: data is no group", mapping(`v(.)`, "%message{o}"), []string{"k", "v1", "o", "{1}"}, map[string]string{"k": "{1}", "o": "{1}"}, ""},
		{"map: no match", mapping("x", "y"), []string{"k", "v1"}, map[string]string{"k": "v1"}, ""},
		{"map: no metadata", mapping("x", "y"), nil, map[string]string{}, ""},
		{"map: missing", mapping("v1", "%message{nope}"), []string{"k", "v1"}, map[string]string{"k": "v1"}, `new value of metadata "k"`},

		{"filter: found anywhere", filter(`class="regex-metadata-filter"><include-pattern>b</include-pattern>`), []string{"abc", "1", "x", "2"}, map[string]string{"abc": "1"}, ""},
		{"filter: anchored", filter(`class="regex-metadata-filter"><include-pattern>^b$</include-pattern>`), []string{"abc", "1", "b", "2"}, map[string]string{"b": "2"}, ""},
		{"filter: several", filter(`class="regex-metadata-filter"><include-pattern>a</include-pattern><include-pattern>b</include-pattern><exclude-pattern>c</exclude-pattern><exclude-pattern>d</exclude-pattern>`),
			[]string{"a", "1", "b", "2", "ac", "3", "bd", "4", "x", "5"}, map[string]string{"a": "1", "b": "2"}, ""},
		{"filter: excludes only", filter(`class="regex-metadata-filter"><exclude-pattern>a</exclude-pattern>`), []string{"a", "1", "b", "2"}, map[string]string{"b": "2"}, ""},
		{"filter: no pattern", filter(`class="regex-metadata-filter">`), []string{"a", "1"}, map[string]string{"a": "1"}, ""},
		{"filter: none", filter(`class="no-op-metadata-filter">`), []string{"a", "1"}, map[string]string{"a": "1"}, ""},
		{"filter: all", filter(`class="remove-all-metadata-filter">`), []string{"a", "1", "$$b", "2"}, map[string]string{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMessage(`{"id":7}`, c.before...)
			err := decode[component.Service](t, c.xml).Apply(t.Context(), m)
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("error is %v; want %q", err, c.fails)
			}
			if diff := cmp.Diff(c.want, metadataOf(m)); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddMetadataKnowsTheUniqueID(t *testing.T) {
	m := newMessage("")
	if err := decode[component.Service](t, add("id", "$UNIQUE_ID$")).Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if id, _ := m.Metadata("id"); id != m.ID() {
		t.Errorf("id is %q", id)
	}
}

// TestConfigurationFaults is about what services find wrong with themselves when the document is checked.
func TestConfigurationFaults(t *testing.T) {
	for _, c := range []struct{ name, xml, want string }{
		{"add: nothing", `<add-metadata-service/>`, "warning: add-metadata-service: has no <metadata-element>"},
		{"add: no key", `<add-metadata-service><metadata-element><value>x</value></metadata-element></add-metadata-service>`, "has no <key>"},
		{"map: no such group", `<map-metadata-service><metadata-key>k</metadata-key><metadata-key-map><key-value-pair><key>(a)</key><value>{2}</value></key-value-pair></metadata-key-map></map-metadata-service>`,
			"is {2}, but <key> (a) has 1 groups"},
		{"map: bad pattern", `<map-metadata-service><metadata-key>k</metadata-key><metadata-key-map><key-value-pair><key>(a</key></key-value-pair></metadata-key-map></map-metadata-service>`, "regular expression"},
		{"filter: bad pattern", `<metadata-filter-service><filter class="regex-metadata-filter"><include-pattern>(</include-pattern></filter></metadata-filter-service>`, "regular expression"},
		{"filter: none", `<metadata-filter-service/>`, "has no <filter>"},
		{"splitter: split-on-line 0", `<advanced-message-splitter-service><splitter class="line-count-splitter"><split-on-line>0</split-on-line></splitter><service class="null-service"/></advanced-message-splitter-service>`,
			"at least 1"},
		{"splitter: none", `<advanced-message-splitter-service><service class="null-service"/></advanced-message-splitter-service>`, "has no <splitter>"},
		{"splitter: of another kind", `<advanced-message-splitter-service><splitter class="mime-part-splitter"/><service class="null-service"/></advanced-message-splitter-service>`, "known to Interlok, not supported here"},
		{"if: no condition", `<if-then-otherwise><then/></if-then-otherwise>`, "has no <condition>"},
		{"if: bad pattern", `<if-then-otherwise><condition class="payload"><operator class="matches"><value>(?=x)</value></operator></condition><then/></if-then-otherwise>`, "no regular expression that is supported here"},
		{"if: bad algorithm", `<if-then-otherwise><condition class="expression"><algorithm>1 +</algorithm></condition><then/></if-then-otherwise>`, "<algorithm> of expression the end at character 4"},
		{"json-path: no execution", `<json-path-service/>`, "it does nothing"},
		{"json-path: bad path", `<json-path-service><json-path-execution><source class="constant-data-input-parameter"><value>$[</value></source><target class="string-payload-data-output-parameter"/></json-path-execution></json-path-service>`,
			"jsonpath $[ cannot be read"},
		{"json-path: bad charset", `<json-path-service><json-path-execution><source class="constant-data-input-parameter"><value>$.a</value></source><target class="string-payload-data-output-parameter"><content-encoding>x-no</content-encoding></target></json-path-execution></json-path-service>`,
			`the character set "x-no" is not known`},
		{"timestamp: bad pattern", `<add-timestamp-metadata-service><date-format-builder><format>yyyy-MM-ddT</format></date-format-builder></add-timestamp-metadata-service>`, "has the letter T, which means nothing"},
		{"timestamp: bad zone", `<add-timestamp-metadata-service><date-format-builder><timezone>Mars</timezone></date-format-builder></add-timestamp-metadata-service>`, `the time zone "Mars" is not known`},
		{"timestamp: bad offset", `<add-timestamp-metadata-service><timestamp-generator class="offset-timestamp-generator"><offset>1 day</offset></timestamp-generator></add-timestamp-metadata-service>`, "is no ISO 8601 duration"},
		{"timestamp: blank key", `<add-timestamp-metadata-service><metadata-key> </metadata-key></add-timestamp-metadata-service>`, "is blank"},
		{"timestamp: other builder", `<add-timestamp-metadata-service><date-format-builder class="date-format-builder-with-optional-fraction-and-offset"/></add-timestamp-metadata-service>`, "known to Interlok, not supported here"},
		{"log: bad level", `<log-message-service><log-level>LOUD</log-level></log-message-service>`, "allowed: TRACE, DEBUG"},
		{"throw: nothing", `<throw-exception-service/>`, "has no <exception-generator>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := decodeWith(t, c.xml, sharedParts{})
			if len(problems) != 1 || !strings.Contains(problems[0], c.want) {
				t.Errorf("problems are %q; want one with %q", problems, c.want)
			}
		})
	}
}
