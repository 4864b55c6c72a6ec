package expr

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/message"
)

func lookup(items map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := items[name]
		return v, ok
	}
}

var testSources = Sources{
	Env:            lookup(map[string]string{"STREAM": "clicks", "EMPTY": "", "TRICK": "%message{secret}"}),
	SystemProperty: lookup(map[string]string{"a.b": "prop"}),
}

func testMessage() *message.Message {
	m := message.New([]byte(`{"id":"abc","n":1.10,"br}ace":"curly","o":{"x":"deep"},"list":[{"k":"a}b","v":"1"},{"k":"[","v":"2"}]}`))
	m.SetID("the-id")
	m.SetMetadata("key1", "v1")
	m.SetMetadata("secret", "S3")
	m.SetMetadata("ref", "key1")
	m.SetMetadata(`odd_!$"#&%'*+,-.:=9`, "odd")
	m.SetMetadata("jsonPath", "no path")
	return m
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"text", "fixed-key", "fixed-key"},
		{"percent signs", "100% of %5 %% %", "100% of %5 %% %"},
		{"metadata", "%message{key1}", "v1"},
		{"behind a percent sign", "%%message{key1}%", "%v1%"},
		{"every character of a key", `%message{odd_!$"#&%'*+,-.:=9}`, "odd"},
		{"reference", "%message{$$ref}", "v1"},
		{"key like a path's prefix", "%message{jsonPath}", "no path"},
		{"unique id", "%message{%uniqueId}", "the-id"},
		{"unique id in any case", "<%message{%UNIQUEID}>", "<the-id>"},
		{"size", "%message{%size}-%message{%SIZE}", "102-102"},
		{"json path of the seed", "%message{jsonPath:$.id}", "abc"},
		{"json path prefix in any case", "%message{JSONPATH:$.id}", "abc"},
		{"json path", "%payload{jsonpath:$.n}", "1.10"},
		{"json path keyword in any case", "%Payload{JsonPath:$.id}", "abc"},
		{"brace in a quoted name", "%payload{jsonpath:$['br}ace']}!", "curly!"},
		{"brace in a filter's text", "%payload{jsonpath:$.list[?(@.k=='a}b')].v}!", "1!"},
		{"bracket in a filter's text", `%payload{jsonpath:$.list[?(@.k=="[")].v}!`, "2!"},
		{"braces in a regular expression", "%payload{jsonpath:$.list[?(@.v =~ /^2{1}$/)].v}", "2"},
		{"two paths and a filter between", "%payload{jsonpath:$.id}/%message{jsonPath:$.list[?(@.v=='2')].k}/%payload{jsonpath:$.o.x}", "abc/[/deep"},
		{"environment", "%env{STREAM}", "clicks"},
		{"empty environment variable", "a%env{EMPTY}b", "ab"},
		{"value of the environment is data", "%env{TRICK}", "%message{secret}"},
		{"system property", "x-%sysprop{a.b}", "x-prop"},
		{"all kinds mixed", "%env{STREAM}-%message{key1}-%payload{jsonpath:$.id}-%sysprop{a.b}\n%message{%uniqueId}", "clicks-v1-abc-prop\nthe-id"},
		{"blank in a key", "%message{key 1}", "%message{key 1}"},
		{"no key", "%message{}", "%message{}"},
		{"not closed", "%message{key1", "%message{key1"},
		{"path not closed", "%payload{jsonpath:$.id", "%payload{jsonpath:$.id"},
		{"keyword in capitals", "%MESSAGE{key1}", "%MESSAGE{key1}"},
		{"path in capitals", "%MESSAGE{jsonPath:$.id}", "%MESSAGE{jsonPath:$.id}"},
		{"letter outside ASCII in a key", "%message{é}", "%message{é}"},
		{"expression in an expression", "%message{%message{key1}}", "%message{v1}"},
		{"payload without a language", "%payload{$.id}", "%payload{$.id}"},
		{"environment in capitals", "%ENV{STREAM}", "%ENV{STREAM}"},
		{"no name", "%env{}", "%env{}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			template, err := Compile(c.text, testSources)
			if err != nil {
				t.Fatal(err)
			}
			m := testMessage()
			if got, err := template.Resolve(m); err != nil || got != c.want {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
			if got, err := template.Append([]byte("+"), m); err != nil || string(got) != "+"+c.want {
				t.Errorf("Append: %q, %v; want %q", got, err, c.want)
			}
			if template.Text() != c.text {
				t.Errorf("Text: %q", template.Text())
			}
		})
	}
}

func TestPayloadAsText(t *testing.T) {
	template := mustCompile(t, "[%message{%payload}]")
	m := message.New([]byte("caf\xe9"))
	m.SetEncoding("ISO-8859-1")
	if got, err := template.Resolve(m); err != nil || got != "[café]" {
		t.Errorf("%q, %v", got, err)
	}
	m.SetEncoding("")
	if got, err := template.Resolve(m); err != nil || got != "[caf\xe9]" {
		t.Errorf("%q, %v: bytes go through as they are", got, err)
	}
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"environment", "x-%env{NOPE}", []string{"%env{NOPE}", "the environment has no variable NOPE"}},
		{"system property", "%sysprop{nope}", []string{"%sysprop{nope}", "sysprop.nope in bootstrap.properties"}},
		{"file", "%file{/etc/passwd:%data}", []string{"%file{/etc/passwd:%data}", "not supported"}},
		{"path", "%payload{jsonpath:$.a[}", []string{"%payload{jsonpath:$.a[}", "not closed"}},
		{"path of the seed", "%message{jsonPath:$.a b}", []string{"%message{jsonPath:$.a b}", "cannot be read"}},
		{"empty path", "%payload{jsonpath:}", []string{"%payload{jsonpath:}", "empty"}},
		{"xpath", "%payload{xpath:/a/@}", []string{"%payload{xpath:/a/@}", "cannot be read"}},
		{"xpath quote", "%payload{xpath:/a[.='x]}", []string{"not closed"}},
		{"all at once", "%env{NOPE} %file{x} %payload{jsonpath:$.}", []string{"NOPE", "%file{x}", "$."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			template, err := Compile(c.text, testSources)
			if err == nil {
				t.Fatalf("compiled to %v", template)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nlacks %s", err, want)
				}
			}
		})
	}
	if _, err := Compile("%env{HOME}%sysprop{x}", Sources{}); err == nil {
		t.Error("no sources know every name")
	}
}

func TestMetadataErrorKeepsInterloksWords(t *testing.T) {
	for _, key := range []string{"nope", "KEY1", "$$nope", "xpath:abc"} {
		_, err := mustCompile(t, "a%message{"+key+"}b").Resolve(testMessage())
		var missing *MetadataError
		if !errors.As(err, &missing) || missing.Key != key || !errors.Is(err, ErrNoValue) ||
			!strings.Contains(err.Error(), "Could not resolve ["+key+"] as metadata/uniqueId/size/payload") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestConstantAndBlank(t *testing.T) {
	for _, c := range []struct {
		text, constant   string
		isConst, isBlank bool
	}{
		{"", "", true, true},
		{" \n", " \n", true, true},
		{"k", "k", true, false},
		{"%env{STREAM}-x", "clicks-x", true, false},
		{"%env{EMPTY}", "", true, true},
		{"%message{key 1}", "%message{key 1}", true, false},
		{"%message{key1}", "", false, false},
		{" %message{%size} ", "", false, false},
	} {
		template, err := Compile(c.text, testSources)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := template.Constant(); ok != c.isConst || got != c.constant {
			t.Errorf("%q: Constant %q %v", c.text, got, ok)
		}
		if template.IsBlank() != c.isBlank {
			t.Errorf("%q: IsBlank %v", c.text, !c.isBlank)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		text                    string
		literal, difference     string
		nLiterals, nDifferences int
	}{
		{text: "%message{key1}-%payload{jsonpath:$.id}"},
		{text: "100%{x} %d{y} %unknown{z}"},
		{text: "%message{key 1}", nLiterals: 1, literal: "%message{key 1}"},
		{text: "%message{}", nLiterals: 1, literal: "a name is missing"},
		{text: "a %message{key1", nLiterals: 1, literal: "closing }"},
		{text: "%MESSAGE{key1}", nLiterals: 1, literal: "write %message in lower case"},
		{text: "%Env{X}", nLiterals: 1, literal: "write %env in lower case"},
		{text: "%payload{id}", nLiterals: 1, literal: "%payload{jsonpath:…}"},
		{text: "%message{xpath:/a}", nLiterals: 1, literal: "write %payload{xpath:/a}"},
		{text: "%message{%message{key1}}", nLiterals: 1, literal: "%message{%message{key1}"},
		{text: "%message{jsonPath:$.id}", nDifferences: 1, difference: "%payload{jsonpath:$.id}"},
		{text: "%payload{jsonPath:$.id}", nDifferences: 1, difference: "%payload{jsonpath:$.id}"},
		{text: "%payload{jsonpath:$.a[?(@.k=='2')].k}", nDifferences: 1, difference: "characters in its path"},
		{text: "%payload{xpath:/a/b and /c}", nDifferences: 1, difference: "characters in its path"},
		{text: "%payload{jsonpath:$['sp ace']}"},
		{text: "%env{STREAM}%payload{jsonpath:$.id}", nDifferences: 1, difference: "%env{…}, %payload{jsonpath:…}"},
		{text: "%MESSAGE{x}%payload{jsonPath:$.id}", nLiterals: 1, nDifferences: 1},
	} {
		template, err := Compile(c.text, testSources)
		if err != nil {
			t.Fatal(err)
		}
		l, d := template.Literals(), template.Differences()
		if len(l) != c.nLiterals || !strings.Contains(strings.Join(l, "\n"), c.literal) {
			t.Errorf("%s: literals %q", c.text, l)
		}
		if len(d) != c.nDifferences || !strings.Contains(strings.Join(d, "\n"), c.difference) {
			t.Errorf("%s: differences %q", c.text, d)
		}
		if all := template.Warnings(); len(all) != len(l)+len(d) {
			t.Errorf("%s: warnings %q", c.text, all)
		}
	}
	long, err := Compile("%message{"+strings.Repeat("é ", 500)+"}", Sources{})
	if err != nil || len(long.Literals()[0]) > 400 {
		t.Errorf("%v %q", err, long.Literals())
	}
}

// TestTextAroundExpressionsIsKept: whatever pieces a text is made of, it resolves to the pieces' results in order.
func TestTextAroundExpressionsIsKept(t *testing.T) {
	pieces := map[string]string{
		"%message{key1}": "v1", "%message{%uniqueId}": "the-id", "%payload{jsonpath:$.id}": "abc", "%message{jsonPath:$.list[0]['v']}": "1",
		"%env{STREAM}": "clicks", "%sysprop{a.b}": "prop", "%payload{jsonpath:$.list[?(@.k=='a}b')].v}": "1", "%message{$$ref}": "v1",
		"%message{": "%message{", "%": "%", "{}": "{}", "text ": "text ", "\n": "\n", "世": "世", "%message{}": "%message{}",
	}
	var names []string
	for name := range pieces {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		var text, want strings.Builder
		previous := ""
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 12).Draw(t, "pieces") {
			if strings.HasSuffix(previous, "%message{") && !strings.HasPrefix(name, "%") {
				name = "%" // an open expression must not be closed by what follows
			}
			text.WriteString(name)
			want.WriteString(pieces[name])
			previous = name
		}
		template, err := Compile(text.String(), testSources)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := template.Resolve(testMessage()); err != nil || got != want.String() {
			t.Fatalf("%q: %q, %v; want %q", text.String(), got, err, want.String())
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.Text)
	}
	for _, text := range []string{"%payload{jsonpath:$..a[?(@.b=~/x/i && !(@.c in [1,'2']))][1:2,'x']}", "%payload{xpath:string(//a[@b='c']/text())}", "%file{x}", "%env{X}%sysprop{y}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		template, err := Compile(text, testSources)
		if err != nil {
			if template != nil || !strings.Contains(err.Error(), "expression %") {
				t.Fatalf("%v: %v", template, err)
			}
			return
		}
		m := testMessage()
		got, err := template.Resolve(m)
		appended, appendErr := template.Append(nil, m)
		if (err == nil) != (appendErr == nil) || string(appended) != got {
			t.Fatalf("Resolve %q, %v; Append %q, %v", got, err, appended, appendErr)
		}
		if !strings.Contains(text, "%") && got != text {
			t.Fatalf("%q became %q", text, got)
		}
		if constant, ok := template.Constant(); ok && constant != got {
			t.Fatalf("constant %q, resolved %q", constant, got)
		}
		_ = template.Warnings()
	})
}

// Text with many beginnings of expressions is read once, whether there is an end or not.
func TestCompileOfBeginningsWithoutEndIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"no end":            strings.Repeat("%message{", 50_000),
		"paths":             strings.Repeat("%payload{jsonpath:$[?(", 50_000),
		"paths and one end": strings.Repeat("%payload{jsonpath:$[?(", 50_000) + "}",
		"XPaths":            strings.Repeat("%payload{xpath:((", 50_000) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c, err := Compile(text, Sources{})
			runtime.ReadMemStats(&after)
			if ends := strings.HasSuffix(text, "}"); ends != (err != nil) || err != nil && len(err.Error()) > 1000 || err == nil && c.Text() != text {
				t.Fatalf("error %.1000v", err)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 100<<20 {
				t.Errorf("%d bytes of text took %d MiB", len(text), took>>20)
			}
		})
	}
}
