package service

import (
	"strings"
	"testing"
)

const jsonPayload = `{"id":"abc","n":1.10,"big":12345678901234567890,"z":null,"b":true,"o":{"y":1,"x":[ "p" , 2.50 ]},"a":["p","q"],"dup":[{"k":"1"},{"k":"2"}],"e":[],"s":"[x]"}`

func TestJSONPathReadsValues(t *testing.T) {
	const empty, none = `<null-converter class="null-to-empty-string-converter"/>`, `<null-converter class="nulls-not-supported-converter"/>`
	for _, c := range []struct{ name, path, execution, service, want, fails string }{
		{"text", "$.id", "", "", "abc", ""},
		{"number", "$.n", "", "", "1.10", ""},
		{"big number", "$.big", "", "", "12345678901234567890", ""},
		{"boolean", "$.b", "", "", "true", ""},
		{"object, keys in order, compact", "$.o", "", "", `{"y":1,"x":["p",2.50]}`, ""},
		{"array", "$.a", "", "", `["p","q"]`, ""},
		{"index", "$.a[1]", "", "", "q", ""},
		{"index from the end", "$.a[-1]", "", "", "q", ""},
		{"all", "$", "", "", "", "unwritten"},
		{"many", "$.dup[*].k", "", "", `["1","2"]`, ""},
		{"many of one", "$.dup[?(@.k=='2')].k", "", "", `["2"]`, ""},
		{"many of none", "$.dup[*].nope", "", "", `[]`, ""},
		{"many of an empty array", "$.e[*]", "", "", `[]`, ""},
		{"anywhere", "$..y", "", "", `[1]`, ""},
		{"many below nothing", "$.nope[*]", "", "", "", "jsonpath $.nope[*]: leads to nothing"},
		{"missing", "$.nope", "", "", "", "jsonpath $.nope: leads to nothing"},
		{"missing below a text", "$.id.x", "", "", "", "leads to nothing"},
		{"index too high", "$.a[2]", "", "", "", "leads to nothing"},
		{"missing, suppressed", "$.nope", "<suppress-path-not-found>true</suppress-path-not-found>", "", "unset", ""},
		{"null", "$.z", "", "", "null", ""},
		{"null to empty", "$.z", empty, "", "", ""},
		{"null refused", "$.z", none, "", "", "found null"},
		{"null passed through", "$.z", `<null-converter class="null-pass-through-converter"/>`, "", "", "found null"},
		{"null refused is not suppressed", "$.z", none + "<suppress-path-not-found>true</suppress-path-not-found>", "", "", "found null"},
		{"unwrapped", "$..y", "", "<unwrap-json>true</unwrap-json>", "1", ""},
		{"unwrapped text keeps its quotes", "$.dup[*].k", "", "<unwrap-json>true</unwrap-json>", `"1","2"`, ""},
		{"unwrapped text that looks like an array", "$.s", "", "<unwrap-json>true</unwrap-json>", "x", ""},
		{"nothing to unwrap", "$.id", "", "<unwrap-json>true</unwrap-json>", "abc", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*JSONPath](t, `<json-path-service><source class="string-payload-data-input-parameter"/><json-path-execution><source class="constant-data-input-parameter"><value>`+c.path+
				`</value></source><target class="metadata-data-output-parameter"><metadata-key>out</metadata-key></target>`+c.execution+`</json-path-execution>`+c.service+`</json-path-service>`)
			m := newMessage(jsonPayload, "out", "unset")
			err := s.Apply(t.Context(), m)
			out, _ := m.Metadata("out")
			switch {
			case c.fails == "unwritten":
				if err != nil || !strings.HasPrefix(out, `{"id":"abc","n":1.10,`) {
					t.Errorf("got %q, error %v", out, err)
				}
			case c.fails != "":
				if err == nil || !strings.Contains(err.Error(), c.fails) || out != "unset" {
					t.Errorf("error is %v, got %q; want %q", err, out, c.fails)
				}
			case err != nil || out != c.want:
				t.Errorf("got %q, error %v; want %q", out, err, c.want)
			}
		})
	}
}

func TestJSONPathSourcesAndTargets(t *testing.T) {
	path := func(source, target string) string {
		return `<json-path-execution><source class=` + source + `</source><target class=` + target + `</target></json-path-execution>`
	}
	const toPayload, toOut = `"string-payload-data-output-parameter">`, `"metadata-data-output-parameter"><metadata-key>out</metadata-key>`
	constant := func(p string) string { return `"constant-data-input-parameter"><value>` + p + `</value>` }
	for _, c := range []struct{ name, inside, payload, out, fails string }{
		{"source by default", path(constant("$.id"), toOut), jsonPayload, "abc", ""},
		{"to the payload", path(constant("$.o.x"), toPayload), `["p",2.50]`, "", ""},
		{"executions read the old document", path(constant("$.id"), toPayload) + path(constant("$.n"), toOut), "abc", "1.10", ""},
		{"path from metadata", path(`"metadata-data-input-parameter"><metadata-key>path</metadata-key>`, toOut), jsonPayload, "q", ""},
		{"path from an expression", path(constant("$.%message{field}[0]"), toOut), jsonPayload, "p", ""},
		{"bad path from metadata", path(`"metadata-data-input-parameter"><metadata-key>badpath</metadata-key>`, toOut), "", "", "jsonpath $[ cannot be read"},
		{"path from metadata that is not there", path(`"metadata-data-input-parameter"><metadata-key>nope</metadata-key>`, toOut), "", "", `has no metadata "nope"`},
		{"document in metadata", `<source class="metadata-data-input-parameter"><metadata-key>doc</metadata-key></source>` + path(constant("$.in"), toOut), jsonPayload, "metadata", ""},
		{"document in metadata that is none", `<source class="metadata-data-input-parameter"><metadata-key>path</metadata-key></source>` + path(constant("$.in"), toOut), "", "", "what <source> gave is not JSON"},
		{"constant document", `<source class="constant-data-input-parameter"><value>{"c":"%message{field}"}</value></source>` + path(constant("$.c"), toOut), jsonPayload, "a", ""},
		{"standard-execution", strings.ReplaceAll(path(constant("$.a[0]"), toOut), "json-path-execution", "standard-execution"), jsonPayload, "p", ""},
		{"standard-execution of null", strings.ReplaceAll(path(constant("$.z"), toOut), "json-path-execution", "standard-execution"), "", "", "found null"},
		{"second execution fails", path(constant("$.id"), toOut) + path(constant("$.nope"), toOut), "", "", "leads to nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*JSONPath](t, `<json-path-service>`+c.inside+`</json-path-service>`)
			m := newMessage(jsonPayload, "path", "$.a[1]", "badpath", "$[", "field", "a", "doc", `{"in":"metadata"}`)
			err := s.Apply(t.Context(), m)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error is %v; want %q", err, c.fails)
				}
				return
			}
			if out, _ := m.Metadata("out"); err != nil || out != c.out || string(m.Payload()) != c.payload {
				t.Errorf("out is %q, payload %s, error %v", out, m.Payload(), err)
			}
		})
	}
}

func TestJSONPathFailsOnWhatIsNoJSON(t *testing.T) {
	s := decode[*JSONPath](t, `<json-path-service><json-path-execution><source class="constant-data-input-parameter"><value>$.a</value></source>
		<target class="string-payload-data-output-parameter"><content-encoding>ISO-8859-1</content-encoding></target><suppress-path-not-found>true</suppress-path-not-found></json-path-execution></json-path-service>`)
	for _, payload := range []string{"", "{bad", "<xml/>"} {
		if err := s.Apply(t.Context(), newMessage(payload)); err == nil || !strings.Contains(err.Error(), "json-path-service: the payload is not JSON") {
			t.Errorf("%q: error is %v", payload, err)
		}
	}
	m := newMessage(`{"a":"é"}`)
	if err := s.Apply(t.Context(), m); err != nil || string(m.Payload()) != "\xe9" || m.Encoding() != "ISO-8859-1" {
		t.Errorf("payload is %q in %s, error %v", m.Payload(), m.Encoding(), err)
	}
}
