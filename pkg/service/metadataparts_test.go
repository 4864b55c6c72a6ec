package service

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestMetadataServicesReportFaultsOfTheDocument(t *testing.T) {
	formatted := func(format string) string {
		return "<add-formatted-metadata-service><format-string>" + format + "</format-string><argument-metadata-key>a</argument-metadata-key><metadata-key>out</metadata-key></add-formatted-metadata-service>"
	}
	for _, c := range []struct{ name, xml, want string }{
		{"format: number", formatted("%d"), "%d: metadata are texts, which this conversion does not take; use %s"},
		{"format: too many arguments", formatted("%s %s"), "%s: there is no such argument; there are 1 <argument-metadata-key>"},
		{"format: argument 0", formatted("%0$s"), "there is no such argument"},
		{"format: nothing before", formatted("%&lt;s"), "there is no such argument"},
		{"format: flag", formatted("%+s"), `the flag '+' does not go with texts`},
		{"format: left without width", formatted("%-s"), "the flag - needs a width"},
		{"format: width", formatted("%9999999999s"), "9999999999 is too large"},
		{"format: no conversion", formatted("50%"), `"%" begins no conversion; write %%`},
		{"format: line end with a width", formatted("%5n"), "has neither width nor precision"},
		{"extract: too few keys", `<extract-metadata-from-metadata><source-key>a</source-key><regular-expression>(a)(b)</regular-expression><metadata-keys><string>x</string></metadata-keys></extract-metadata-from-metadata>`,
			"names 1 keys, but <regular-expression> has 2 groups"},
		{"extract: no group", `<extract-metadata-from-metadata><source-key>a</source-key><regular-expression>a</regular-expression></extract-metadata-from-metadata>`, "has no group, so the service sets nothing"},
		{"regexp: no group", `<regexp-metadata-service><regexp-metadata-query><metadata-key>x</metadata-key><query-expression>a</query-expression></regexp-metadata-query></regexp-metadata-service>`, "has no group; put what is wanted into parentheses"},
		{"regexp: nothing", `<regexp-metadata-service/>`, "has no <regexp-metadata-query>"},
		{"validate: nothing", `<validate-metadata-service/>`, "has no <required-key>"},
		{"compare: pattern", `<metadata-comparison-service><first-key>a</first-key><second-key>b</second-key><comparator class="metadata-compare-timestamps"><date-format>T</date-format></comparator></metadata-comparison-service>`, "has the letter T"},
		{"sequence: format", `<simple-sequence-number-service><metadata-key>n</metadata-key><number-format>x</number-format><sequence-number-file>f</sequence-number-file></simple-sequence-number-service>`, `<number-format> of simple-sequence-number-service is "x": it is no pattern of a number`},
		{"sequence: file", `<simple-sequence-number-service><metadata-key>n</metadata-key><sequence-number-file>file://server/x</sequence-number-file></simple-sequence-number-service>`, "<sequence-number-file> of simple-sequence-number-service"},
		{"store: file", `<store-metadata-value-service><metadata-key>n</metadata-key><store-file-url>file://server/x</store-file-url></store-metadata-value-service>`, "<store-file-url> of store-metadata-value-service"},
		{"file: directory", `<write-metadata-to-filesystem><base-url>file://server/x</base-url></write-metadata-to-filesystem>`, "<base-url> of write-metadata-to-filesystem"},
		{"payload: encoding", `<metadata-to-payload><key>k</key><encoding>UUEncode</encoding></metadata-to-payload>`, "allowed: None, Base64"},
		{"resolve: untrusted", `<resolve-expression-service><input class="string-payload-data-input-parameter"/><output class="string-payload-data-output-parameter"/></resolve-expression-service>`, "takes expressions from messages"},
		{"unique: not in a collection", `<check-unique-metadata-value-service><metadata-key-to-check>k</metadata-key-to-check><store-file-url>x</store-file-url><next-service-id-if-duplicate>a</next-service-id-if-duplicate><next-service-id-if-unique>b</next-service-id-if-unique></check-unique-metadata-value-service>`,
			"does not stand in a branching-service-collection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := decodeWith(t, c.xml, sharedParts{})
			if len(problems) != 1 || !strings.Contains(problems[0], c.want) {
				t.Errorf("problems are %q; want one with %q", problems, c.want)
			}
		})
	}
}

func FuzzStringFormat(f *testing.F) {
	f.Add("%1$s-%2$-5.3S%n%%%<h", "x")
	f.Fuzz(func(t *testing.T, format, argument string) {
		parsed, err := parseStringFormat(format, 2)
		if err == nil && !strings.Contains(format, "%") && parsed.write([]string{argument, argument}) != format {
			t.Errorf("%q without a conversion changes", format)
		}
		if err == nil {
			parsed.write([]string{argument, argument})
		}
	})
}

func TestByteTranslatorsUndoThemselves(t *testing.T) {
	for _, translator := range []ByteTranslator{&Base64Translator{}, &HexTranslator{}, &Base58Translator{}} {
		rapid.Check(t, func(t *rapid.T) {
			data := rapid.SliceOf(rapid.Byte()).Draw(t, "data")
			text, err := translator.Text(data)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := translator.Bytes(text); err != nil || string(got) != string(data) {
				t.Fatalf("%x became %q and %x, %v", data, text, got, err)
			}
		})
	}
	for _, translator := range []ByteTranslator{&CharsetTranslator{CharsetEncoding: "ISO-8859-1"}, &SimpleTranslator{}} {
		if data, err := translator.Bytes("aü"); err != nil {
			t.Error(err)
		} else if text, err := translator.Text(data); err != nil || text != "aü" {
			t.Errorf("%T: %q, %v", translator, text, err)
		}
	}
}

func TestBase58IsThatOfBitcoin(t *testing.T) {
	for data, want := range map[string]string{"": "", "00": "1", "0000": "11", "61": "2g", "73696d706c792061206c6f6e6720737472696e67": "2cFupjhnEsSn59qHXstmK2ffpLv2", "516b6fcd0f": "ABnLTmg"} {
		raw, _ := hex.DecodeString(data)
		if got, _ := (*Base58Translator)(nil).Text(raw); got != want {
			t.Errorf("%s is %q, want %q", data, got, want)
		}
	}
	if _, err := (*Base58Translator)(nil).Bytes("2g0"); err == nil {
		t.Error("0 is accepted")
	}
	if _, err := (*Base58Translator)(nil).Text(make([]byte, maxBase58+1)); err == nil {
		t.Error("long data are accepted")
	}
}

func TestGeneratedIDs(t *testing.T) {
	const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	for _, c := range []struct{ generator, pattern string }{
		{"", uuid},
		{`<generator class="guid-generator"/>`, uuid},
		{`<generator class="safe-guid-generator"/>`, `[0-9a-f]{32}`},
		{`<generator class="guid-generator-with-time"/>`, `[1-9A-HJ-NP-Za-km-z]{21,22}`},
		{`<generator class="plain-id-generator"><separator>~</separator></generator>`, `[A-Za-z0-9+/]{11}~[0-9a-f]{1,8}~[0-9]{13}`},
		{`<generator class="simple-id-generator"><separator>~</separator></generator>`, `.+~[0-9a-f]{1,8}~[0-9]{13}`},
		{`<generator class="pseudo-random-id-generator"><prefix>p-</prefix></generator>`, `p-[A-Za-z0-9+/]{11}=`},
	} {
		s := decode[component.Service](t, "<generate-unique-metadata-value-service><metadata-key>id</metadata-key>"+c.generator+"</generate-unique-metadata-value-service>")
		seen := map[string]bool{}
		for range 3 {
			m := newMessage("")
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			id := metadataOf(m)["id"]
			if !regexp.MustCompile(`^(?:`+c.pattern+`)$`).MatchString(id) || seen[id] {
				t.Errorf("%s: %q (again: %v)", c.generator, id, seen[id])
			}
			seen[id] = true
		}
	}
	m := newMessage("")
	if err := component.Apply(t.Context(), decode[component.Service](t, "<generate-unique-metadata-value-service/>"), m); err != nil || len(m.MetadataKeys()) != 1 {
		t.Errorf("metadata are %v, %v", metadataOf(m), err)
	}
}

func TestDigestsHaveTheirNamesInJava(t *testing.T) {
	for name, bytes := range map[string]int{"md5": 16, "SHA": 20, "sha-1": 20, "SHA-512/256": 32, "SHA3-384": 48} {
		d, err := digestOf(name)
		if err != nil || d().Size() != bytes {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := digestOf("MD2"); err == nil || !strings.Contains(fmt.Sprint(err), `"MD2"`) {
		t.Error(err)
	}
}
