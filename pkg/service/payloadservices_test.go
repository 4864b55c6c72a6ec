package service

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// serviceCase is a service that is given a message, and what becomes of it.
type serviceCase struct {
	name, xml, payload, encoding string
	metadata                     []string
	// want is the payload; left empty it is as it was.
	want string
	// set is metadata that must be there, in pairs.
	set []string
	// fails is a part of the error; the payload is as it was.
	fails string
}

func (c serviceCase) run(t *testing.T) {
	t.Helper()
	m := newMessage(c.payload, c.metadata...)
	m.SetEncoding(c.encoding)
	err := component.Apply(t.Context(), decode[component.Service](t, c.xml), m)
	switch {
	case c.fails == "" && err != nil:
		t.Fatal(err)
	case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
		t.Errorf("error is %v; want %s", err, c.fails)
	case c.fails != "" && !strings.Contains(err.Error(), strings.Trim(strings.FieldsFunc(c.xml, func(r rune) bool { return r == '>' || r == '/' })[0], "<")+": "):
		t.Errorf("error %v does not name the service", err)
	}
	if c.want == "" {
		c.want = c.payload
	}
	if diff := cmp.Diff(c.want, string(m.Payload())); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	for i := 0; i < len(c.set); i += 2 {
		if v, ok := m.Metadata(c.set[i]); !ok || v != c.set[i+1] {
			t.Errorf("metadata %q is %q (%v); want %q", c.set[i], v, ok, c.set[i+1])
		}
	}
}

func TestBase64OfThePayload(t *testing.T) {
	for _, c := range []serviceCase{
		{name: "URL", xml: `<base64-encode-service><style>URL</style></base64-encode-service>`, payload: "\xfb\xff\xfe", want: "-__-"},
		{name: "MIME ignores what is not of the alphabet", xml: `<base64-decode-service/>`, payload: "aGVs\r\n bG8=\n", want: "hello"},
		{name: "BASIC", xml: `<base64-decode-service><style>BASIC</style></base64-decode-service>`, payload: "aGVsbG8=", want: "hello"},
		{name: "BASIC without padding", xml: `<base64-decode-service><style>BASIC</style></base64-decode-service>`, payload: "aGVsbG8", want: "hello"},
		{name: "BASIC with a line end", xml: `<base64-decode-service><style>BASIC</style></base64-decode-service>`, payload: "aGVs\nbG8=", fails: "set <style> to MIME"},
		{name: "cut", xml: `<base64-decode-service/>`, payload: "aGVsb", fails: "no Base64"},
	} {
		t.Run(c.name, c.run)
	}
}

func TestGunzipReadsWhatGzipWrote(t *testing.T) {
	zip, unzip := decode[*Gzip](t, `<gzip-service/>`), decode[*Gunzip](t, `<gunzip-service/>`)
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
		m := message.New(bytes.Clone(payload))
		if err := zip.Apply(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if err := unzip.Apply(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(payload, m.Payload()) {
			t.Fatalf("got %q", m.Payload())
		}
	})
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGunzipRefusesWhatIsNoGzip(t *testing.T) {
	whole := zipped(t, "hello, hello, hello")
	for _, c := range []serviceCase{
		{name: "two files", xml: `<gunzip-service/>`, payload: whole + zipped(t, "!"), want: "hello, hello, hello!"},
		{name: "text", xml: `<gunzip-service/>`, payload: "hello", fails: "5 bytes is not gzip"},
		{name: "empty", xml: `<gunzip-service/>`, payload: "", fails: "not gzip"},
		{name: "cut", xml: `<gunzip-service/>`, payload: whole[:len(whole)-3], fails: "damaged after 19 bytes"},
	} {
		t.Run(c.name, c.run)
	}
}

func TestGunzipBoundsWhatASmallPayloadBecomes(t *testing.T) {
	if _, err := inflate([]byte(zipped(t, strings.Repeat("a", 101))), 100); err == nil || !strings.Contains(err.Error(), "more than 100 bytes") {
		t.Errorf("error is %v", err)
	}
	if got, err := inflate([]byte(zipped(t, strings.Repeat("a", 100))), 100); err != nil || len(got) != 100 {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
}

func TestFindAndReplaceChangesThePayload(t *testing.T) {
	pair := func(find, replace string) string {
		return `<find-replace-pair><find class="configured-replacement-source"><value>` + find + `</value></find><replace class="configured-replacement-source"><value>` +
			replace + `</value></replace></find-replace-pair>`
	}
	service := func(inside string) string {
		return `<find-and-replace-service>` + inside + `</find-and-replace-service>`
	}
	for _, c := range []serviceCase{
		{name: "pair after pair", xml: service(pair("a", "b") + pair("b", "c")), payload: "ab", want: "cc"},
		{name: "first only", xml: service(pair("a", "b") + `<replace-first-only>true</replace-first-only>`), payload: "aa", want: "ba"},
		{name: "by nothing", xml: service(pair("a", "")), payload: "bab", want: "bb"},
		{name: "expressions stay", xml: service(pair("a", "%message{k}")), metadata: []string{"k", "v"}, payload: "a", want: "%message{k}"},
		{name: "plain dollar", xml: service(pair("a", `\$\\`)), payload: "a", want: `$\`},
		{name: "named group", xml: service(pair(`(?P&lt;first&gt;\w)(\w)`, "$2${first}")), payload: "abcd", want: "badc"},
		{name: "hexadecimal", xml: service(`<find-replace-pair><find class="hex-sequence-configured-replacement-source"><value>1D</value></find>
			<replace class="hex-sequence-configured-replacement-source"><value>e9</value><charset>ISO-8859-1</charset></replace></find-replace-pair>`), payload: "a\x1db", want: "aéb"},
		{name: "metadata", xml: service(`<find-replace-pair><find class="metadata-replacement-source"><value>f</value></find>
			<replace class="metadata-replacement-source"><value>r</value></replace></find-replace-pair>`), metadata: []string{"f", "[ab]", "r", "<$0>"}, payload: "abc", want: "<a><b>c"},
		{name: "metadata that is no expression", xml: service(`<find-replace-pair><find class="metadata-replacement-source"><value>f</value></find>
			<replace><value>r</value></replace></find-replace-pair>`), metadata: []string{"f", "(?=a)"}, payload: "abc", fails: "pair 1: <find>: \"(?=a)\" is no regular expression"},
		{name: "no metadata", xml: service(`<find-replace-pair><find class="metadata-replacement-source"><value>f</value></find>
			<replace><value>r</value></replace></find-replace-pair>`), payload: "abc", fails: `no metadata "f"`},
		{name: "character set", xml: service(pair("é", "è")), encoding: "ISO-8859-1", payload: "caf\xe9", want: "caf\xe8"},
	} {
		t.Run(c.name, c.run)
	}
}

func TestPayloadServicesRefuseWhatCannotWork(t *testing.T) {
	pair := func(find, replace string) string {
		return `<find-and-replace-service><find-replace-pair><find><value>` + find + `</value></find><replace><value>` + replace +
			`</value></replace></find-replace-pair></find-and-replace-service>`
	}
	execution := func(pattern string) string {
		return `<regexp-service><regexp-execution><source class="constant-data-input-parameter"><value>` + pattern +
			`</value></source><target class="string-payload-data-output-parameter"/></regexp-execution></regexp-service>`
	}
	for _, c := range []struct{ name, xml, want string }{
		{"nothing to find", pair("", "x"), "found everywhere"},
		{"look-around", pair("(?!a)", "x"), "no regular expression"},
		{"no such group", pair("a", "$1"), "has no group"},
		{"no pair", `<find-and-replace-service/>`, "does nothing"},
		{"no hexadecimal", `<find-and-replace-service><find-replace-pair><find class="hex-sequence-configured-replacement-source"><value>1</value></find>
			<replace><value>r</value></replace></find-replace-pair></find-and-replace-service>`, "not hexadecimal"},
		{"no group", execution("a"), "has no group"},
		{"no expression", execution("("), "no regular expression"},
		{"no execution", `<regexp-service/>`, "does nothing"},
		{"hash", `<payload-hashing-service><hash-algorithm>CRC7</hash-algorithm><metadata-key>k</metadata-key></payload-hashing-service>`, `is "CRC7"`},
		{"no hash", `<payload-hashing-service><hash-algorithm> </hash-algorithm><metadata-key>k</metadata-key></payload-hashing-service>`, "blank"},
		{"character set", `<change-char-encoding-service><char-encoding>UTF-99</char-encoding></change-char-encoding-service>`, `"UTF-99" is not known`},
		{"style", `<base64-encode-service><style>HEX</style></base64-encode-service>`, "MIME, BASIC, URL"},
		{"file path", `<read-file-service/>`, "file-path"},
		{"content type probe", `<read-file-service><file-path>a</file-path><content-type-probe class="x"/></read-file-service>`, "known to Interlok, not supported here"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := decodeWith(t, c.xml, sharedParts{})
			if !strings.Contains(strings.Join(problems, "\n"), c.want) {
				t.Errorf("problems are %q; want %s", problems, c.want)
			}
		})
	}
}

func TestRegexpServiceWritesTheFirstGroup(t *testing.T) {
	to := func(key string) string {
		return `<target class="metadata-data-output-parameter"><metadata-key>` + key + `</metadata-key></target>`
	}
	constant := func(pattern string) string {
		return `<source class="constant-data-input-parameter"><value>` + pattern + `</value></source>`
	}
	service := func(inside string) string { return `<regexp-service>` + inside + `</regexp-service>` }
	run := func(source, target string) string {
		return `<regexp-execution>` + source + target + `</regexp-execution>`
	}
	for _, c := range []serviceCase{
		{name: "metadata", xml: service(run(constant(`id=(\d+)`), to("id")) + run(constant(`n=(\w*)`), to("n"))), payload: "id=12;id=13;n=x", set: []string{"id", "12", "n", "x"}},
		{name: "no match changes nothing", xml: service(run(constant(`id=(\d+)`), to("id"))), metadata: []string{"id", "old"}, payload: "x", set: []string{"id", "old"}},
		{name: "a group without a part", xml: service(run(constant(`x(y)?`), to("id"))), payload: "x", set: []string{"id", ""}},
		{name: "one sees what the one before wrote", xml: service(run(constant(`a(.*)`), `<target class="string-payload-data-output-parameter"/>`) + run(constant(`b(.*)`), to("rest"))),
			payload: "abc", want: "bc", set: []string{"rest", "c"}},
		{name: "pattern of the message", xml: service(run(`<source class="metadata-data-input-parameter"><metadata-key>p</metadata-key></source>`, to("id"))),
			metadata: []string{"p", "(b+)"}, payload: "abb", set: []string{"id", "bb"}},
		{name: "pattern of the message without a group", xml: service(run(`<source class="metadata-data-input-parameter"><metadata-key>p</metadata-key></source>`, to("id"))),
			metadata: []string{"p", "b+"}, payload: "abb", fails: "has no group"},
		{name: "text of metadata", xml: service(`<regexp-source class="metadata-data-input-parameter"><metadata-key>t</metadata-key></regexp-source>` + run(constant(`(b+)`), to("id"))),
			metadata: []string{"t", "abb"}, payload: "x", set: []string{"id", "bb"}},
		{name: "no text", xml: service(`<regexp-source class="metadata-data-input-parameter"><metadata-key>t</metadata-key></regexp-source>` + run(constant(`(b+)`), to("id"))),
			payload: "x", fails: `<regexp-source>: the message has no metadata "t"`},
	} {
		t.Run(c.name, c.run)
	}
}

func TestPayloadHashes(t *testing.T) {
	service := func(algorithm, inside string) string {
		return `<payload-hashing-service><hash-algorithm>` + algorithm + `</hash-algorithm><metadata-key>h</metadata-key>` + inside + `</payload-hashing-service>`
	}
	hexadecimal := `<byte-translator class="hex-string-byte-translator"/>`
	for _, c := range []serviceCase{
		{name: "MD5", xml: service("MD5", hexadecimal), payload: "hello", set: []string{"h", "5d41402abc4b2a76b9719d911017c592"}},
		{name: "sha1", xml: service("sha1", hexadecimal), payload: "hello", set: []string{"h", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"}},
		{name: "base64 by default", xml: service("MD5", ""), payload: "", set: []string{"h", "1B2M2Y8AsgTpgAmY7PhCfg=="}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestCharacterSetServices(t *testing.T) {
	utf16 := "\xfe\xff\x00<\x00?\x00x\x00m\x00l\x00 \x00v\x00e\x00r\x00s\x00i\x00o\x00n\x00=\x00\"\x001\x00.\x000\x00\"\x00 \x00e\x00n\x00c\x00o\x00d\x00i\x00n\x00g\x00=\x00'\x00U\x00T\x00F\x00-\x001\x006\x00'\x00?\x00>\x00<\x00a\x00/\x00>"
	for _, c := range []struct {
		serviceCase
		wantEncoding string
	}{
		{serviceCase{name: "named", xml: `<change-char-encoding-service><char-encoding>ISO-8859-1</char-encoding></change-char-encoding-service>`, payload: "caf\xe9"}, "ISO-8859-1"},
		{serviceCase{name: "named no more", xml: `<change-char-encoding-service/>`, encoding: "ISO-8859-1", payload: "x"}, ""},
		{serviceCase{name: "mark", xml: `<utf8-bom-remover/>`, payload: "\ufeffabc", want: "abc"}, ""},
		{serviceCase{name: "no mark", xml: `<utf8-bom-remover/>`, payload: "abc\ufeff"}, ""},
		{serviceCase{name: "another mark", xml: `<utf8-bom-remover/>`, payload: "\xfe\xff\x00a"}, ""},
		{serviceCase{name: "declared", xml: `<use-xml-charset-as-encoding/>`, payload: `<?xml version="1.0" encoding="ISO-8859-15"?><a/>`}, "ISO-8859-15"},
		{serviceCase{name: "declared in UTF-16", xml: `<use-xml-charset-as-encoding/>`, payload: utf16}, "UTF-16"},
		{serviceCase{name: "not declared", xml: `<use-xml-charset-as-encoding/>`, encoding: "ISO-8859-1", payload: `<?xml version="1.0"?><a encoding="UTF-8"/>`}, "ISO-8859-1"},
		{serviceCase{name: "no declaration", xml: `<use-xml-charset-as-encoding/>`, payload: `<a/>`}, ""},
		{serviceCase{name: "unknown", xml: `<use-xml-charset-as-encoding/>`, payload: `<?xml version="1.0" encoding="UTF-99"?><a/>`, fails: `"UTF-99" is not known`}, ""},
		{serviceCase{name: "no XML", xml: `<use-xml-charset-as-encoding/>`, payload: `{}`, fails: "does not begin with <"}, ""},
		{serviceCase{name: "empty", xml: `<use-xml-charset-as-encoding/>`, payload: ``, fails: "does not begin with <"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.run(t)
			m := newMessage(c.payload)
			m.SetEncoding(c.encoding)
			_ = component.Apply(t.Context(), decode[component.Service](t, c.xml), m) // its error is looked at above
			if m.Encoding() != c.wantEncoding {
				t.Errorf("character set is %q; want %q", m.Encoding(), c.wantEncoding)
			}
		})
	}
}

func TestReadFileMakesThePayload(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a b.json"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	service := func(path, inside string) string {
		return `<read-file-service><file-path>` + path + `</file-path>` + inside + `</read-file-service>`
	}
	media := `<content-type-metadata-key>type</content-type-metadata-key>`
	for _, c := range []serviceCase{
		{name: "path", xml: service(dir+"/%message{n}", ""), metadata: []string{"n", "a b.json"}, payload: "x", want: "content"},
		{name: "URL", xml: service("file://localhost"+dir+"/a%20b.json", media), payload: "x", want: "content", set: []string{"type", "application/json"}},
		{name: "not there", xml: service(dir+"/b", media), payload: "x", fails: "/b cannot be read: no such file"},
		{name: "a folder", xml: service(dir, ""), payload: "x", fails: "no regular file"},
		{name: "no metadata", xml: service(dir+"/%message{n}", ""), payload: "x", fails: "<file-path>"},
		{name: "another host", xml: service("http://example.org/a", ""), payload: "x", fails: "is no file"},
	} {
		t.Run(c.name, c.run)
	}
	if got := mediaType("a.unknown-to-all"); got != "" {
		t.Errorf("media type %q", got)
	}
}

func TestDataParametersOfFilesAndPaths(t *testing.T) {
	dir := t.TempDir()
	service := func(source, target string) string {
		return `<xpath-service><xml-source class="constant-data-input-parameter"><value>&lt;r>é&lt;/r></value></xml-source>
			<xpath-execution><source class="` + source + `</source><target class="` + target + `</target></xpath-execution></xpath-service>`
	}
	path := `json-path-data-input-parameter"><path>$.p</path>`
	for _, c := range []serviceCase{
		{name: "file", xml: service(path, `file-data-output-parameter"><url>`+dir+`/%message{n}.xml</url>`), metadata: []string{"n", "a b"}, encoding: "ISO-8859-1", payload: `{"p":"/r"}`},
		{name: "no folder", xml: service(path, `file-data-output-parameter"><url>`+dir+`/none/a</url>`), payload: `{"p":"/r"}`, fails: "/none/a cannot be written: no such file"},
		{name: "no name", xml: service(path, `file-data-output-parameter"><url>`+dir+`/%message{n}</url>`), payload: `{"p":"/r"}`, fails: "<url>"},
		{name: "no path", xml: service(path, `string-payload-data-output-parameter">`), payload: `{}`, fails: "jsonpath $.p leads to nothing"},
		{name: "null", xml: service(path, `string-payload-data-output-parameter">`), payload: `{"p":null}`, fails: "leads to null"},
		{name: "no JSON", xml: service(path, `string-payload-data-output-parameter">`), payload: `{`, fails: "the payload is not JSON"},
	} {
		t.Run(c.name, c.run)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a b.xml")); err != nil || string(got) != "<r>\xe9</r>" {
		t.Errorf("the file has %q, %v", got, err)
	}
}

func TestGunzipTakesNoMoreThanAnAnswerMayHave(t *testing.T) {
	bomb := strings.Repeat(zipped(t, strings.Repeat("\x00", 1<<20)), 257) // files in a row are one payload
	serviceCase{name: "bomb", xml: `<gunzip-service/>`, payload: bomb, fails: "more than 268435456 bytes"}.run(t)
}

func TestReplacementsCannotBlowUpAMessage(t *testing.T) {
	pairs := func(find string) string {
		return `<find-replace-pair><find class="configured-replacement-source"><value>` + find + `</value></find><replace class="metadata-replacement-source"><value>r</value></replace></find-replace-pair>`
	}
	for _, c := range []struct{ name, xml, payload, value string }{
		{"find and replace", `<find-and-replace-service>` + pairs(".") + `</find-and-replace-service>`, strings.Repeat("a", 1<<14), strings.Repeat("b", 1<<14+1)},
		{"the first match", `<find-and-replace-service>` + pairs(".+") + `<replace-first-only>true</replace-first-only></find-and-replace-service>`,
			strings.Repeat("a", 1<<14), strings.Repeat("$0", 1<<14+1)},
		{"tokens", `<payload-from-template><template>%message{%payload}</template><metadata-tokens><key-value-pair><key>r</key><value>a</value></key-value-pair></metadata-tokens></payload-from-template>`,
			strings.Repeat("a", 1<<14), "$0" + strings.Repeat("b", 1<<14)},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMessage(c.payload, "r", c.value)
			err := component.Apply(t.Context(), decode[component.Service](t, c.xml), m)
			if err == nil || !strings.Contains(err.Error(), "more than 268435456 bytes") || string(m.Payload()) != c.payload {
				t.Errorf("payload has %d bytes, error %v", len(m.Payload()), err)
			}
		})
	}
}
