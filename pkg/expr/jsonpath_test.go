package expr

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/adapterd/adapterd/pkg/message"
)

const shop = `{"id":"abc","n":42,"f":1.10,"big":12345678901234567890,"t":true,"z":null,"empty":"",
 "o":{"x":"deep","d-h":"dash","@type":"T","a.b":"dot","it's":"quote"},
 "a":["p","q",["r"]],
 "items":[{"k":"1","n":1.50,"tags":["x"]},{"k":"2","n":20,"tags":[]},{"k":"3","n":3e0,"on":true}],
 "wanted":"2","héllo":"ü","u":"h\u00e9llo \u4e16","pair":"\ud83d\ude00","half":"\ud83d!","k\u0065y":"escaped key"}`

func TestJSONPathText(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"key", "$.id", "abc"},
		{"no root", "id", "abc"},
		{"blanks around", "  $.id\n", "abc"},
		{"nested", "$.o.x", "deep"},
		{"index", "$.a[1]", "q"},
		{"nested index", "$.a[2][0]", "r"},
		{"last", "$.a[-2]", "q"},
		{"number", "$.n", "42"},
		{"number keeps zeros", "$.f", "1.10"},
		{"number keeps digits", "$.big", "12345678901234567890"},
		{"number in an array keeps zeros", "$.items[0].n", "1.50"},
		{"boolean", "$.t", "true"},
		{"empty string", "$.empty", ""},
		{"bracket", "$['o']['x']", "deep"},
		{"double quotes", `$["o"]["x"]`, "deep"},
		{"dash", "$.o.d-h", "dash"},
		{"at sign", "$.o.@type", "T"},
		{"dot in a name", "$.o['a.b']", "dot"},
		{"quote in a name", `$.o['it\'s']`, "quote"},
		{"name outside ASCII", "$.héllo", "ü"},
		{"escape in a key", "$.key", "escaped key"},
		{"escapes", "$.u", "héllo 世"},
		{"surrogate pair", "$.pair", "😀"},
		{"half a pair", "$.half", "\uFFFD!"},
		{"descent", "$..x", "deep"},
		{"descent to a dash", "$..d-h", "dash"},
		{"slice", "$.a[0:1]", "p"},
		{"slice from the end", "$.a[-3:-2]", "p"},
		{"wildcard", "$.a[2][*]", "r"},
		{"union", "$['nope','id']", "abc"},
		{"filter by string", "$.items[?(@.k=='2')].n", "20"},
		{"filter keeps digits", "$.items[?(@.n == 1.5)].n", "1.50"},
		{"filter and", "$.items[?(@.n > 2 && @.n < 10)].k", "3"},
		{"filter without parentheses", "$.items[?@.k=='2'].k", "2"},
		{"filter by existence", "$.items[?(@.on)].k", "3"},
		{"filter against the root", "$.items[?(@.k == $.wanted)].k", "2"},
		{"filter by regular expression", "$.items[?(@.k =~ /[2]/)].k", "2"},
		{"filter by regular expression with a flag", "$..[?(@.x =~ /DEEP/i)].x", "deep"},
		{"filter with a dash", "$[?(@.d-h == 'dash')].x", "deep"},
		{"filter by length", "$.items[?(length(@.tags) == 1)].k", "1"},
		{"filter over lines", "$.items[?(\n @.k ==\t'2')].k", "2"},
		{"filter with a sign and no blanks", "$.items[?(@.n>-1&&!(@.n<3)&&!@.on)].k", "2"},
		{"filter with in", "$.items[?(@.k in ['3','9'])].k", "3"},
		{"filter in a filter", "$.items[?(@.tags[?(@ == 'x')])].k", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := CompileJSONPath(c.path)
			if err != nil {
				t.Fatal(err)
			}
			for _, way := range []string{"scan", "tree"} {
				m := message.New([]byte(shop))
				if way == "tree" {
					mustParse(t, m)
				}
				if got, err := p.Text(m); err != nil || got != c.want {
					t.Errorf("%s: %q, %v; want %q", way, got, err, c.want)
				}
				if got, err := p.AppendText([]byte("+"), m); err != nil || string(got) != "+"+c.want {
					t.Errorf("%s: AppendText %q, %v; want %q", way, got, err, c.want)
				}
			}
		})
	}
}

func TestJSONPathErrors(t *testing.T) {
	for _, c := range []struct {
		name, path, payload, want string
		noValue                   bool
	}{
		{"missing", "$.nope", shop, "jsonpath $.nope found nothing in the payload; use a path that every payload has", true},
		{"missing below", "$.o.x.y", shop, "jsonpath $.o.x.y found nothing in the payload; use a path that every payload has", true},
		{"index beyond", "$.a[9]", shop, "jsonpath $.a[9] found nothing in the payload; use a path that every payload has", true},
		{"null", "$.z", shop, "jsonpath $.z found null in the payload; use a path that every payload has", true},
		{"object", "$.o", shop, "jsonpath $.o found an object in the payload; use a path to one string, number or boolean", false},
		{"array", "$.a", shop, "jsonpath $.a found an array in the payload; use a path to one string, number or boolean", false},
		{"several", "$.items[*].k", shop, "jsonpath $.items[*].k found 3 values in the payload; use a path to one string, number or boolean", false},
		{"scalar payload", "$.id", `"id"`, "jsonpath $.id found nothing in the payload; use a path that every payload has", true},
		{"no JSON", "$.id", "id=7", "jsonpath $.id: the payload is not JSON: unexpected 'i' at line 1, column 1", false},
		{"broken after the match", "$.id", "{\"id\":\"x\",\n \"n\":01}", "jsonpath $.id: the payload is not JSON: a number that JSON does not allow at line 2, column 6", false},
		{"trailing text", "$.id", `{"id":"x"} {}`, "jsonpath $.id: the payload is not JSON: unexpected '{' after the value at line 1, column 12", false},
		{"cut", "$.id", `{"id":"x`, "jsonpath $.id: the payload is not JSON: the text ends too early at line 1, column 9", false},
		{"bad escape", "$.id", `{"id":"\x"}`, "jsonpath $.id: the payload is not JSON: an escape that JSON does not know at line 1, column 8", false},
		{"control character", "$.id", "{\"id\":\"\t\"}", "jsonpath $.id: the payload is not JSON: a control character (0x09) in a string at line 1, column 8", false},
		{"empty", "$.id", "", "jsonpath $.id: the payload is not JSON: the text is empty at line 1, column 1", false},
		{"blank", "$.id", " \n", "jsonpath $.id: the payload is not JSON: the text is empty at line 2, column 1", false},
		{"binary", "$.id", "\x00\xff", "jsonpath $.id: the payload is not JSON: unexpected byte 0x00 at line 1, column 1", false},
		{"too deep", "$.id", strings.Repeat("[", 5000), "jsonpath $.id: the payload is not JSON: more than 1000 arrays and objects inside each other at line 1, column 1001", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := CompileJSONPath(c.path)
			if err != nil {
				t.Fatal(err)
			}
			for _, way := range []string{"scan", "tree"} {
				m := message.New([]byte(c.payload))
				if way == "tree" {
					_, _ = ParseJSON(m)
				}
				got, err := p.Text(m)
				if err == nil {
					t.Fatalf("%s: no error but %q", way, got)
				}
				if err.Error() != c.want {
					t.Errorf("%s: %v\n want %s", way, err, c.want)
				}
				var path *PathError
				if !errors.As(err, &path) || path.Path != c.path || path.Language != "jsonpath" {
					t.Errorf("%s: no PathError of %s: %#v", way, c.path, err)
				}
				if errors.Is(err, ErrNoValue) != c.noValue {
					t.Errorf("%s: ErrNoValue: %v", way, !c.noValue)
				}
				var syntax *SyntaxError
				if notJSON := strings.Contains(c.want, "not JSON"); errors.As(err, &syntax) != notJSON {
					t.Errorf("%s: SyntaxError: %v", way, !notJSON)
				}
			}
		})
	}
}

func TestCompileJSONPathRefuses(t *testing.T) {
	for _, path := range []string{"", "  ", "$.a[", "$.a[?(@.x=='y']", "$.a b", "$.length()", "$.a[?(@.x ~ 3)]", "$.", "$.a[(@.length-1)]", "$['a", "]", strings.Repeat("a", 5000)} {
		p, err := CompileJSONPath(path)
		if err == nil {
			t.Errorf("%q: compiled to %v", path, p.expr)
			continue
		}
		if text := err.Error(); len(path) < 100 && !strings.Contains(text, strings.TrimSpace(path)) {
			t.Errorf("%q is not named in: %s", path, text)
		}
	}
}

func TestValuesInDocumentOrder(t *testing.T) {
	for path, want := range map[string]string{
		"$.items[*].n":             `[1.50,20,3e0]`,
		"$.items[?(@.n > 1)].n":    `[1.50,20,3e0]`,
		"$.items[?(@.n > 1)]..k":   `["1","2","3"]`,
		"$.o.*":                    `["deep","dash","T","dot","quote"]`,
		"$.a..":                    `["p","q",["r"],"r"]`,
		"$.a[::-1]":                `[["r"],"q","p"]`,
		"$.a[1:]":                  `["q",["r"]]`,
		"$.a[:99]":                 `["p","q",["r"]]`,
		"$.a[0:3:2]":               `["p",["r"]]`,
		"$.a[1,0,7]":               `["q","p"]`,
		"$.nope":                   `[]`,
		"$.items[?(@.k == @.zip)]": `[]`,
	} {
		p, err := CompileJSONPath(path)
		if err != nil {
			t.Fatal(err)
		}
		values, err := p.Values(message.New([]byte(shop)))
		if err != nil {
			t.Fatal(err)
		}
		if got := JSONText(append([]any{}, values...)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestFilterThatCannotJudgeIsAnError(t *testing.T) {
	p, err := CompileJSONPath("$.items[?(@.tags == $.a)]")
	if err != nil {
		t.Fatal(err)
	}
	var path *PathError
	if _, err := p.Text(message.New([]byte(shop))); !errors.As(err, &path) {
		t.Errorf("%v", err)
	}
}

func TestPathThatVisitsTooMuchIsAnError(t *testing.T) {
	p, err := CompileJSONPath("$..*..*..*..*..*")
	if err != nil {
		t.Fatal(err)
	}
	payload := strings.Repeat("[", 200) + "1" + strings.Repeat(",1]", 200)
	if _, err := p.Text(message.New([]byte(payload))); err == nil || !strings.Contains(err.Error(), "visits more than") {
		t.Errorf("%v", err)
	}
}

func TestDuplicateKeysTheLastCounts(t *testing.T) {
	for _, c := range []struct{ payload, path, want string }{
		{`{"a":1,"a":2}`, "$.a", "2"},
		{`{"a":1,"\u0061":2}`, "$.a", "2"},
		{`{"a":{"b":1},"a":{"b":2}}`, "$.a.b", "2"},
		{`{"a":{"b":1},"a":{"c":2}}`, "$.a.b", "nothing"},
		{`{"a":{"b":1},"a":7}`, "$.a.b", "nothing"},
		{`{"a":7,"a":null}`, "$.a", "null"},
		{`{"a":[1],"a":[]}`, "$.a[0]", "nothing"},
	} {
		for _, way := range []string{"scan", "tree"} {
			m := message.New([]byte(c.payload))
			if way == "tree" {
				mustParse(t, m)
			}
			p, err := CompileJSONPath(c.path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.Text(m)
			if err != nil {
				got = err.Error()
			}
			if got != c.want && !strings.Contains(got, "found "+c.want+" ") {
				t.Errorf("%s %s by %s: %s, want %s", c.payload, c.path, way, got, c.want)
			}
		}
	}
	v, err := ParseJSONBytes([]byte(`{"a":1,"b":2,"a":3}`))
	if err != nil || JSONText(v) != `{"a":3,"b":2}` {
		t.Errorf("%s, %v", JSONText(v), err)
	}
}

func TestPayloadsThatAreNotCleanUTF8(t *testing.T) {
	for _, c := range []struct{ name, payload, encoding, path, want string }{
		{"byte order mark", "\xEF\xBB\xBF{\"id\":\"x\"}", "", "$.id", "x"},
		{"invalid bytes", "{\"id\":\"a\xffb\"}", "", "$.id", "a\uFFFDb"},
		{"invalid bytes in a key", "{\"a\xff\":1,\"id\":\"x\"}", "", "$.id", "x"},
		{"latin 1", "{\"id\":\"caf\xe9\"}", "ISO-8859-1", "$.id", "café"},
		{"named utf-8", "{\"id\":\"café\"}", "UTF-8", "$.id", "café"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := CompileJSONPath(c.path)
			if err != nil {
				t.Fatal(err)
			}
			for _, way := range []string{"scan", "tree"} {
				m := message.New([]byte(c.payload))
				m.SetEncoding(c.encoding)
				if way == "tree" {
					mustParse(t, m)
				}
				if got, err := p.Text(m); err != nil || got != c.want {
					t.Errorf("%s: %q, %v", way, got, err)
				}
			}
		})
	}
	m := message.New([]byte(`{"id":1}`))
	m.SetEncoding("martian")
	p, _ := CompileJSONPath("$.id")
	if _, err := p.Text(m); err == nil || !strings.Contains(err.Error(), "martian") {
		t.Errorf("%v", err)
	}
}

// TestPayloadIsParsedOnce counts: what a message has parsed is what every path reads, and scanning gives way to parsing once.
func TestPayloadIsParsedOnce(t *testing.T) {
	m := message.New([]byte(shop))
	parses := 0
	if _, err := m.Parsed(message.JSON, func(payload []byte) (any, error) {
		parses++
		return ParseJSONBytes([]byte(`{"id":"from the kept tree","a":["x","y"]}`))
	}); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		for text, want := range map[string]string{"%payload{jsonpath:$.id}": "from the kept tree", "%message{jsonPath:$..a[-1]}!": "y!"} {
			if got := resolve(t, text, m); got != want {
				t.Fatalf("%s: %q", text, got)
			}
		}
	}
	if parses != 1 {
		t.Errorf("parsed %d times", parses)
	}

	m = message.New([]byte(shop))
	template := mustCompile(t, "%payload{jsonpath:$.id}")
	for i := range 100 {
		if got, err := template.Resolve(m); err != nil || got != "abc" {
			t.Fatalf("%q, %v", got, err)
		}
		if want := i >= scansBeforeParsing; m.HasParsed(message.JSON) != want {
			t.Fatalf("after %d reads: parsed %v", i+1, !want)
		}
	}
	if first, again := mustParse(t, m), mustParse(t, m); first != again {
		t.Error("parsed twice")
	}
	m.SetPayload([]byte(`{"id":"new"}`))
	if got, err := template.Resolve(m); err != nil || got != "new" {
		t.Errorf("after SetPayload: %q, %v", got, err)
	}
}

func TestErrorsAreKeptToo(t *testing.T) {
	m := message.New([]byte("{"))
	_, first := ParseJSON(m)
	_, second := ParseJSON(m)
	if first == nil || first != second {
		t.Errorf("%v, %v", first, second)
	}
}

func TestJSONTextKeepsWhatWasWritten(t *testing.T) {
	for in, want := range map[string]string{
		` { "b" : 1.10 , "a" : [ ] , "c" : { } } `: `{"b":1.10,"a":[],"c":{}}`,
		`"\u00e9\n\t\"\\\/\u0001<&>"`:              `"é\n\t\"\\/\u0001<&>"`,
		`[true,false,null,-0.0,1E400]`:             `[true,false,null,-0.0,1E400]`,
		`12345678901234567890`:                     `12345678901234567890`,
	} {
		v, err := ParseJSONBytes([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := JSONText(v); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for _, v := range []any{map[string]any{"b": &Object{}, "a": json.Number("1.0")}, map[string]string{"b": "<", "a": "1"}, 7, 1.5, []string{"x"}} {
		if text := JSONText(v); !json.Valid([]byte(text)) {
			t.Errorf("%v: %s", v, text)
		}
	}
	if got := JSONText(map[string]any{"b": &Object{}, "a": json.Number("1.0")}); got != `{"a":1.0,"b":{}}` {
		t.Error(got)
	}
}

func TestObjectOfManyKeys(t *testing.T) {
	var o Object
	for i := range 100 {
		o.Set(fmt.Sprintf("k%02d", i), i)
	}
	o.Set("k50", "again")
	if v, ok := o.Get("k50"); !ok || v != "again" || o.Len() != 100 {
		t.Errorf("%v %v %d", v, ok, o.Len())
	}
	if _, ok := o.Get("nope"); ok {
		t.Error("nope is there")
	}
	if o.Members()[50].Key != "k50" || o.SortedKeys()[99] != "k99" {
		t.Error("order")
	}
}

func TestPathsAreSafeForConcurrentUse(t *testing.T) {
	p, err := CompileJSONPath("$.items[?(@.k == $.wanted && @.k =~ /2/)].n")
	if err != nil {
		t.Fatal(err)
	}
	x, err := CompileXPath("string(/order/item[position() = 2 and @n='2'])")
	if err != nil {
		t.Fatal(err)
	}
	shared := message.New([]byte(shop))
	mustParse(t, shared)
	var wg sync.WaitGroup
	for range 4 {
		clone := shared.Clone()
		wg.Go(func() {
			for range 200 {
				if got, err := p.Text(clone); err != nil || got != "20" {
					t.Errorf("%q, %v", got, err)
				}
				if got, err := x.Text(message.New([]byte(`<order><item n="1">a</item><item n="2">b</item></order>`))); err != nil || got != "b" {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

func mustParse(t testing.TB, m *message.Message) any {
	t.Helper()
	v, err := ParseJSON(m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
