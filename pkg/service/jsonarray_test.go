package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/message"
)

func TestJSONArrayMakesAPartOfEveryElement(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          []string
	}{
		{"objects", `[{"a":1},{"b":2}]`, []string{`{"a":1}`, `{"b":2}`}},
		{"blanks go", " [ { \"a\" : [ 1 , 2 ] } ,\r\n\t{ } ] \n", []string{`{"a":[1,2]}`, `{}`}},
		{"blanks in texts stay", `[{"a b":" c "}]`, []string{`{"a b":" c "}`}},
		{"commas, brackets and quotes in texts", `[{"a":"],[\"\\"},{"b":"}"}]`, []string{`{"a":"],[\"\\"}`, `{"b":"}"}`}},
		{"numbers as written", `[{"n":1.10,"big":12345678901234567890}, 1.10]`, []string{`{"n":1.10,"big":12345678901234567890}`, `1.10`}},
		{"texts without quotes", `["p","q \"r\" \u00e9"]`, []string{`p`, `q "r" é`}},
		{"arrays, words and null", `[[1, [2]],true,null]`, []string{`[1,[2]]`, `true`, `null`}},
		{"no elements", ` [ ] `, nil},
		{"an object is one part, unchanged", "{ \"id\" : 1 }\n", []string{"{ \"id\" : 1 }\n"}},
		{"byte order mark", "\ufeff[1]", []string{"1"}},
		{"keys in their order", `[{"b":1,"a":2}]`, []string{`{"b":1,"a":2}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, partsOf(t, &JSONArray{}, newMessage(c.payload))); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJSONArrayFailsBeforeTheFirstPart(t *testing.T) {
	for _, c := range []struct{ name, payload, want string }{
		{"cut", `[{"id":1},`, "not JSON"},
		{"mistake in the second element", "[1,\n{x}]", "line 2"},
		{"empty", ``, "not JSON"},
		{"a text", `"x"`, "neither an array nor an object"},
		{"a number", `1`, "neither an array nor an object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := (&JSONArray{}).Split(newMessage(c.payload), func(*message.Message) error {
				t.Error("a part came out")
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v; want %s", err, c.want)
			}
		})
	}
}

func TestJSONArrayReadsOtherCharacterSets(t *testing.T) {
	m := newMessage("[{\"a\":\"\xe9\"}]")
	m.SetEncoding("ISO-8859-1")
	if diff := cmp.Diff([]string{`{"a":"é"}`}, partsOf(t, &JSONArray{}, m)); diff != "" {
		t.Error(diff)
	}
}

func TestJSONArraySlicesCompactElements(t *testing.T) {
	payload := []byte(`[{"a":1}, {"b":2}]`)
	_ = (&JSONArray{}).Split(message.New(payload), func(p *message.Message) error {
		if string(p.Payload()) == `{"a":1}` && unsafe.SliceData(p.Payload()) != &payload[1] {
			t.Error("a compact element is copied")
		}
		return nil
	})
}

func TestJSONArrayEndsWithYield(t *testing.T) {
	boom := errors.New("boom")
	n := 0
	err := (&JSONArray{}).Split(newMessage("[1,2]"), func(*message.Message) error { n++; return boom })
	if !errors.Is(err, boom) || n != 1 {
		t.Errorf("%v after %d parts", err, n)
	}
}

func FuzzJSONArray(f *testing.F) {
	f.Add([]byte(`[ {"a" : "x\"]" }, [1, 2], "t", 1.10, null ]`))
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var parts [][]byte
		err := (&JSONArray{}).Split(message.New(payload), func(p *message.Message) error {
			parts = append(parts, p.Payload())
			return nil
		})
		var elements []json.RawMessage
		if json.Unmarshal(payload, &elements) != nil || elements == nil {
			return
		}
		if err != nil || len(parts) != len(elements) {
			t.Fatalf("%d parts of %d elements, error %v", len(parts), len(elements), err)
		}
		for i, e := range elements {
			if e[0] == '"' {
				continue
			}
			var want bytes.Buffer
			if err := json.Compact(&want, e); err != nil || want.String() != string(parts[i]) {
				t.Errorf("element %s became %s, not %s", e, parts[i], want.String())
			}
		}
	})
}
