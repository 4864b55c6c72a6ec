package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestJSONSplittersCutObjectsAndArrays(t *testing.T) {
	constant := func(path string) string {
		return `<json-path class="constant-data-input-parameter"><value>` + path + `</value></json-path>`
	}
	for _, c := range []splitCase{
		{name: "members", class: "json-object-splitter", payload: `{"a":{"id":1},"b":{"id":2}}`, want: []string{`{"a":{"id":1}}`, `{"b":{"id":2}}`}},
		{name: "members with blanks", class: "json-object-splitter", payload: " { \"a \\\" b\" : [ 1.10 , \" } \" ] , \"c\":null }\n",
			want: []string{`{"a \" b":[1.10," } "]}`, `{"c":null}`}},
		{name: "members of an array", class: "json-object-splitter", payload: `[{"a": 1},"x y",2]`, want: []string{`{"a":1}`, `x y`, `2`}},
		{name: "empty object", class: "json-object-splitter", payload: ` { } `, want: []string{` { } `}},
		{name: "empty array", class: "json-object-splitter", payload: `[]`, want: []string{`[]`}},
		{name: "no object", class: "json-object-splitter", payload: `1`, fails: "neither an object nor an array"},
		{name: "mistake at the end", class: "json-object-splitter", payload: `{"a":1,}`, fails: "not JSON"},

		{name: "objects", class: "large-json-array-splitter", payload: `[{"a": 1.10}, {"b":2}]`, want: []string{`{"a":1.10}`, `{"b":2}`}},
		{name: "no objects", class: "large-json-array-splitter", payload: `[ ]`},
		{name: "one object", class: "large-json-array-splitter", payload: `{"a":1}`, fails: "no array"},
		{name: "something else among objects", class: "large-json-array-splitter", payload: `[{"a":1},2]`, fails: "element 2 of the array is no object"},
		{name: "cut", class: "large-json-array-splitter", payload: `[{"a":1}`, fails: "not JSON"},

		{name: "at a path", class: "large-json-array-path-splitter", inside: `<path>/data/list</path>`, payload: `{"x":{"list":[{"n":0}]},"data":{"list":[{"n":1},{"n": 2}]}}`,
			want: []string{`{"n":1}`, `{"n":2}`}},
		{name: "at a path of the message", class: "large-json-array-path-splitter", inside: `<path>/%message{where}</path>`, metadata: []string{"where", "list"},
			payload: `{"list":[{}]}`, want: []string{`{}`}},
		{name: "escaped key", class: "large-json-array-path-splitter", inside: `<path>lé</path>`, payload: `{"l\u00e9":[{}]}`, want: []string{`{}`}},
		{name: "nothing at the path", class: "large-json-array-path-splitter", inside: `<path>/data/list</path>`, payload: `{"data":1}`, fails: "leads to nothing"},
		{name: "nothing at the path, suppressed", class: "large-json-array-path-splitter", inside: `<path>/a</path><suppress-path-not-found>true</suppress-path-not-found>`, payload: `{}`},
		{name: "no array at the path", class: "large-json-array-path-splitter", inside: `<path>/a</path>`, payload: `{"a":{}}`, fails: "is no array"},
		{name: "no array at the path, suppressed", class: "large-json-array-path-splitter",
			inside: `<path>/a</path><suppress-path-not-an-array>true</suppress-path-not-an-array>`, payload: `{"a":{}}`},
		{name: "no objects at the path", class: "large-json-array-path-splitter", inside: `<path>/a</path>`, payload: `{"a":["x"]}`, fails: "element 1 of the array is no object"},

		{name: "batches", class: "batched-json-array-splitter", inside: `<batch-size>2</batch-size>`, payload: `[{"a": 1},{"b":2} , {"c":3}]`,
			want: []string{`[{"a":1},{"b":2}]`, `[{"c":3}]`}},
		{name: "full batches", class: "batched-json-array-splitter", inside: `<batch-size>1</batch-size>`, payload: `[{},{}]`, want: []string{`[{}]`, `[{}]`}},
		{name: "batch of 0 is one of 10", class: "batched-json-array-splitter", inside: `<batch-size>0</batch-size>`, payload: `[{},{}]`, want: []string{`[{},{}]`}},
		{name: "no batch", class: "batched-json-array-splitter", payload: `[]`},
		{name: "no array to batch", class: "batched-json-array-splitter", payload: `{}`, fails: "no array"},

		{name: "of a path", class: "json-path-splitter", inside: constant("$.a"), payload: `{"a":[{"n":1.10},"x"]}`, want: []string{`{"n":1.10}`, `x`}},
		{name: "of a path to many", class: "json-path-splitter", inside: constant("$..n"), payload: `[{"n":1},{"n":2}]`, want: []string{"1", "2"}},
		{name: "of a path, by members", class: "json-path-splitter", inside: constant("$.a") + `<message-splitter class="json-object-splitter"/>`,
			payload: `{"a":{"b":1,"c":2}}`, want: []string{`{"b":1}`, `{"c":2}`}},
		{name: "of a path of the message", class: "json-path-splitter", inside: `<json-path class="metadata-data-input-parameter"><metadata-key>p</metadata-key></json-path>`,
			metadata: []string{"p", "$.a"}, payload: `{"a":[1]}`, want: []string{"1"}},
		{name: "of metadata", class: "json-path-splitter", metadata: []string{"doc", `{"a":[1]}`}, payload: "x", want: []string{"1"},
			inside: constant("$.a") + `<json-source class="metadata-data-input-parameter"><metadata-key>doc</metadata-key></json-source>`},
		{name: "path to nothing", class: "json-path-splitter", inside: constant("$.b"), payload: `{"a":[1]}`, fails: "jsonpath $.b leads to nothing"},
		{name: "no JSON", class: "json-path-splitter", inside: constant("$.b"), payload: `{`, fails: "the payload is not JSON"},

		{name: "streamed", class: "json-streaming-splitter", inside: `<path>/envelope/document</path>`,
			payload: `{"envelope":{"document":[{"nested":0,"array":[5, 6]},{"nested":"1"}]}}`,
			want:    []string{`{"document":{"nested":0,"array":[5,6]}}`, `{"document":{"nested":"1"}}`}},
		{name: "streamed, wrapped", class: "json-streaming-splitter", inside: `<path>/envelope/document</path><wrap-with-array>true</wrap-with-array>`,
			payload: `{"envelope":{"document":[{"nested": 0}]}}`, want: []string{`{"document":[{"nested":0}]}`}},
		{name: "streamed out of an array", class: "json-streaming-splitter", inside: `<path>/envelope/document/nested</path>`,
			payload: `{"envelope":{"document":[{"nested":0},{},{"nested":2}]}}`, want: []string{`{"nested":0}`, `{"nested":2}`}},
		{name: "streamed without the root", class: "json-streaming-splitter",
			inside: `<path>/a</path><json-streaming-config><virtual-root>a</virtual-root><auto-primitive>true</auto-primitive></json-streaming-config>`, payload: `{"a":[{"n": 1},[2]]}`,
			want: []string{`{"n":1}`, `[2]`}},
		{name: "streamed without another root", class: "json-streaming-splitter",
			inside: `<path>/a</path><json-streaming-config><virtual-root>b</virtual-root></json-streaming-config>`, payload: `{"a":1}`, fails: `<virtual-root> is "b"`},
		{name: "streamed from nowhere", class: "json-streaming-splitter", inside: `<path>/a/x</path>`, payload: `{"a":1}`, fails: "leads to nothing"},
		{name: "streamed from nowhere, suppressed", class: "json-streaming-splitter", inside: `<path>/x</path><suppress-path-not-found>true</suppress-path-not-found>`, payload: `{"a":1}`},
	} {
		t.Run(c.class+"/"+c.name, c.run)
	}
}

func TestJSONMetadataSplitterMakesMetadataOfTexts(t *testing.T) {
	m := newMessage(`[{"a":"x \u00e9","n":1,"own":"no"},{}]`, "own", "yes")
	s := splitterOf(t, "json-metadata-splitter", "")
	var got []map[string]string
	err := s.Split(m, func(part *message.Message) error {
		if len(part.Payload()) > 0 {
			t.Errorf("a part has the payload %q", part.Payload())
		}
		got = append(got, metadataOf(part))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"a": "x é", "own": "yes", MetadataParentID: m.ID()}, {"own": "yes", MetadataParentID: m.ID()}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

// TestJSONObjectsCostNoCopy holds that compact objects are slices of the payload.
func TestJSONObjectsCostNoCopy(t *testing.T) {
	m := newMessage(`[{"a":1},{"b":2}]`)
	err := splitterOf(t, "large-json-array-splitter", "").Split(m, func(part *message.Message) error {
		from := uintptr(unsafe.Pointer(unsafe.SliceData(part.Payload()))) - uintptr(unsafe.Pointer(unsafe.SliceData(m.Payload())))
		if from >= uintptr(len(m.Payload())) {
			t.Error("a part is a copy")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestJSONBatchesHoldEverythingOnce is a property: the batches, one after the other, are the array.
func TestJSONBatchesHoldEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		array := make([]map[string]string, rapid.IntRange(0, 30).Draw(t, "length"))
		for i := range array {
			array[i] = rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "object")
		}
		payload, err := json.MarshalIndent(array, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		size := rapid.IntRange(1, 12).Draw(t, "size")
		var all []map[string]string
		err = (&JSONBatches{BatchSize: size, splittingObjects: splittingObjects{splitting: splitting{CopyMetadata: true}}}).Split(newMessage(string(payload)),
			func(part *message.Message) error {
				var batch []map[string]string
				if err := json.Unmarshal(part.Payload(), &batch); err != nil {
					t.Fatalf("%s: %v", part.Payload(), err)
				}
				if len(batch) > size {
					t.Fatalf("a batch of %d", len(batch))
				}
				all = append(all, batch...)
				return nil
			})
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != len(array) || len(array) > 0 && !cmp.Equal(array, all) {
			t.Fatal(cmp.Diff(array, all))
		}
	})
}

// members lists the members of a JSON object as encoding/json reads them, each as key and compact value.
func members(t *testing.T, text string) (out []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := json.Compact(&b, value); err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%q: %s", key, b.Bytes()))
	}
	return out
}

// FuzzJSONMembers holds that the parts of an object are the members that encoding/json finds, in their order, and that nothing panics.
func FuzzJSONMembers(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, ` {"a\"":[{},"}"] , "b" : {"c":null}}`, `{"a":1,"a":2}`, `{}`, `[1,"a"]`, `{"a":{"b":[{"c":"\u00e9"},[1]]}}`, `[{"a":"b"},{ }]`, `{"` + "\u2028" + `":"\\"}`, `{"a":`} {
		f.Add(seed)
	}
	others := []component.Splitter{
		splitterOf(f, "large-json-array-path-splitter", `<path>/a/b</path>`), splitterOf(f, "json-streaming-splitter", `<path>/a/b</path>`),
		splitterOf(f, "json-metadata-splitter", ""), splitterOf(f, "batched-json-array-splitter", "<batch-size>2</batch-size>"),
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range others {
			_ = s.Split(newMessage(text), func(part *message.Message) error { // whether it splits depends on the text
				if len(part.Payload()) > 0 && !json.Valid(part.Payload()) {
					t.Fatalf("%T made the part %q", s, part.Payload())
				}
				return nil
			})
		}
		var got []string
		err := (&JSONObject{splitting{CopyMetadata: true}}).Split(newMessage(text), func(part *message.Message) error {
			got = append(got, string(part.Payload()))
			return nil
		})
		text = strings.TrimLeft(strings.TrimPrefix(text, "\ufeff"), " \t\r\n")
		if !json.Valid([]byte(text)) {
			if err == nil || got != nil {
				t.Fatalf("what is no JSON has the parts %q", got)
			}
			return
		}
		if text[0] != '{' {
			return
		}
		want := members(t, text)
		if len(want) == 0 {
			return
		}
		var found []string
		for _, part := range got {
			found = append(found, members(t, part)...)
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Fatalf("members (-want +got):\n%s", diff)
		}
	})
}

// TestJSONObjectsAllocateOnlyTheParts is the budget of arrays of compact objects: one allocation an object, the part itself.
func TestJSONObjectsAllocateOnlyTheParts(t *testing.T) {
	const n = 1000
	payload := []byte("[" + strings.Repeat(`{"id":"0123456789","type":"click"},`, n-1) + `{}]`)
	s := splitterOf(t, "large-json-array-splitter", "")
	perRun := testing.AllocsPerRun(10, func() {
		if err := s.Split(message.New(payload), func(*message.Message) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
	if perRun > n+20 {
		t.Errorf("%v allocations for %d objects", perRun, n)
	}
}

func TestPartsSayWhichCharacterSetTheyAreIn(t *testing.T) {
	for _, c := range []struct {
		name, class, inside, text, want string
		// keeps are character sets that parts keep; in others they are UTF-8.
		keeps string
	}{
		{"lines", "line-count-splitter", `<keep-header-lines>1</keep-header-lines><split-on-line>1</split-on-line>`, "h\né", "h\né\n", "ISO-8859-1"},
		{"elements", "json-array-splitter", ``, `[ {"a": "é"} ]`, `{"a":"é"}`, ""},
		{"a text", "json-array-splitter", ``, `["é"]`, `é`, ""},
		{"an object as it is", "json-array-splitter", ``, `{"a": "é"}`, `{"a": "é"}`, "UTF-16 UTF-16LE ISO-8859-1"},
		{"members", "json-object-splitter", ``, `{"a": "é"}`, `{"a":"é"}`, ""},
		{"nothing in it", "json-object-splitter", ``, `[ ]`, `[ ]`, "UTF-16 UTF-16LE ISO-8859-1"},
		{"objects", "large-json-array-splitter", ``, `[{"a":"é"}]`, `{"a":"é"}`, ""},
		{"objects at a path", "large-json-array-path-splitter", `<path>/p</path>`, `{"p":[{"a":"é"}]}`, `{"a":"é"}`, ""},
		{"values at a path", "json-streaming-splitter", `<path>/p</path>`, `{"p":"é"}`, `{"p":"é"}`, ""},
	} {
		for _, charset := range []string{"UTF-16", "UTF-16LE", "ISO-8859-1"} {
			t.Run(c.name+" in "+charset, func(t *testing.T) {
				m := newMessage("")
				m.SetEncoding(charset)
				if err := setText(m, c.text); err != nil {
					t.Fatal(err)
				}
				want := "UTF-8"
				if slices.Contains(strings.Fields(c.keeps), charset) {
					want = charset
				}
				err := splitterOf(t, c.class, c.inside).Split(m, func(part *message.Message) error {
					text, err := part.Text()
					if err != nil || part.Encoding() != want || text != c.want {
						t.Errorf("part is %q in %s, error %v; want %q in %s", text, part.Encoding(), err, c.want, want)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
}
