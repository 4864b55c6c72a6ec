package service

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
)

// transformCase is a service with one message.
type transformCase struct {
	name, xml, payload string
	metadata           []string
	want, wantErr      string
	wantMetadata       map[string]string
}

func (c transformCase) run(t *testing.T) {
	t.Helper()
	t.Run(c.name, func(t *testing.T) {
		s := decode[component.Service](t, c.xml)
		m := newMessage(c.payload, c.metadata...)
		err := component.Apply(t.Context(), s, m)
		if c.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), c.wantErr) {
				t.Fatalf("error %v\nwant %s", err, c.wantErr)
			}
			if string(m.Payload()) != c.payload {
				t.Errorf("the payload of a failed message became %s", m.Payload())
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := string(m.Payload()); got != c.want {
			t.Errorf("payload %s\nwant    %s", got, c.want)
		}
		for key, want := range c.wantMetadata {
			if got, _ := m.Metadata(key); got != want {
				t.Errorf("metadata %s is %q, want %q", key, got, want)
			}
		}
	})
}

func TestJSONToMetadata(t *testing.T) {
	const payload = `{"id":"abc","f":1.10,"big":12345678901234567890,"z":null,"o":{"x": "deep"},"a":[1, 2],"e":"h\u00e9"}`
	for _, c := range []transformCase{
		{name: "all kinds", xml: `<json-to-metadata/>`, payload: payload, want: payload,
			wantMetadata: map[string]string{"id": "abc", "f": "1.10", "big": "12345678901234567890", "z": "null", "o": `{"x":"deep"}`, "a": "[1,2]", "e": "hé"}},
		{name: "prefix", xml: `<json-to-metadata><metadata-prefix>p.</metadata-prefix></json-to-metadata>`, payload: payload, want: payload,
			wantMetadata: map[string]string{"p.id": "abc", "id": ""}},
		{name: "null as empty text", xml: `<json-to-metadata><null-converter class="null-to-empty-string-converter"/></json-to-metadata>`, payload: `{"z":null}`,
			metadata: []string{"z", "before"}, want: `{"z":null}`, wantMetadata: map[string]string{"z": ""}},
		{name: "null refused", xml: `<json-to-metadata><null-converter class="nulls-not-supported-converter"/></json-to-metadata>`, payload: `{"z":null}`,
			wantErr: `json-to-metadata: member "z": found null`},
		{name: "no object", xml: `<json-to-metadata/>`, payload: `[1]`, want: `[1]`},
		{name: "no JSON", xml: `<json-to-metadata/>`, payload: `{bad`, want: `{bad`},
		{name: "empty", xml: `<json-to-metadata/>`},
		{name: "the first of JSON lines", xml: `<json-to-metadata/>`, payload: "{\"a\":\"1\"}\n{\"a\":\"2\"}\n", want: "{\"a\":\"1\"}\n{\"a\":\"2\"}\n", wantMetadata: map[string]string{"a": "1"}},
	} {
		c.run(t)
	}
}

func TestMetadataToJSON(t *testing.T) {
	numeric := []string{"i", "2", "f", "1.10", "neg", "-0.5", "exp", "1e3", "plus", "+5", "dot", ".5", "suffix", "1f", "octal", "007", "nine", "09", "hex", "0x1F", "long", "1L", "text", "x", "empty", ""}
	for _, c := range []transformCase{
		{name: "keys in order", xml: `<metadata-to-json-service/>`, payload: "old", metadata: []string{"b", `q"é`, "a", "2"}, want: `{"a":"2","b":"q\"é"}`},
		{name: "none", xml: `<metadata-to-json-service/>`, payload: "old", want: `{}`},
		{name: "line feed", xml: `<metadata-to-json-service><add-trailing-newline>true</add-trailing-newline></metadata-to-json-service>`, metadata: []string{"a", "2"}, want: "{\"a\":\"2\"}\n"},
		{name: "filter", xml: `<metadata-to-json-service><metadata-filter class="regex-metadata-filter"><include-pattern>^a</include-pattern></metadata-filter></metadata-to-json-service>`,
			metadata: []string{"a", "1", "b", "2"}, want: `{"a":"1"}`},
		{name: "numbers", xml: `<metadata-to-json-service><convert-numeric>true</convert-numeric></metadata-to-json-service>`, metadata: numeric,
			want: `{"dot":0.5,"empty":"","exp":1e3,"f":1.10,"hex":"0x1F","i":2,"long":"1L","neg":-0.5,"nine":"09","octal":7,"plus":5,"suffix":1,"text":"x"}`},
	} {
		c.run(t)
	}
}

func TestMetadataToJSONWritesUTF8(t *testing.T) {
	m := newMessage("old", "a", "é")
	m.SetEncoding("ISO-8859-1")
	if err := component.Apply(t.Context(), decode[component.Service](t, `<metadata-to-json-service/>`), m); err != nil {
		t.Fatal(err)
	}
	if string(m.Payload()) != `{"a":"é"}` || m.Encoding() != "UTF-8" {
		t.Errorf("%s in %s", m.Payload(), m.Encoding())
	}
}

func TestJSONLines(t *testing.T) {
	for _, c := range []transformCase{
		{name: "array to lines", xml: `<json-array-to-lines-transform/>`, payload: `[ {"a": 1.10}, "t\n", [1, 2], null ]`, want: "{\"a\":1.10}\n\"t\\n\"\n[1,2]\nnull\n"},
		{name: "empty array", xml: `<json-array-to-lines-transform/>`, payload: `[]`},
		{name: "object to lines", xml: `<json-array-to-lines-transform/>`, payload: `{"a":1}`, wantErr: "json-array-to-lines-transform: the payload is JSON, but no array"},
		{name: "bad array", xml: `<json-array-to-lines-transform/>`, payload: `[{"a":1}`, wantErr: "json-array-to-lines-transform: the payload is "},
		{name: "lines to array", xml: `<json-lines-to-array-transform/>`, payload: "{\"a\": 1.10}\r\n\n  {\"b\":\"\u00e9\"}", want: `[{"a":1.10},{"b":"é"}]`},
		{name: "no lines", xml: `<json-lines-to-array-transform/>`, payload: "\n", want: `[]`},
		{name: "bad line", xml: `<json-lines-to-array-transform/>`, payload: "{\"a\":1}\n\n{bad", wantErr: "json-lines-to-array-transform: line 3 of the payload is "},
		{name: "line without object", xml: `<json-lines-to-array-transform/>`, payload: "{\"a\":1}\n[1]\n", wantErr: "line 2 of the payload is JSON, but no object: [1]"},
	} {
		c.run(t)
	}
}

func TestVerifyIsJSON(t *testing.T) {
	const basic = `<verify-is-json><deserializer class="basic-json-deserializer"/></verify-is-json>`
	for _, c := range []transformCase{
		{name: "object", xml: `<verify-is-json/>`, payload: `{"a":1}`, want: `{"a":1}`},
		{name: "number", xml: `<verify-is-json/>`, payload: `1`, want: `1`},
		{name: "bad", xml: `<verify-is-json/>`, payload: `{bad`, wantErr: "verify-is-json: the payload is "},
		{name: "something behind", xml: `<verify-is-json/>`, payload: `{} x`, wantErr: "verify-is-json: the payload is "},
		{name: "empty", xml: `<verify-is-json/>`, wantErr: "verify-is-json: the payload is "},
		{name: "basic, array", xml: basic, payload: `[]`, want: `[]`},
		{name: "basic, number", xml: basic, payload: `1`, wantErr: "neither an object nor an array"},
	} {
		c.run(t)
	}
}

func jq(query, more string) string {
	return `<json-jq-transform><query-source class="constant-data-input-parameter"><value><![CDATA[` + query + `]]></value></query-source>` + more + `</json-jq-transform>`
}

func TestJQ(t *testing.T) {
	const all = `<metadata-filter class="no-op-metadata-filter"/>`
	for _, c := range []transformCase{
		{name: "one result", xml: jq(`{id: .order.id, n: .n}`, ""), payload: `{"order":{"id":12345678901234567890},"n":1.10}`, want: `{"id":12345678901234567890,"n":1.10}`},
		{name: "several results", xml: jq(`.[]`, ""), payload: `[1,2]`, want: `[1,2]`},
		{name: "no result", xml: jq(`empty`, ""), payload: `[1,2]`, want: `[]`},
		{name: "halt", xml: jq(`1, halt, 2`, ""), payload: `{}`, want: `1`},
		{name: "metadata", xml: jq(`.k = $metadata.key`, all), payload: `{}`, metadata: []string{"key", "v"}, want: `{"k":"v"}`},
		{name: "no metadata", xml: jq(`$metadata`, ""), payload: `{}`, metadata: []string{"key", "v"}, want: `{}`},
		{name: "no environment", xml: jq(`env | length`, ""), payload: `{}`, want: `0`},
		{name: "filter from metadata", xml: `<json-jq-transform><query-source class="metadata-data-input-parameter"><metadata-key>q</metadata-key></query-source></json-jq-transform>`,
			payload: `{"a":[1]}`, metadata: []string{"q", ".a[0]"}, want: `1`},
		{name: "bad filter from metadata", xml: `<json-jq-transform><query-source class="metadata-data-input-parameter"><metadata-key>q</metadata-key></query-source></json-jq-transform>`,
			payload: `{}`, metadata: []string{"q", ".a["}, wantErr: "json-jq-transform: the jq filter cannot be read"},
		{name: "failing", xml: jq(`.a.b`, ""), payload: `{"a":1}`, wantErr: "json-jq-transform: the jq filter failed"},
		{name: "failing after a result", xml: jq(`1, error("x")`, ""), payload: `{"a":1}`, wantErr: "json-jq-transform: the jq filter failed"},
		{name: "no JSON", xml: jq(`.`, ""), payload: `{bad`, wantErr: "json-jq-transform: the payload is "},
	} {
		c.run(t)
	}
	if _, problems := decodeWith(t, jq(".a[", ""), sharedParts{}); len(problems) != 1 || !strings.Contains(problems[0], "the jq filter cannot be read") {
		t.Errorf("a bad filter is not reported: %v", problems)
	}
}

func TestJQStopsWithItsContext(t *testing.T) {
	s := decode[component.Service](t, jq(`[repeat(1)]`, ""))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- component.Apply(ctx, s, newMessage(`{}`)) }()
	cancel()
	if err := <-done; err == nil {
		t.Error("an endless filter ended without an error")
	}
}

func TestJSONPathStreaming(t *testing.T) {
	execution := func(path, more string) string {
		return `<json-path-streaming-service><json-path-execution><source class="constant-data-input-parameter"><value>` + path +
			`</value></source><target class="metadata-data-output-parameter"><metadata-key>k</metadata-key></target>` + more + `</json-path-execution></json-path-streaming-service>`
	}
	const payload = `{"b":[{"t":"x"},{"t":"y"}],"one":[{"t":1.10}],"z":null,"o":{"p":[1]}}`
	for _, c := range []transformCase{
		{name: "text", xml: execution("$.b[0].t", ""), payload: payload, want: payload, wantMetadata: map[string]string{"k": "x"}},
		{name: "several", xml: execution("$.b[*].t", ""), payload: payload, want: payload, wantMetadata: map[string]string{"k": `["x","y"]`}},
		{name: "one of a path for several", xml: execution("$.one[*].t", ""), payload: payload, want: payload, wantMetadata: map[string]string{"k": "1.10"}},
		{name: "object", xml: execution("$.o", ""), payload: payload, want: payload, wantMetadata: map[string]string{"k": `{"p":[1]}`}},
		{name: "null", xml: execution("$.z", ""), payload: payload, want: payload, wantMetadata: map[string]string{"k": "null"}},
		{name: "unwrapped", xml: strings.Replace(execution("$.o.p", ""), "</json-path-streaming", "<unwrap-json>true</unwrap-json></json-path-streaming", 1), payload: payload, want: payload, wantMetadata: map[string]string{"k": "1"}},
		{name: "nothing", xml: execution("$.none", ""), payload: payload, wantErr: "json-path-streaming-service: jsonpath $.none: leads to nothing"},
		{name: "nothing, allowed", xml: execution("$.none", "<suppress-path-not-found>true</suppress-path-not-found>"), payload: payload, want: payload},
		{name: "from metadata", xml: strings.Replace(execution("$.a", ""), "<json-path-execution>", `<source class="metadata-stream-input-parameter"><metadata-key>doc</metadata-key></source><json-path-execution>`, 1),
			payload: "p", metadata: []string{"doc", `{"a":"m"}`}, want: "p", wantMetadata: map[string]string{"k": "m"}},
		{name: "no JSON", xml: execution("$.b", ""), payload: `{bad`, wantErr: "json-path-streaming-service: the payload is "},
	} {
		c.run(t)
	}
}

func TestYAMLToJSON(t *testing.T) {
	for _, c := range []transformCase{
		{name: "order and kinds", payload: "b: 1.10\na: [x, 'true', true, ~, 12345678901234567890]\nc:\n  d: |\n    two\n    lines\n", want: `{"b":1.10,"a":["x","true",true,null,12345678901234567890],"c":{"d":"two\nlines\n"}}`},
		{name: "numbers that JSON does not have", payload: "[0x1F, 1_000, 0o17, +5, .5, .inf, .nan, 2024-02-29]", want: `[31,1000,15,5,0.5,".inf",".nan","2024-02-29"]`},
		{name: "words that were booleans once", payload: "[yes, off, TRUE, False]", want: `["yes","off",true,false]`},
		{name: "aliases and merges", payload: "base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\nagain: *b\n", want: `{"base":{"x":1,"y":2},"mine":{"y":3,"x":1},"again":{"x":1,"y":2}}`},
		{name: "keys that are no texts", payload: "1: a\ntrue: b\n", want: `{"1":"a","true":"b"}`},
		{name: "first document", payload: "---\na: 1\n---\na: 2\n", want: `{"a":1}`},
		{name: "JSON", payload: `{"a": [1, {"b": "c"}]}`, want: `{"a":[1,{"b":"c"}]}`},
		{name: "empty", wantErr: "yaml-to-json: what <source> gave cannot be converted: it is empty"},
		{name: "bad", payload: "a: [1", wantErr: "it is not YAML"},
		{name: "list as key", payload: "? [a]\n: b\n", wantErr: "line 1: a key is a list or a mapping"},
		{name: "merge of a text", payload: "<<: x\n", wantErr: "line 1: << has a text; it takes a mapping"},
		{name: "alias of itself", payload: "&a [*a]\n", wantErr: "an alias inside of what it names"},
		{name: "aliases that explode", payload: explodingYAML(), wantErr: "values"},
		{name: "too deep", payload: strings.Repeat("[", 5000) + strings.Repeat("]", 5000), wantErr: "levels"},
		{name: "far too deep", payload: strings.Repeat("[", 500000), wantErr: "not YAML"},
	} {
		c.xml = `<yaml-to-json/>`
		c.run(t)
	}
	transformCase{name: "from and to metadata", xml: `<yaml-to-json><source class="metadata-data-input-parameter"><metadata-key>y</metadata-key></source>
		<target class="metadata-data-output-parameter"><metadata-key>j</metadata-key></target></yaml-to-json>`,
		payload: "p", metadata: []string{"y", "a: b"}, want: "p", wantMetadata: map[string]string{"j": `{"a":"b"}`}}.run(t)
}

// explodingYAML stands for 10^9 values.
func explodingYAML() string {
	text := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'j'; i++ {
		text += string(i) + ": &" + string(i) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(i-1)+",", 10), ",") + "]\n"
	}
	return text
}

func FuzzYAMLToJSON(f *testing.F) {
	for _, seed := range []string{"a: 1", "[0x1F, .inf]", "a: &a [*a]", "<<: {a: 1}", "? a\n: b", "!!binary aGk=", "!!int x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := yamlValue(text)
		if err != nil {
			return
		}
		if _, err := expr.ParseJSONBytes([]byte(expr.JSONText(value))); err != nil {
			t.Errorf("%q became %s: %v", text, expr.JSONText(value), err)
		}
	})
}

func TestFileInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "q.jq")
	if err := os.WriteFile(path, []byte(".a"), 0o600); err != nil {
		t.Fatal(err)
	}
	query := func(url string) string {
		return `<json-jq-transform><query-source class="file-data-input-parameter"><url>` + url + `</url></query-source></json-jq-transform>`
	}
	for _, c := range []transformCase{
		{name: "file URL", xml: query("file://" + path), payload: `{"a":1}`, want: `1`},
		{name: "path by expression", xml: query("%message{path}"), payload: `{"a":1}`, metadata: []string{"path", path}, want: `1`},
		{name: "no file", xml: query(path + "x"), payload: `{"a":1}`, wantErr: "json-jq-transform: <query-source>: " + path + "x cannot be read: "},
		{name: "directory", xml: query(filepath.Dir(path)), payload: `{"a":1}`, wantErr: "is no regular file"},
	} {
		c.run(t)
	}
	if _, problems := decodeWith(t, query("http://127.0.0.1/q.jq"), sharedParts{}); len(problems) != 1 || !strings.Contains(problems[0], "<url> of file-data-input-parameter") {
		t.Errorf("a server's URL is not refused: %v", problems)
	}
}

func patchOf(flags string) string {
	return `<json-patch-apply><patch-source class="metadata-input-stream-wrapper"><metadata-key>patch</metadata-key></patch-source>` + flags + `</json-patch-apply>`
}

func TestJSONPatchApply(t *testing.T) {
	const nulls = `<flags><json-patch-apply-flag>MISSING_VALUES_AS_NULLS</json-patch-apply-flag></flags>`
	const lenient = `<flags><json-patch-apply-flag>REMOVE_NONE_EXISTING_ARRAY_ELEMENT</json-patch-apply-flag></flags>`
	for _, c := range []struct{ name, document, patch, flags, want, wantErr string }{
		{name: "add a member", document: `{"b":1.10,"a":2}`, patch: `[{"op":"add","path":"/c","value":3}]`, want: `{"b":1.10,"a":2,"c":3}`},
		{name: "add replaces a member", document: `{"a":1}`, patch: `[{"op":"add","path":"/a","value":2}]`, want: `{"a":2}`},
		{name: "add to an array", document: `[1,3]`, patch: `[{"op":"add","path":"/1","value":2},{"op":"add","path":"/-","value":4}]`, want: `[1,2,3,4]`},
		{name: "add the document", document: `[1]`, patch: `[{"op":"add","path":"","value":{}}]`, want: `{}`},
		{name: "remove", document: `{"a":[1,2],"b":0}`, patch: `[{"op":"remove","path":"/a/0"},{"op":"remove","path":"/b"}]`, want: `{"a":[2]}`},
		{name: "replace in place", document: `{"a":1,"b":2}`, patch: `[{"op":"replace","path":"/a","value":[]}]`, want: `{"a":[],"b":2}`},
		{name: "move", document: `{"a":{"b":1},"c":[0]}`, patch: `[{"op":"move","from":"/a/b","path":"/c/0"}]`, want: `{"a":{},"c":[1,0]}`},
		{name: "copy", document: `{"a":1}`, patch: `[{"op":"copy","from":"/a","path":"/b"}]`, want: `{"a":1,"b":1}`},
		{name: "test by value", document: `{"a":{"x":1.0,"y":2}}`, patch: `[{"op":"test","path":"/a","value":{"y":2,"x":1}}]`, want: `{"a":{"x":1.0,"y":2}}`},
		{name: "escapes", document: `{"a/b":1,"m~n":2}`, patch: `[{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/m~0n"}]`, want: `{}`},
		{name: "missing value", document: `{}`, patch: `[{"op":"add","path":"/a"}]`, wantErr: `operation 1 of the patch: add of "/a" has no value`},
		{name: "missing value as null", document: `{}`, patch: `[{"op":"add","path":"/a"}]`, flags: nulls, want: `{"a":null}`},
		{name: "remove what is not there", document: `{"a":[]}`, patch: `[{"op":"remove","path":"/a/0"}]`, wantErr: `remove at /a/0: index 0 of an array of 0: there is no such element`},
		{name: "remove what is not there, allowed", document: `{"a":[]}`, patch: `[{"op":"remove","path":"/a/0"}]`, flags: lenient, want: `{"a":[]}`},
		{name: "remove a member that is not there", document: `{}`, patch: `[{"op":"remove","path":"/a"}]`, flags: lenient, wantErr: `no member "a"`},
		{name: "replace what is not there", document: `{}`, patch: `[{"op":"replace","path":"/a/b","value":1}]`, wantErr: `/a leads to nothing`},
		{name: "failed test", document: `{"a":1}`, patch: `[{"op":"add","path":"/b","value":1},{"op":"test","path":"/a","value":2}]`, wantErr: `operation 2 of the patch: test of "/a" failed: 1 is there`},
		{name: "move into itself", document: `{"a":{}}`, patch: `[{"op":"move","from":"/a","path":"/a/b"}]`, wantErr: "cannot be moved into itself"},
		{name: "bad index", document: `[1,2]`, patch: `[{"op":"remove","path":"/01"}]`, wantErr: `"01" is no index`},
		{name: "bad pointer", document: `{}`, patch: `[{"op":"remove","path":"a"}]`, wantErr: "no JSON pointer"},
		{name: "bad operation", document: `{}`, patch: `[{"op":"rename","path":"/a"}]`, wantErr: `"rename" is no operation`},
		{name: "no operation", document: `{}`, patch: `[1]`, wantErr: "operation 1 of the patch is a number, no object"},
		{name: "no patch", document: `{}`, patch: `{}`, wantErr: "the patch is an object; a patch is an array of operations"},
		{name: "copies that explode", document: `[[1]]`, patch: `[` + strings.TrimSuffix(strings.Repeat(`{"op":"copy","from":"","path":"/-"},`, 64), ",") + `]`, wantErr: "the copies of the patch"},
	} {
		transformCase{name: c.name, xml: patchOf(c.flags), payload: c.document, metadata: []string{"patch", c.patch}, want: c.want, wantErr: c.wantErr}.run(t)
	}
}

func TestJSONPatchDiff(t *testing.T) {
	diff := func(flags ...string) string {
		xml := `<json-patch-generate-diff><diff-source class="payload-input-stream-wrapper"/><diff-target class="metadata-input-stream-wrapper"><metadata-key>after</metadata-key></diff-target><flags>`
		for _, f := range flags {
			xml += `<json-patch-diff-flag>` + f + `</json-patch-diff-flag>`
		}
		return xml + `</flags></json-patch-generate-diff>`
	}
	for _, c := range []struct {
		name, before, after, want string
		flags                     []string
	}{
		{name: "same by value", before: `{"a":1.0,"b":2}`, after: `{"b":2,"a":1}`, want: `[]`},
		{name: "members", before: `{"a":1,"b":2,"c":{"d":1}}`, after: `{"b":3,"c":{"d":1,"e/f":2}}`, want: `[{"op":"remove","path":"/a"},{"op":"replace","path":"/b","value":3},{"op":"add","path":"/c/e~1f","value":2}]`},
		{name: "elements", before: `[1,2,3,4]`, after: `[0,1,3,5]`, want: `[{"op":"add","path":"/0","value":0},{"op":"remove","path":"/2"},{"op":"replace","path":"/3","value":5}]`},
		{name: "another kind", before: `[1]`, after: `{}`, want: `[{"op":"replace","path":"","value":{}}]`},
		{name: "with everything", before: `{"a":1,"b":2}`, after: `{"b":3}`, flags: []string{"ADD_ORIGINAL_VALUE_ON_REPLACE", "EMIT_TEST_OPERATIONS"},
			want: `[{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a","value":1},{"op":"test","path":"/b","value":2},{"op":"replace","path":"/b","value":3,"fromValue":2}]`},
	} {
		transformCase{name: c.name, xml: diff(c.flags...), payload: c.before, metadata: []string{"after", c.after}, want: c.want}.run(t)
	}
	transformCase{name: "no JSON", xml: diff(), payload: "{}", metadata: []string{"after", "x"}, wantErr: "json-patch-generate-diff: what <diff-target> gave is "}.run(t)
	transformCase{name: "nothing to compare", xml: diff(), payload: "{}", wantErr: `<diff-target>: the message has no metadata "after"`}.run(t)
}

// anyJSON makes small documents that have much in common.
func anyJSON() *rapid.Generator[any] {
	leaf := rapid.SampledFrom([]any{nil, true, "x", ""})
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(leaf, leaf,
			rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(anyJSON(), 0, 4).Draw(t, "array") }),
			rapid.Custom(func(t *rapid.T) any {
				o := &expr.Object{}
				for _, key := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "~", "/", "0"}), 0, 4).Draw(t, "keys") {
					o.Set(key, anyJSON().Draw(t, key))
				}
				return o
			}))
	})
}

func TestPatchOfADiffLeadsToTheOtherDocument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := anyJSON().Draw(t, "before"), anyJSON().Draw(t, "after")
		d := &differ{operations: []any{}, style: diffStyle{testOperations: rapid.Bool().Draw(t, "tests"), valueOnRemove: true}}
		text := expr.JSONText(before)
		d.diff(nil, before, after)
		got, err := applyPatch(before, d.operations, patchRules{})
		if err != nil {
			t.Fatalf("%s does not apply to %s: %v", expr.JSONText(d.operations), text, err)
		}
		if diff := cmp.Diff(canonicalJSON(after), canonicalJSON(got)); diff != "" {
			t.Errorf("%s on %s:\n%s", expr.JSONText(d.operations), text, diff)
		}
		if expr.JSONText(before) != text {
			t.Error("the document itself changed")
		}
	})
}

func TestAliasesAndCopiesAreCountedInBytes(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	aliases := func(each string) string { return "[" + strings.Repeat(each, 1<<11) + "]\n" }
	for _, c := range []struct{ name, payload string }{
		{"a text", "a: &a " + long + "\nb: " + aliases("*a,")},
		{"a number", "a: &a 1" + strings.ReplaceAll(long, "x", "0") + "\nb: " + aliases("*a,")},
		{"a key below", "a: &a {? " + long + " : 1}\nb: " + aliases("*a,")},
		{"a key", "a: &a " + long + "\nb: " + aliases("{*a : 1},")},
		{"merged", "a: &a {k: " + long + "}\nb: " + aliases("{<<: *a},")},
	} {
		transformCase{name: c.name, xml: `<yaml-to-json/>`, payload: c.payload, wantErr: "aliases stand for more than 67108864 bytes"}.run(t)
	}
	written := &yaml.Node{Kind: yaml.SequenceNode, Content: slices.Repeat([]*yaml.Node{{Kind: yaml.ScalarNode, Value: long}}, 1<<11)}
	if _, err := (&yamlReader{}).value(written); err != nil {
		t.Errorf("what is written out counts: %v", err)
	}
	operations := `[` + strings.TrimSuffix(strings.Repeat(`{"op":"copy","from":"/a","path":"/a/-"},`, 11), ",") + `]`
	for _, c := range []struct{ name, value string }{
		{"copies of a text", `"` + long + `"`},
		{"copies of a number", "1" + strings.ReplaceAll(long, "x", "0")},
		{"copies of a key", `{"` + long + `":1}`},
	} {
		transformCase{name: c.name, xml: patchOf(""), payload: `{"a":[` + c.value + `]}`, metadata: []string{"patch", operations},
			wantErr: "the copies of the patch have more than 1048576 values or 67108864 bytes"}.run(t)
	}
}
