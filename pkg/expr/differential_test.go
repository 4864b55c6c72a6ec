package expr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ohler55/ojg/jp"
	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/message"
)

// reference is a payload as encoding/json reads it: an independent judge of our scanner and our parser.
func reference(payload []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(payload, []byte("\xEF\xBB\xBF"))))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("trailing text")
	}
	return v, nil
}

// ours turns our tree into encoding/json's.
func ours(v any) any {
	switch v := v.(type) {
	case *Object:
		out := make(map[string]any, v.Len())
		for _, m := range v.Members() {
			out[m.Key] = ours(m.Value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = ours(v[i])
		}
		return out
	}
	return v
}

func canonical(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// checkAlike compares the three ways to read one path of one payload: the scanner, our tree with our walk, and encoding/json with ojg's.
func checkAlike(t interface {
	Helper()
	Fatalf(string, ...any)
}, path string, payload []byte) {
	t.Helper()
	p, err := CompileJSONPath(path)
	if err != nil {
		return
	}
	scanned, onTree := message.New(payload), message.New(payload)
	tree, treeErr := ParseJSON(onTree)
	gotTree, errTree := p.Text(onTree)
	if p.steps != nil {
		gotScan, errScan := p.Text(scanned)
		if scanned.HasParsed(message.JSON) {
			t.Fatalf("%s was not scanned", path)
		}
		if gotScan != gotTree || fmt.Sprint(errScan) != fmt.Sprint(errTree) || errors.Is(errScan, ErrNoValue) != errors.Is(errTree, ErrNoValue) {
			t.Fatalf("%s of %q:\nscan %q, %v\ntree %q, %v", path, payload, gotScan, errScan, gotTree, errTree)
		}
	}
	judge, judgeErr := reference(payload)
	if (judgeErr == nil) != (treeErr == nil) {
		t.Fatalf("%q: encoding/json says %v, we say %v", payload, judgeErr, treeErr)
	}
	if judgeErr != nil {
		return
	}
	if a, b := canonical(judge), canonical(ours(tree)); a != b {
		t.Fatalf("%q: encoding/json reads %s, we read %s", payload, a, b)
	}
	again, err := ParseJSONBytes([]byte(JSONText(tree)))
	if err != nil || canonical(ours(again)) != canonical(ours(tree)) {
		t.Fatalf("%q does not survive JSONText: %s, %v", payload, JSONText(tree), err)
	}
	if strings.ContainsAny(path, "?,:") || strings.Count(path, "..")+strings.Count(path, "*") > 3 {
		return // filters need numbers; unions and slices of ojg invent nulls; its walk has no end when there are many wildcards
	}
	values, err := p.Eval(tree)
	if err != nil {
		t.Fatalf("%s of %q: %v", path, payload, err)
	}
	theirs := p.expr.Get(judge)
	if a, b := sortedTexts(theirs), sortedTexts(values); !slices.Equal(a, b) {
		t.Fatalf("%s of %q: ojg finds %q, we find %q", path, payload, a, b)
	}
}

func sortedTexts(values []any) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = canonical(ours(v))
	}
	slices.Sort(texts)
	return texts
}

var samplePaths = []string{"$.id", "$.a.b[0]", "$.a[1].b", "$['a']", "$[0]", "$", "$.a.a.a", "$.é", "$..a", "$.*", "$.a[-1]", "$..[0]", "$.a.*.b"}

func FuzzScanAgainstTree(f *testing.F) {
	payloads := []string{shop, `{"id":"x"}`, `{"a":{"b":["x",1.10]}}`, `{"a":[1,{"b":null}]}`, `[[],{}]`, `{"id":"\ud83d\ude00\ud83d"}`, `{"\u0069d":1}`,
		`{"a":{"b":[1]},"a":{"b":[]}}`, "{\"id\":\"\xff\"}", "{\"i\xffd\":1}", `-`, `1.`, `1e`, `01`, `tru`, `{"id"`, `{"id":}`, `[1,]`, `{,}`, "\xEF\xBB\xBF{}", `"`, `"\u12`, " {\n}\t"}
	for i, payload := range payloads {
		f.Add(samplePaths[i%len(samplePaths)], []byte(payload))
	}
	f.Fuzz(func(t *testing.T, path string, payload []byte) {
		checkAlike(t, path, payload)
		for _, path := range samplePaths {
			checkAlike(t, path, payload)
		}
	})
}

// jsonText draws a JSON text, often with duplicate keys, escapes, blanks and odd numbers.
func jsonText(depth int) *rapid.Generator[string] {
	key := rapid.SampledFrom([]string{`"a"`, `"b"`, `"id"`, `"\u0061"`, `"é"`, `"\u00e9"`, `""`, `"a.b"`, `"a-b"`})
	scalar := rapid.SampledFrom([]string{`1`, `-0`, `1.10`, `1E+05`, `12345678901234567890`, `true`, `false`, `null`, `""`, `"x"`, `"\n\u4e16\/"`, `"\ud83d\ude00"`, `"\udc00"`, `"longer than eight bytes, with a \" in it"`})
	blank := rapid.SampledFrom([]string{"", "", "", " ", "\n\t"})
	return rapid.Custom(func(t *rapid.T) string {
		kind := rapid.IntRange(0, 3).Draw(t, "kind")
		if depth == 0 || kind == 0 {
			return scalar.Draw(t, "scalar")
		}
		var parts []string
		for range rapid.IntRange(0, 4).Draw(t, "size") {
			part := blank.Draw(t, "blank") + jsonText(depth-1).Draw(t, "value") + blank.Draw(t, "blank")
			if kind > 1 {
				part = blank.Draw(t, "blank") + key.Draw(t, "key") + blank.Draw(t, "blank") + ":" + part
			}
			parts = append(parts, part)
		}
		if kind > 1 {
			return "{" + strings.Join(parts, ",") + "}"
		}
		return "[" + strings.Join(parts, ",") + "]"
	})
}

func jsonPathText() *rapid.Generator[string] {
	step := rapid.SampledFrom([]string{".a", ".b", ".id", "[0]", "[1]", "[-1]", "['a']", "['é']", ".*", "[*]", "..a", "..*", ".a-b", "['a.b']", "[0,1]", "[0:2]", "['a','b']", "[?(@.a)]"})
	return rapid.Custom(func(t *rapid.T) string {
		return "$" + strings.Join(rapid.SliceOfN(step, 0, 4).Draw(t, "steps"), "")
	})
}

func TestScanTreeAndEncodingJSONAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := jsonText(4).Draw(t, "payload")
		if rapid.IntRange(0, 3).Draw(t, "damage") == 0 && len(payload) > 0 {
			i := rapid.IntRange(0, len(payload)-1).Draw(t, "at")
			payload = payload[:i] + rapid.SampledFrom([]string{"", ",", "\"", "}", "\\", "\x00", "0", "\xff"}).Draw(t, "with") + payload[i+1:]
		}
		checkAlike(t, jsonPathText().Draw(t, "path"), []byte(payload))
	})
}

// What random payloads found once.
func TestScanTreeAndEncodingJSONAgreeOnSurrogatePairs(t *testing.T) {
	checkAlike(t, "$", []byte(`"\ud83d\ude00"`))
}

// TestSpellingOfPlainPaths: rewriting for ojg's parser leaves alone what it takes already.
func TestSpellingOfPlainPaths(t *testing.T) {
	for _, path := range []string{"$", "$.a.b[0]", "a", "$['x-y'].z", `$["a"]`, "$..a", "$..[0]", "$[?(@.a == 'x-y.z' && @.b > 3.5)].c", "$[1:2]", "$.*", "@.a", "$[?(@.a =~ /a.b-c]/)]"} {
		if got := spell(path); got != path {
			t.Errorf("%s became %s", path, got)
		}
	}
	for path, want := range map[string]string{
		"$.a-b.c": "$['a-b'].c", "$..a-b": "$..['a-b']", "a-b": "['a-b']", "$.@type": "$['@type']", "$.$id": "$['$id']", "$.x:y/z": "$['x:y/z']",
		"$[?(@.a-b.c-d == 1)]": "$[?(@['a-b']['c-d'] == 1)]", "$[?(@.a=~/x/i)]": "$[?(@.a=~ /(?i)x/)]", "$[?(@.n==-1&&!@.a)]": "$[?(@.n== -1&& (!@.a))]", "$[?(! (@.a<3) && !!count(@..x) == 1)]": "$[?((!(@.a<3)) && (!(!count(@..x))) == 1)]", "$[ 'a' ]": "$['a' ]", "$[?(@.a\n==\t1)]": "$[?(@.a == 1)]",
	} {
		got := spell(path)
		if got != want {
			t.Errorf("%s became %s, want %s", path, got, want)
		}
		if _, err := jp.ParseString(got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
}

func FuzzParseXML(f *testing.F) {
	for _, text := range []string{order, "<a/>", "<a b='c'>&lt;<![CDATA[x]]></a>", "<!DOCTYPE a><a/>", "<a:b xmlns:a='u'/>", "<?xml version='1.0' encoding='utf-8'?><a/>"} {
		f.Add([]byte(text))
	}
	x, err := CompileXPath("concat(//a[@b],count(//b))")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := ParseXMLBytes(data)
		if (root == nil) != (err != nil) {
			t.Fatalf("%v, %v", root, err)
		}
		if err == nil {
			if _, err := x.TextOf(root); err != nil {
				t.Fatal(err)
			}
		}
	})
}
