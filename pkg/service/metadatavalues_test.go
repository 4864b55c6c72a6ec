package service

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

// metadataCase is a service, the metadata and payload of a message before it, and the metadata after it or why it fails.
type metadataCase struct {
	name, xml string
	payload   string
	before    []string
	want      map[string]string
	fails     string
}

func (c metadataCase) run(t *testing.T) {
	t.Helper()
	t.Run(c.name, func(t *testing.T) {
		s := decode[component.Service](t, c.xml)
		m := newMessage(c.payload, c.before...)
		err := component.Apply(t.Context(), s, m)
		switch {
		case c.fails == "" && err != nil:
			t.Fatal(err)
		case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
			t.Fatalf("error is %v; want one with %q", err, c.fails)
		}
		if diff := cmp.Diff(c.want, metadataOf(m)); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	})
}

func TestServicesThatRewriteMetadataValues(t *testing.T) {
	// One value under the key k; x.k does not match as a whole.
	change := func(service, inside, before, after, fails string) metadataCase {
		want := map[string]string{"k": after, "x.k": before}
		if fails != "" {
			want["k"] = before
		}
		return metadataCase{service + ": " + before, "<" + service + ">" + inside + "<metadata-key-regexp>k|none</metadata-key-regexp></" + service + ">", "",
			[]string{"k", before, "x.k", before}, want, fails}
	}
	style := func(s string) string { return "<style>" + s + "</style>" }
	replace := func(search, replacement, all string) string {
		return "<search-value>" + search + "</search-value><replacement-value>" + replacement + "</replacement-value><replace-all>" + all + "</replace-all>"
	}
	dates := func(from, to string) string {
		return "<source-format-builder><format>" + from + "</format><timezone>UTC</timezone></source-format-builder>" +
			"<destination-format-builder><format>" + to + "</format><timezone>UTC</timezone></destination-format-builder>"
	}
	for _, c := range []metadataCase{
		change("metadata-value-to-lower-case", "", "GRÜSSE ΟΔΟΣ", "grüsse οδος", ""),
		change("metadata-value-to-upper-case", "", "Straße", "STRASSE", ""),
		change("metadata-value-escape-double-quote", "", `a "b" \"`, `a \"b\" \\"`, ""),
		change("metadata-value-escape-single-quote", "", `it's`, `it\'s`, ""),
		change("trim-metadata-service", "", " \t\u00a0a b\n", "\u00a0a b", ""),
		change("url-encode-metadata-service", "", "a b&ü~*-_.€", "a+b%26%C3%BC%7E*-_.%E2%82%AC", ""),
		change("url-decode-metadata-service", "", "a+b%26%C3%BC", "a b&ü", ""),
		change("url-decode-metadata-service", "", "50%", "", `url-decode-metadata-service: metadata "k": the text is not encoded for a URL: the % at byte 3`),
		change("url-decode-metadata-service", "", "%zz", "", "is not followed by two hexadecimal digits"),
		change("metadata-base64-encode", "", "a>b?ü", "YT5iP8O8", ""),
		change("metadata-base64-encode", style("URL"), "~~~???", "fn5-Pz8_", ""),
		change("metadata-base64-encode", style("MIME"), strings.Repeat("x", 60), strings.Repeat("eHh4", 19)+"\r\neHh4", ""),
		change("metadata-base64-decode", "", "YT5iP8O8", "a>b?ü", ""),
		change("metadata-base64-decode", "", "YQ", "a", ""),
		change("metadata-base64-decode", style("MIME"), "Y!T5i\r\nP8O8", "a>b?ü", ""),
		change("metadata-base64-decode", "", "YT5i\nP8O8", "", "a line ends at character 5; set <style> to MIME"),
		change("metadata-base64-decode", "", "!", "", "is no Base64 of style BASIC"),
		change("string-to-hex-metadata-service", "", "aü", "61c3bc", ""),
		change("string-to-hex-metadata-service", "<charset>ISO-8859-1</charset>", "aü€", "61fc3f", ""),
		change("hex-to-string-metadata-service", "", "61C3bc", "aü", ""),
		change("hex-to-string-metadata-service", "<charset>ISO-8859-1</charset>", "61fc", "aü", ""),
		change("hex-to-string-metadata-service", "", "616", "", "the text is not hexadecimal"),
		change("metadata-hashing-service", "", "hello", "qvTGHdzF6KLavt4PO0gs2a6pQ00=", ""),
		change("metadata-hashing-service", `<hash-algorithm>sha-256</hash-algorithm><byte-translator class="hex-string-byte-translator"/>`, "",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""),
		change("replace-metadata-value", replace("a", "Z", "false"), "a-b-a", "Z-b-a", ""),
		change("replace-metadata-value", replace("a", "Z", "true"), "a-b-a", "Z-b-Z", ""),
		change("replace-metadata-value", replace("a", "", "true"), "a-b-a", "-b-", ""),
		change("replace-metadata-value", replace(`(\w+)-(\w+)`, "$2-$1", "false"), "one-two-three-four", "two-one-three-four", ""),
		change("replace-metadata-value", replace(`(\w+)-(\w+)`, `{2} {1} \$9`, "false"), "one-two", "two one $9", ""),
		change("replace-metadata-value", replace(`(\w+)-(.+)`, "{2}", "false"), "one-$1{1}\\", "$1{1}\\", ""),
		change("replace-metadata-value", replace(`(\w+)-(\w+)`, "{1}", "false"), "one-two!", "{1}!", ""),
		change("replace-metadata-value", replace("a", "%message{x.k}", "false"), "a$", "", `the replacement "a$" does not fit <search-value> a`),
		change("reformat-date-service", dates("yyyy-MM-dd", "dd/MM/yyyy HH:mm"), "2024-02-29", "29/02/2024 00:00", ""),
		change("reformat-date-service", dates("SECONDS_SINCE_EPOCH", "yyyy-MM-dd'T'HH:mm:ssXXX"), "86400", "1970-01-02T00:00:00Z", ""),
		change("reformat-date-service", dates("yyyy-MM-dd'T'HH:mm:ssZ", "MILLISECONDS_SINCE_EPOCH"), "1970-01-02T01:00:00+0100", "86400000", ""),
		change("reformat-date-service", "<destination-format-builder><format>SECONDS_SINCE_EPOCH</format></destination-format-builder>", "1970-01-02T01:00:00+0100", "86400", ""),
		change("reformat-date-service", "<source-format-builder><format>SECONDS_SINCE_EPOCH</format></source-format-builder><destination-format-builder><timezone>UTC</timezone></destination-format-builder>", "86400", "1970-01-02T00:00:00+0000", ""),
		change("reformat-date-service", dates("yyyy-MM-dd", "yyyy"), "2023-02-29", "", `reformat-date-service: metadata "k": <source-format-builder>: "2023-02-29" is no date: that day is not in the calendar`),
	} {
		c.run(t)
	}
}

func TestRewritingKeepsAllValuesWhenOneFails(t *testing.T) {
	metadataCase{"second fails", `<url-decode-metadata-service><metadata-key-regexp>.*</metadata-key-regexp></url-decode-metadata-service>`, "",
		[]string{"a", "1+2", "b", "%"}, map[string]string{"a": "1+2", "b": "%"}, `metadata "b"`}.run(t)
}

func TestRewritingUsesTheMessagesCharset(t *testing.T) {
	const hex = `<hash-algorithm>MD5</hash-algorithm><byte-translator class="hex-string-byte-translator"/>`
	for _, c := range []struct{ service, inside, want string }{
		{"url-encode-metadata-service", "", "%FC"},
		{"metadata-base64-encode", "", "/A=="},
		{"metadata-hashing-service", hex, fmt.Sprintf("%x", md5.Sum([]byte{0xFC}))},
	} {
		s := decode[component.Service](t, "<"+c.service+"><metadata-key-regexp>k</metadata-key-regexp>"+c.inside+"</"+c.service+">")
		m := newMessage("", "k", "ü")
		m.SetEncoding("ISO-8859-1")
		if err := component.Apply(t.Context(), s, m); err != nil {
			t.Fatal(err)
		}
		if got, _ := m.Metadata("k"); got != c.want {
			t.Errorf("%s gives %q, want %q", c.service, got, c.want)
		}
	}
}

func TestRewritingReportsFaultsOfTheDocument(t *testing.T) {
	for _, c := range []struct{ name, xml, want string }{
		{"no pattern", `<trim-metadata-service/>`, "warning: <metadata-key-regexp> of trim-metadata-service is missing or blank, so the service does nothing"},
		{"bad charset", `<string-to-hex-metadata-service><charset>x-no</charset><metadata-key-regexp>k</metadata-key-regexp></string-to-hex-metadata-service>`, `<charset> of string-to-hex-metadata-service the character set "x-no"`},
		{"bad style", `<metadata-base64-encode><style>base</style><metadata-key-regexp>k</metadata-key-regexp></metadata-base64-encode>`, "allowed: BASIC, URL, MIME"},
		{"bad algorithm", `<metadata-hashing-service><hash-algorithm>CRC</hash-algorithm><metadata-key-regexp>k</metadata-key-regexp></metadata-hashing-service>`, `<hash-algorithm> of metadata-hashing-service is "CRC"`},
		{"bad group", `<replace-metadata-value><search-value>a</search-value><replacement-value>$1</replacement-value><metadata-key-regexp>k</metadata-key-regexp></replace-metadata-value>`, `the replacement "$1" does not fit`},
		{"bad group in braces", `<replace-metadata-value><search-value>(a)</search-value><replacement-value>{2}</replacement-value><metadata-key-regexp>k</metadata-key-regexp></replace-metadata-value>`, "names group {2}, but the pattern has 1 groups"},
		{"keys: no filter", `<metadata-key-to-lower-case/>`, "keeps no metadata, so the service does nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := decodeWith(t, c.xml, sharedParts{})
			if len(problems) != 1 || !strings.Contains(problems[0], c.want) {
				t.Errorf("problems are %q; want one with %q", problems, c.want)
			}
		})
	}
}

func TestServicesThatRewriteMetadataKeys(t *testing.T) {
	keys := func(service string) string {
		return "<" + service + `><keys-to-modify class="regex-metadata-filter"><include-pattern>^h</include-pattern></keys-to-modify></` + service + ">"
	}
	for _, c := range []metadataCase{
		{"lower", keys("metadata-key-to-lower-case"), "", []string{"hA-B", "1", "Other", "2"}, map[string]string{"ha-b": "1", "Other": "2"}, ""},
		{"upper", keys("metadata-key-to-upper-case"), "", []string{"hA-ß", "1", "Other", "2"}, map[string]string{"HA-SS": "1", "Other": "2"}, ""},
		{"capital", keys("metadata-key-to-capital-case"), "", []string{"hA-B cD", "1", "other", "2"}, map[string]string{"Ha-b Cd": "1", "other": "2"}, ""},
		{"two become one", keys("metadata-key-to-lower-case"), "", []string{"hA", "1", "ha", "2"}, map[string]string{"ha": "2"}, ""},
	} {
		c.run(t)
	}
}
