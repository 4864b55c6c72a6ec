package service

import (
	"bytes"
	"errors"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// splitterOf decodes a splitter: its class, and what stands in it.
func splitterOf(t testing.TB, class, inside string) component.Splitter {
	t.Helper()
	return decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="`+class+`">`+inside+
		`</splitter><service class="null-service"/></advanced-message-splitter-service>`).Splitter
}

// splitProblems are what is wrong with a splitter.
func splitProblems(t testing.TB, class, inside string) string {
	t.Helper()
	_, problems := decodeWith(t, `<advanced-message-splitter-service><splitter class="`+class+`">`+inside+
		`</splitter><service class="null-service"/></advanced-message-splitter-service>`, sharedParts{})
	return strings.Join(problems, "\n")
}

type splitCase struct {
	name, class, inside, payload string
	metadata                     []string
	want                         []string
	// fails is a part of the error, before the first part.
	fails string
}

func (c splitCase) run(t *testing.T) {
	t.Helper()
	m := newMessage(c.payload, c.metadata...)
	var got []string
	err := splitterOf(t, c.class, c.inside).Split(m, func(part *message.Message) error {
		got = append(got, string(part.Payload()))
		return nil
	})
	switch {
	case c.fails == "" && err != nil:
		t.Fatal(err)
	case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || !strings.HasPrefix(err.Error(), c.class+": ")):
		t.Errorf("error is %v; want %s", err, c.fails)
	}
	if diff := cmp.Diff(c.want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if string(m.Payload()) != c.payload {
		t.Errorf("the message has become %q", m.Payload())
	}
}

func TestRegexpSplitterCutsBehindMatches(t *testing.T) {
	const class = "simple-regexp-message-splitter"
	compare := func(pattern, match string) string {
		return `<split-pattern>` + pattern + `</split-pattern><match-pattern>` + match + `</match-pattern><compare-to-previous-match>true</compare-to-previous-match>`
	}
	for _, c := range []splitCase{
		{name: "separators stay", inside: `<split-pattern>;</split-pattern>`, payload: "A1;A2;A3", want: []string{"A1;", "A2;", "A3"}},
		{name: "nothing behind the last", inside: `<split-pattern>;</split-pattern>`, payload: "A1;A2;", want: []string{"A1;", "A2;"}},
		{name: "blanks behind the last", inside: `<split-pattern>;</split-pattern>`, payload: "A1; \r\n", want: []string{"A1;"}},
		{name: "empty records are records", inside: `<split-pattern>;</split-pattern>`, payload: ";;a", want: []string{";", ";", "a"}},
		{name: "no match", inside: `<split-pattern>;</split-pattern>`, payload: "abc", want: []string{"abc"}},
		{name: "empty", inside: `<split-pattern>;</split-pattern>`, payload: ""},
		{name: "matches of nothing", inside: `<split-pattern>x*</split-pattern>`, payload: "axb", want: []string{"ax", "b"}},
		{name: "lines see what is before them", inside: `<split-pattern>(?m)^-+\n</split-pattern>`, payload: "a\n--\nb--\n", want: []string{"a\n--\n", "b--\n"}},
		{name: "without the first", inside: `<split-pattern>\n</split-pattern><ignore-first-sub-message>true</ignore-first-sub-message>`, payload: "head\na\nb\n",
			want: []string{"a\n", "b\n"}},
		{name: "without the first of none", inside: `<split-pattern>\n</split-pattern><ignore-first-sub-message>true</ignore-first-sub-message>`, payload: "",
			fails: "no part at all"},
		{name: "records of one order", inside: compare(`\n`, `^(\w+),`), payload: "A,1\nA,2\nB,3\nA,4\n", want: []string{"A,1\nA,2\n", "B,3\n", "A,4\n"}},
		{name: "last record without an end", inside: compare(`\n`, `^(\w+),`), payload: "A,1\nB,2", want: []string{"A,1\n", "B,2"}},
		{name: "last record belongs", inside: compare(`\n`, `^(\w+),`), payload: "A,1\nA,2", want: []string{"A,1\nA,2"}},
		{name: "no record to compare", inside: compare(`\n`, `^(\d+)`), payload: "x\ny\n", fails: "found nowhere"},
	} {
		c.class = class
		t.Run(c.name, c.run)
	}
}

func TestRegexpSplitterKeepsTheCharacterSet(t *testing.T) {
	m := newMessage("caf\xe9;t\xe9")
	m.SetEncoding("ISO-8859-1")
	var got []string
	err := splitterOf(t, "simple-regexp-message-splitter", `<split-pattern>é;</split-pattern>`).Split(m, func(part *message.Message) error {
		got = append(got, part.Encoding()+" "+string(part.Payload()))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ISO-8859-1 caf\xe9;", "ISO-8859-1 t\xe9"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCopySplittersShareThePayload(t *testing.T) {
	for _, c := range []splitCase{
		{name: "as metadata says", class: "metadata-document-copier", inside: `<metadata-key>n</metadata-key>`, metadata: []string{"n", "2"}, want: []string{"x", "x"}},
		{name: "a fraction", class: "metadata-document-copier", inside: `<metadata-key>n</metadata-key>`, metadata: []string{"n", " 1.9 "}, want: []string{"x"}},
		{name: "none", class: "metadata-document-copier", inside: `<metadata-key>n</metadata-key>`},
		{name: "negative", class: "metadata-document-copier", inside: `<metadata-key>n</metadata-key>`, metadata: []string{"n", "-3"}},
		{name: "no number", class: "metadata-document-copier", inside: `<metadata-key>n</metadata-key>`, metadata: []string{"n", "two"}, fails: `metadata "n" is "two"`},
		{name: "too many", class: "metadata-document-copier", inside: `<metadata-key>n</metadata-key>`, metadata: []string{"n", "1e300"}, fails: "a number of copies"},
		{name: "counted elements", class: "xpath-document-copier", inside: `<xpath>count(/r/i)</xpath>`, payload: "<r><i/><i/></r>", want: []string{"<r><i/><i/></r>", "<r><i/><i/></r>"}},
		{name: "an attribute", class: "xpath-document-copier", inside: `<xpath>/r/@n</xpath>`, payload: `<r n="1"/>`, want: []string{`<r n="1"/>`}},
		{name: "no attribute", class: "xpath-document-copier", inside: `<xpath>/r/@n</xpath>`, payload: `<r/>`},
		{name: "no XML", class: "xpath-document-copier", inside: `<xpath>/r/@n</xpath>`, payload: `{`, fails: "not XML"},
		{name: "bytes", class: "size-based-splitter", inside: `<split-size-bytes>2</split-size-bytes>`, payload: "abcde", want: []string{"ab", "cd", "e"}},
		{name: "all bytes", class: "size-based-splitter", payload: "abcde", want: []string{"abcde"}},
		{name: "no bytes", class: "size-based-splitter"},
		{name: "whole", class: "no-op-splitter", payload: "abc", want: []string{"abc"}},
	} {
		if c.payload == "" && c.class == "metadata-document-copier" {
			c.payload = "x"
		}
		t.Run(c.name, c.run)
	}
}

func TestCopiesAreNumberedOnRequest(t *testing.T) {
	s := splitterOf(t, "metadata-document-copier", `<metadata-key>n</metadata-key><index-metadata-key>i</index-metadata-key>`)
	if diff := cmp.Diff([]string{"0", "1", "2"}, metadataOfParts(t, s, newMessage("x", "n", "3"), "i")); diff != "" {
		t.Error(diff)
	}
}

func metadataOfParts(t *testing.T, s component.Splitter, m *message.Message, key string) (values []string) {
	t.Helper()
	err := s.Split(m, func(part *message.Message) error {
		v, ok := part.Metadata(key)
		if !ok {
			v = "(none)"
		}
		values = append(values, v)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestMetadataSplitterMakesACopyForEveryPiece(t *testing.T) {
	for _, c := range []struct {
		name, inside, value string
		want                []string
	}{
		{"commas", "", "a,b,c", []string{"a", "b", "c"}},
		{"empty pieces inside", "", ",a,,b", []string{"", "a", "", "b"}},
		{"empty pieces at the end", "", "a,b,,", []string{"a", "b"}},
		{"separators only", "", ",,", nil},
		{"no separator", "", "abc", []string{"abc"}},
		{"a regular expression", `<separator>\s*[;|]\s*</separator>`, "a ; b|c", []string{"a", "b", "c"}},
		{"nothing", "", "", []string{"(none)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := splitterOf(t, "split-by-metadata", `<metadata-key>to</metadata-key><split-metadata-key>one</split-metadata-key>`+c.inside)
			if diff := cmp.Diff(c.want, metadataOfParts(t, s, newMessage("x", "to", c.value), "one")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSplittersSayWhereTheirPartsComeFrom is about what all splitters that make parts have in common.
func TestSplittersSayWhereTheirPartsComeFrom(t *testing.T) {
	for class, c := range map[string]struct{ inside, payload string }{
		"json-object-splitter":           {"", `{"a":1}`},
		"json-path-splitter":             {`<json-path class="constant-data-input-parameter"><value>$.a</value></json-path>`, `{"a":[1]}`},
		"json-metadata-splitter":         {"", `[{"a":"1"}]`},
		"batched-json-array-splitter":    {"", `[{"a":1}]`},
		"json-streaming-splitter":        {"<path>/a</path>", `{"a":1}`},
		"large-json-array-splitter":      {"", `[{"a":1}]`},
		"large-json-array-path-splitter": {"<path>/a</path>", `{"a":[{"a":1}]}`},
		"xpath-message-splitter":         {"<xpath>/a</xpath>", `<a/>`},
		"xpath-document-copier":          {"<xpath>1</xpath>", `<a/>`},
		"simple-regexp-message-splitter": {"<split-pattern>;</split-pattern>", `a`},
		"size-based-splitter":            {"", `a`},
		"split-by-metadata":              {"<metadata-key>k</metadata-key><split-metadata-key>s</split-metadata-key>", `a`},
		"metadata-document-copier":       {"<metadata-key>n</metadata-key>", `a`},
	} {
		t.Run(class, func(t *testing.T) {
			m := newMessage(c.payload, "k", "v", "n", "1")
			d := message.NewDelivery(func(error) {})
			m.SetDelivery(d)
			ids := metadataOfParts(t, splitterOf(t, class, c.inside), m, MetadataParentID)
			if err := splitterOf(t, class, c.inside).Split(m, func(part *message.Message) error {
				if part.Delivery() != d || part.ID() == m.ID() {
					t.Errorf("a part has the id %s, and its delivery is the message's: %v", part.ID(), part.Delivery() == d)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if len(ids) != 1 || ids[0] != m.ID() {
				t.Errorf("parents are %q; want %s once", ids, m.ID())
			}
			if class == "json-path-splitter" {
				c.inside += `<message-splitter class="json-array-splitter"><copy-metadata>false</copy-metadata></message-splitter>`
			} else {
				c.inside += `<copy-metadata>false</copy-metadata>`
			}
			if values := metadataOfParts(t, splitterOf(t, class, c.inside), m, "k"); len(values) != 1 || values[0] != "(none)" {
				t.Errorf("without metadata the part has k %q", values)
			}
		})
	}
}

// TestPartsAreTheWholeMessage is a property: what splitters that cut text make is the text.
func TestPartsAreTheWholeMessage(t *testing.T) {
	for class, inside := range map[string]string{
		"size-based-splitter": `<split-size-bytes>3</split-size-bytes>`, "simple-regexp-message-splitter": `<split-pattern>;+|(?m)^b</split-pattern>`,
	} {
		t.Run(class, func(t *testing.T) {
			s := splitterOf(t, class, inside)
			rapid.Check(t, func(t *rapid.T) {
				text := rapid.StringMatching(`[abé;\n]*x?`).Draw(t, "text")
				var joined strings.Builder
				if err := s.Split(newMessage(text), func(part *message.Message) error {
					if len(part.Payload()) == 0 {
						t.Fatal("an empty part")
					}
					joined.Write(part.Payload())
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if rest, whole := strings.CutPrefix(text, joined.String()); !whole || strings.TrimSpace(rest) != "" {
					t.Fatalf("the parts are %q", joined.String())
				}
			})
		})
	}
}

func TestNoOpSplitterKeepsTheDelivery(t *testing.T) {
	m := newMessage("x")
	m.SetDelivery(message.NewDelivery(func(error) {}))
	for _, s := range []component.Splitter{
		splitterOf(t, "no-op-splitter", ""), splitterOf(t, "split-by-metadata", "<metadata-key>none</metadata-key><split-metadata-key>s</split-metadata-key>"),
	} {
		if err := s.Split(m, func(part *message.Message) error {
			if part.Delivery() != m.Delivery() {
				t.Errorf("%T makes a part without the message's delivery", s)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSplittersRefuseWhatCannotWork(t *testing.T) {
	for _, c := range []struct{ name, class, inside, want string }{
		{"xpath", "xpath-message-splitter", `<xpath>/a[</xpath>`, "cannot be read"},
		{"blank xpath", "xpath-message-splitter", `<xpath> </xpath>`, "is blank"},
		{"character set", "xpath-message-splitter", `<xpath>/a</xpath><encoding>UTF-99</encoding>`, `"UTF-99" is not known`},
		{"look-around", "simple-regexp-message-splitter", `<split-pattern>(?=a)</split-pattern>`, "no regular expression that is supported here"},
		{"comparison of nothing", "simple-regexp-message-splitter", `<split-pattern>;</split-pattern><compare-to-previous-match>true</compare-to-previous-match>`,
			"needs a <match-pattern>"},
		{"comparison without a group", "simple-regexp-message-splitter",
			`<split-pattern>;</split-pattern><match-pattern>a</match-pattern><compare-to-previous-match>true</compare-to-previous-match>`, "has no group"},
		{"no bytes", "size-based-splitter", `<split-size-bytes>0</split-size-bytes>`, "at least 1"},
		{"jsonpath", "json-path-splitter", `<json-path class="constant-data-input-parameter"><value>$.a[</value></json-path>`, "<json-path> of json-path-splitter"},
		{"XInclude", "xpath-message-splitter", `<xpath>/a</xpath><xml-document-factory-config><xinclude-aware>true</xinclude-aware></xml-document-factory-config>`,
			"may not include files"},
		{"document type declarations", "xpath-message-splitter", `<xpath>/a</xpath><xml-document-factory-config><features><key-value-pair>
			<key>http://apache.org/xml/features/disallow-doctype-decl</key><value>false</value></key-value-pair></features></xml-document-factory-config>`, "is refused here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if problems := splitProblems(t, c.class, c.inside); !strings.Contains(problems, c.want) {
				t.Errorf("problems are %s; want %s", problems, c.want)
			}
		})
	}
}

func TestRegexpSplitterHoldsNoMatches(t *testing.T) {
	payload := bytes.Repeat([]byte("A1\n"), 1<<20)
	for name, inside := range map[string]string{
		"plain":       `<split-pattern>\n</split-pattern>`,
		"of lines":    `<split-pattern>(?m)^A1\n</split-pattern>`,
		"without one": `<split-pattern>\n</split-pattern><ignore-first-sub-message>true</ignore-first-sub-message>`,
	} {
		s := splitterOf(t, "simple-regexp-message-splitter", inside)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = s.Split(message.New(payload), func(*message.Message) error { return errors.New("enough") })
		runtime.ReadMemStats(&after)
		if grew := after.TotalAlloc - before.TotalAlloc; grew > 1<<20 {
			t.Errorf("%s: %d bytes were allocated before the first part of %d", name, grew, len(payload))
		}
	}
}

// recordsAtOnce are the ends of the records, found in one search.
func recordsAtOnce(pattern *regexp.Regexp, text []byte) (ends []int) {
	from := 0
	for _, match := range pattern.FindAllIndex(text, -1) {
		if match[1] != from {
			from = match[1]
			ends = append(ends, from)
		}
	}
	return append(ends, len(text))
}

func FuzzRegexpSplitter(f *testing.F) {
	patterns := []string{`\n`, `;`, `x*`, `(?m)^-+\n`, `(?m)^`, `(?m)$`, `\bx`, `\Bx*`, `\A-`, `^-|;`, `a|ab`, `(?i)É`, `-*?$`, `\z`, ``, `.`, `(?s).`, `(?:)|x`, `(?U)x+\b`, `\b\Qx`}
	for i := range patterns {
		f.Add(uint8(i), []byte("-ab;xx\n--\n\xc3;é\xa9x x;É\n-"), uint8(3))
	}
	f.Fuzz(func(t *testing.T, which uint8, piece []byte, times uint8) {
		s := &RegexpSplitter{SplitPattern: regexp.MustCompile(patterns[int(which)%len(patterns)])}
		s.Check(nil)
		// More records than are searched for at a time.
		text := bytes.Repeat(piece, int(times)*20)
		var got []int
		if err := s.eachRecord(text, func(_, to int, _ bool) error { got = append(got, to); return nil }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(recordsAtOnce(s.SplitPattern, text), got); diff != "" {
			t.Errorf("%s on %q (-want +got):\n%s", s.SplitPattern, text, diff)
		}
	})
}
