package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/expr"
)

func jolt(spec string) string {
	return `<json-transform-service><mapping-spec class="constant-data-input-parameter"><value><![CDATA[` + spec + `]]></value></mapping-spec></json-transform-service>`
}

func joltOne(operation, spec string) string {
	return jolt(`[{"operation":"` + operation + `","spec":` + spec + `}]`)
}

func TestJoltShift(t *testing.T) {
	const order = `{"order":{"id":12345678901234567890,"price":1.10,"lines":[{"sku":"a","n":1},{"sku":"b","n":2}],"tag-Pro":"yes","tag-Con":"no","gift":true,"none":null}}`
	for _, c := range []struct{ name, spec, input, want, wantErr string }{
		{name: "rename and nest", spec: `{"order":{"id":"meta.key","price":"p"}}`, input: order, want: `{"meta":{"key":12345678901234567890},"p":1.10}`},
		{name: "several places", spec: `{"order":{"id":["a","b.c"]}}`, input: order, want: `{"a":12345678901234567890,"b":{"c":12345678901234567890}}`},
		{name: "to the trash", spec: `{"order":{"id":null,"price":"p"}}`, input: order, want: `{"p":1.10}`},
		{name: "whole", spec: `{"order":{"lines":""}}`, input: order, want: `[{"sku":"a","n":1},{"sku":"b","n":2}]`},
		{name: "stars and references", spec: `{"order":{"tag-*":"tags.&(0,1)"}}`, input: order, want: `{"tags":{"Pro":"yes","Con":"no"}}`},
		{name: "names before patterns", spec: `{"order":{"*":"rest.&","tag-*":"tag.&","tag-Pro":"pro","lines|none|gift":null}}`, input: order, want: `{"rest":{"id":12345678901234567890,"price":1.10},"pro":"yes","tag":{"tag-Con":"no"}}`},
		{name: "array into array", spec: `{"order":{"lines":{"*":{"sku":"out[&1].name"}}}}`, input: order, want: `{"out":[{"name":"a"},{"name":"b"}]}`},
		{name: "array into list", spec: `{"order":{"lines":{"*":{"n":"all"}}}}`, input: order, want: `{"all":[1,2]}`},
		{name: "always a list", spec: `{"order":{"id":"all[]"}}`, input: order, want: `{"all":[12345678901234567890]}`},
		{name: "one element", spec: `{"order":{"lines":{"1":"second"}}}`, input: order, want: `{"second":{"sku":"b","n":2}}`},
		{name: "index makes room", spec: `{"order":{"id":"all[2]"}}`, input: order, want: `{"all":[null,null,12345678901234567890]}`},
		{name: "key as value", spec: `{"order":{"lines":{"*":{"$":"index"}},"*":{"$":"keys"}}}`, input: order, want: `{"keys":["id","price","tag-Pro","tag-Con","gift","none"],"index":["0","1"]}`},
		{name: "text by value", spec: `{"order":{"gift":{"true":{"#wrapped":"state"},"false":{"#plain":"state"}}}}`, input: order, want: `{"state":"wrapped"}`},
		{name: "text in parentheses", spec: `{"order":{"gift":{"true":{"#(a b)":"state"}}}}`, input: order, want: `{"state":"a b"}`},
		{name: "value as key", spec: `{"order":{"lines":{"*":{"n":"@(1,sku)"}}}}`, input: order, want: `{"a":1,"b":2}`},
		{name: "value from above", spec: `{"order":{"lines":{"*":{"@(2,id)":"o[&1].id","sku":"o[&1].sku"}}}}`, input: order, want: `{"o":[{"id":12345678901234567890,"sku":"a"},{"id":12345678901234567890,"sku":"b"}]}`},
		{name: "value itself", spec: `{"order":{"lines":{"*":{"@":"copy[]","sku":"skus"}}}}`, input: order, want: `{"copy":[{"sku":"a","n":1},{"sku":"b","n":2}],"skus":["a","b"]}`},
		{name: "count of matches", spec: `{"order":{"tag-*":"t[#1].v"}}`, input: order, want: `{"t":[{"v":"yes"},{"v":"no"}]}`},
		{name: "key by reference", spec: `{"a":{"b":{"x-&1":"out"}}}`, input: `{"a":{"b":{"x-a":1,"x-b":2}}}`, want: `{"out":1}`},
		{name: "null is a value", spec: `{"order":{"none":"n"}}`, input: order, want: `{"n":null}`},
		{name: "escapes", spec: `{"a.b":"x\\.y","\\*":"\\*","c\\@d":"e"}`, input: `{"a.b":1,"*":2,"c@d":3}`, want: `{"x.y":1,"*":2,"e":3}`},
		{name: "two stars", spec: `{"*-x-*":"&(0,2).&(0,1)"}`, input: `{"a-x-b":1,"-x-":2}`, want: `{"b":{"a":1}}`},
		{name: "a list does not change the input", spec: `{"l":"out","m":"out"}`, input: `{"l":[1],"m":2}`, want: `{"out":[1,2]}`},
		{name: "place of another kind", spec: `{"a":"out","b":"out.x"}`, input: `{"a":"t","b":1}`, want: `{"out":"t"}`},
		{name: "nothing fits", spec: `{"x":"y"}`, input: order, want: `null`},
		{name: "array as document", spec: `{"*":{"sku":"[&1].s"}}`, input: `[{"sku":"a"}]`, want: `[{"s":"a"}]`},
		{name: "index out of the range", spec: `{"i":"out[@i]","j":"out[@(1,i)]"}`, input: `{"i":99999999}`, want: `null`},
		{name: "index too large", spec: `{"*":"out[&]"}`, input: `{"99999999":1}`, wantErr: "an index of the output is larger than 1048576"},
		{name: "too far up", spec: `{"a":"&9"}`, input: `{"a":1}`, wantErr: "a reference leads 9 levels up"},
		{name: "no such star", spec: `{"a":"&(0,1)"}`, input: `{"a":1}`, wantErr: `a reference names star 1 of the key "a", which has only 0`},
	} {
		transformCase{name: c.name, xml: joltOne("shift", c.spec), payload: c.input, want: c.want, wantErr: c.wantErr}.run(t)
	}
}

func TestJoltOtherOperations(t *testing.T) {
	for _, c := range []struct{ name, operation, spec, input, want, wantErr string }{
		{name: "default", operation: "default", spec: `{"a":1.10,"b":{"c":[1]},"d":"x"}`, input: `{"d":null,"e":2}`, want: `{"d":"x","e":2,"a":1.10,"b":{"c":[1]}}`},
		{name: "default keeps", operation: "default", spec: `{"a":1,"b":{"c":1}}`, input: `{"a":"","b":"t"}`, want: `{"a":"","b":"t"}`},
		{name: "default for all", operation: "default", spec: `{"m":{"*":{"n":0},"x":{"n":1}}}`, input: `{"m":{"a":{},"b":{"n":2}}}`, want: `{"m":{"a":{"n":0},"b":{"n":2},"x":{"n":1}}}`},
		{name: "default for some", operation: "default", spec: `{"a|b":{"n":0}}`, input: `{"a":{}}`, want: `{"a":{"n":0}}`},
		{name: "default of arrays", operation: "default", spec: `{"l[]":{"2":{"n":1},"*":{"m":2}}}`, input: `{"l":[{}]}`, want: `{"l":[{"m":2},{"m":2},{"n":1,"m":2}]}`},
		{name: "default of a new array", operation: "default", spec: `{"l[]":{"0":"x"}}`, input: `{}`, want: `{"l":["x"]}`},
		{name: "default of an array document", operation: "default", spec: `{"*":{"n":1}}`, input: `[{},{"n":2}]`, want: `[{"n":1},{"n":2}]`},
		{name: "default of an array by names", operation: "default", spec: `{"a":1}`, input: `[]`, wantErr: "the document is an array"},
		{name: "default of null", operation: "default", spec: `{"a":1}`, input: `null`, want: `{"a":1}`},
		{name: "remove", operation: "remove", spec: `{"a":"","b":{"c":""},"x-*":""}`, input: `{"a":1,"b":{"c":2,"d":3},"x-1":4,"x-":5}`, want: `{"b":{"d":3},"x-":5}`},
		{name: "remove some", operation: "remove", spec: `{"a|b":"","c":{"0":"","2":""}}`, input: `{"a":1,"b":2,"c":[1,2,3]}`, want: `{"c":[2]}`},
		{name: "remove in all", operation: "remove", spec: `{"*":{"*":{"a":""}}}`, input: `{"l":[{"a":1,"b":2}],"o":{"p":{"a":3}}}`, want: `{"l":[{"b":2}],"o":{"p":{}}}`},
		{name: "sort", operation: "sort", spec: `{}`, input: `{"b":{"d":1,"c":2},"a":[{"f":1,"e":2}],"~z":3}`, want: `{"~z":3,"a":[{"e":2,"f":1}],"b":{"c":2,"d":1}}`},
		{name: "cardinality", operation: "cardinality", spec: `{"one":"ONE","many":"MANY","none":"MANY","deep":{"*":"ONE"}}`, input: `{"one":[1,2],"many":{"a":1},"none":null,"deep":{"x":[],"y":3}}`, want: `{"one":1,"many":[{"a":1}],"none":[],"deep":{"x":null,"y":3}}`},
		{name: "cardinality of a level", operation: "cardinality", spec: `{"l":{"@":"ONE","n":"MANY"}}`, input: `{"l":[{"n":1},{"n":2}]}`, want: `{"l":{"n":[1]}}`},
	} {
		transformCase{name: c.name, xml: joltOne(c.operation, c.spec), payload: c.input, want: c.want, wantErr: c.wantErr}.run(t)
	}
}

func TestJoltChains(t *testing.T) {
	for _, c := range []transformCase{
		{name: "one after the other", xml: jolt(`[{"operation":"shift","spec":{"a":"b"}},{"operation":"default","spec":{"c":1}},{"operation":"remove","spec":{"b":""}}]`), payload: `{"a":1}`, want: `{"c":1}`},
		{name: "comments", xml: jolt("[ // first\n{\"operation\":\"shift\", /* then \" */ \"spec\":{\"a\":\"b//c\"}}]"), payload: `{"a":1}`, want: `{"b//c":1}`},
		{name: "YAML", xml: jolt("- operation: shift\n  spec:\n    a: b.c\n"), payload: `{"a":1}`, want: `{"b":{"c":1}}`},
		{name: "classes of Interlok", xml: jolt(`[{"operation":"com.adaptris.core.transform.json.jolt.EmptyStringToNull"},{"operation":"default","spec":{"a":"was empty"}},{"operation":"com.adaptris.core.transform.json.jolt.NullToEmptyString"}]`),
			payload: `{"a":"","b":null,"c":[null,{"d":""}]}`, want: `{"a":"was empty","b":"","c":["",{"d":""}]}`},
		{name: "nothing becomes an array", xml: jolt(`[{"operation":"shift","spec":{"x":"y"}},{"operation":"com.adaptris.core.transform.json.jolt.NullToArray"}]`), payload: `{}`, want: `[]`},
		{name: "no JSON", xml: jolt(`[{"operation":"sort"}]`), payload: `{bad`, wantErr: "json-transform-service: the payload is "},
		{name: "from and to metadata, with variables", xml: `<json-transform-service><source-json class="metadata-data-input-parameter"><metadata-key>in</metadata-key></source-json>
			<mapping-spec class="constant-data-input-parameter"><value>[{"operation":"shift","spec":{"a":"${key}"}}]</value></mapping-spec>
			<target-json class="metadata-data-output-parameter"><metadata-key>out</metadata-key></target-json>
			<metadata-filter class="no-op-metadata-filter"/></json-transform-service>`, payload: "p", metadata: []string{"in", `{"a":1}`, "key", "k"}, want: "p", wantMetadata: map[string]string{"out": `{"k":1}`}},
	} {
		c.run(t)
	}
}

func TestJoltDoesNotChangeWhatOthersRead(t *testing.T) {
	s := decode[*JSONTransform](t, joltOne("default", `{"a":{"b":1}}`))
	m := newMessage(`{"a":{}}`)
	if _, err := expr.ParseJSON(m); err != nil {
		t.Fatal(err)
	}
	other := m.Clone()
	if err := s.Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	root, err := expr.ParseJSON(other)
	if err != nil || expr.JSONText(root) != `{"a":{}}` {
		t.Errorf("the other message's JSON became %s", expr.JSONText(root))
	}
}

func TestJoltRefusesSpecificationsThatMakeNoSense(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"no JSON":              {`[{"operation"`, "the Jolt specification cannot be used: "},
		"no array":             {`operation: shift`, "it must be an array of operations"},
		"empty":                {`[]`, "it must be an array of operations, with at least one"},
		"no object":            {`["shift"]`, "operation 1 is a text, no object"},
		"unknown":              {`[{"operation":"shuffle"}]`, `operation 1 is "shuffle", which is not known; use shift,`},
		"no spec":              {`[{"operation":"shift"}]`, "operation 1 (shift): its spec is null; it must be an object"},
		"number as path":       {`[{"operation":"shift","spec":{"a":1}}]`, `key "a" has a number; it must have a path`},
		"number in paths":      {`[{"operation":"shift","spec":{"a":["b",1]}}]`, `key "a" has a number in its list of paths`},
		"empty object":         {`[{"operation":"shift","spec":{"a":{}}}]`, `key "a" has an empty object`},
		"star in a path":       {`[{"operation":"shift","spec":{"a":"b.*"}}]`, `path "b.*" has a * or $`},
		"open bracket":         {`[{"operation":"shift","spec":{"a":"b[1"}}]`, `path "b[1" has a [ without ]`},
		"bad index":            {`[{"operation":"shift","spec":{"a":"b[x]"}}]`, "[x] is no index"},
		"bad reference":        {`[{"operation":"shift","spec":{"a":"b.&(1,2,3)"}}]`, `"&(1,2,3)" is no reference`},
		"@ in a name":          {`[{"operation":"shift","spec":{"a@b":"c"}}]`, `key "a@b" has an @ that is not at the front`},
		"@ in a path":          {`[{"operation":"shift","spec":{"a":"c@d"}}]`, "an @ stands in the middle of a name"},
		"nothing after @":      {`[{"operation":"shift","spec":{"a":"@()"}}]`, `"@()" names no value`},
		"star and reference":   {`[{"operation":"shift","spec":{"*&":"c"}}]`, `key "*&" has both * and &`},
		"bracket on the left":  {`[{"operation":"shift","spec":{"a[0]":"c"}}]`, `key "a[0]" has a bracket`},
		"# in a name":          {`[{"operation":"shift","spec":{"a#b":"c"}}]`, `key "a#b" has a # that does not begin a text`},
		"object below $":       {`[{"operation":"shift","spec":{"$":{"a":"b"}}}]`, `key "$" has an object; it must have a path`},
		"same key twice":       {`[{"operation":"shift","spec":{"a|a":"b"}}]`, `key "a" stands twice`},
		"default with pattern": {`[{"operation":"default","spec":{"a*":1}}]`, `key "a*" has a *`},
		"default of an array":  {`[{"operation":"default","spec":{"a[]":{"x":1}}}]`, `key "x" is no index of an array`},
		"remove with a value":  {`[{"operation":"remove","spec":{"a":"x"}}]`, `key "a" has "x"; it must have an empty text`},
		"cardinality":          {`[{"operation":"cardinality","spec":{"a":"SOME"}}]`, `key "a" has "SOME"; it must have ONE, MANY or an object`},
	} {
		if _, problems := decodeWith(t, jolt(c.spec), sharedParts{}); len(problems) != 1 || !strings.Contains(problems[0], c.want) {
			t.Errorf("%s: got %v\nwant %s", name, problems, c.want)
		}
	}
}

func FuzzJoltShift(f *testing.F) {
	for _, seed := range [][2]string{{`{"a":{"*":{"@(1,b)":"c[&1].d"}}}`, `{"a":[{"b":1}]}`}, {`{"*-*":"[#2].&(0,1)"}`, `{"a-b":1}`}, {`{"a":{"$":"x[]","@":"y"}}`, `{"a":"t"}`}, {`{"\\*|x":"a\\.b"}`, `{"*":[]}`}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, spec, input string) {
		s, err := expr.ParseJSONBytes([]byte(spec))
		if err != nil {
			return
		}
		op, err := compileShift(s)
		if err != nil {
			return
		}
		if root, err := expr.ParseJSONBytes([]byte(input)); err == nil {
			if out, err := op.transform(&joltRun{ctx: t.Context(), room: maxJoltRoom}, root); err == nil {
				expr.JSONText(out)
			}
		}
	})
}

func TestJoltIndicesCannotBlowUpAMessage(t *testing.T) {
	objects := func(each string) string {
		var b strings.Builder
		for i := range 20 {
			fmt.Fprintf(&b, `,"k%d":%s`, i, each)
		}
		return `{` + b.String()[1:] + `}`
	}
	for _, c := range []struct{ name, operation, spec, input string }{
		{"shift", "shift", `{"*":{"v":"&1[@(1,i)]"}}`, objects(`{"i":1048575,"v":1}`)},
		{"default", "default", `{"*":{"a[]":{"1048575":1}}}`, objects(`{}`)},
		{"modify", "modify-overwrite-beta", `{"*":{"a":{"[1048575]":1}}}`, objects(`{}`)},
	} {
		transformCase{name: c.name, xml: joltOne(c.operation, c.spec), payload: c.input, wantErr: "more than 1048576 elements that nothing is written to"}.run(t)
	}
}

func TestJoltRoomIsForAllOperationsAndGapsOnly(t *testing.T) {
	for _, c := range []struct {
		name, spec, input string
		room, left        int
	}{
		{"elements in their order need none", `[{"operation":"shift","spec":{"*":{"*":"&1[&]"}}}]`, `{"a":[1,2,3],"b":[1,2]}`, 0, 0},
		{"backwards, once", `[{"operation":"shift","spec":{"*":"o[@i]"}}]`, `[{"i":2},{"i":1},{"i":0}]`, 9, 7},
		{"each operation takes of it", `[{"operation":"default","spec":{"a[]":{"1":1}}},{"operation":"modify-default-beta","spec":{"b":{"[2]":1}}}]`, `{}`, 5, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain, err := compileJolt(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			document, err := expr.ParseJSONBytes([]byte(c.input))
			if err != nil {
				t.Fatal(err)
			}
			run := &joltRun{ctx: t.Context(), room: c.room}
			for _, operation := range chain {
				if document, err = operation.transform(run, document); err != nil {
					t.Fatal(err)
				}
			}
			if run.room != c.left {
				t.Errorf("room for %d elements is left, want %d", run.room, c.left)
			}
		})
	}
}

func TestJoltEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, spec := range map[string]string{
		"before an operation": joltOne("sort", `{}`),
		"inside of a shift":   joltOne("shift", `{"*":"o.&"}`),
		"inside of a modify":  joltOne("modify-overwrite-beta", `{"*":"=toString"}`),
	} {
		s := decode[*JSONTransform](t, spec)
		if err := s.Apply(ctx, newMessage(`{"a":1}`)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	document := make([]any, 5000)
	for _, spec := range []string{`[{"operation":"shift","spec":{"*":"o[&]"}}]`, `[{"operation":"modify-overwrite-beta","spec":{"*":1}}]`} {
		chain, err := compileJolt(spec)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chain[0].transform(&joltRun{ctx: ctx}, document); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error is %v", spec, err)
		}
	}
}
