package expr

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/message"
)

// goldenCase is one partition key of testdata/golden.json with what a real Interlok made of it, or what adapterd makes of it on purpose.
type goldenCase struct {
	Name     string      `json:"name"`
	Text     string      `json:"text"`
	Payload  []byte      `json:"payload_base64"`
	Filename string      `json:"filename"`
	Metadata [][2]string `json:"metadata"`
	Want     string      `json:"want"`
	Fails    bool        `json:"fails"`
	Reason   string      `json:"reason"`
	Differs  bool        `json:"differs_from_interlok"`
}

func goldenCases(t testing.TB) []goldenCase {
	t.Helper()
	raw, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func (c goldenCase) message(t testing.TB) *message.Message {
	t.Helper()
	m := message.New(c.Payload)
	m.SetMetadata("originalname", c.Filename)
	for _, kv := range c.Metadata {
		// As add-metadata-service has it: expressions in values resolve when the value is set.
		m.SetMetadata(kv[0], resolve(t, kv[1], m))
	}
	return m
}

func TestGoldenExpressions(t *testing.T) {
	cases := goldenCases(t)
	if len(cases) < 40 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			sources := Sources{Env: func(name string) (string, bool) { return "$" + name, name == "HOME" }}
			template, err := Compile(c.Text, sources)
			if err != nil {
				t.Fatal(err)
			}
			m := c.message(t)
			got, err := template.Resolve(m)
			appended, appendErr := template.Append([]byte("before "), m)
			if c.Fails {
				if err == nil {
					t.Fatalf("%s gave %q; Interlok fails with %s", c.Text, got, c.Reason)
				}
				if appendErr == nil || string(appended) != "before " {
					t.Errorf("Append: %q, %v", appended, appendErr)
				}
				if _, phrase, ok := strings.Cut(c.Reason, "ProduceException: "); ok && !strings.Contains(err.Error(), phrase) {
					t.Errorf("%v lacks Interlok's words %q", err, phrase)
				}
				return
			}
			if err != nil || got != c.Want {
				t.Errorf("%s: %q, %v; want %q", c.Text, got, err, c.Want)
			}
			if appendErr != nil || string(appended) != "before "+c.Want {
				t.Errorf("Append: %q, %v", appended, appendErr)
			}
			if c.Differs && len(template.Differences()) == 0 && strings.Contains(c.Text, "{jsonPath:") {
				t.Errorf("%s: nothing says that Interlok differs", c.Text)
			}
			if strings.Contains(c.Want, "%") && len(template.Literals()) == 0 {
				t.Errorf("%s goes out as it is without a warning", c.Text)
			}
		})
	}
}

func resolve(t testing.TB, text string, m *message.Message) string {
	t.Helper()
	template, err := Compile(text, Sources{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := template.Resolve(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGoldenNumbersKeepTheirDigits(t *testing.T) {
	m := message.New([]byte(`{"n":42,"f":1.10,"big":12345678901234567890,"e":1E+2,"t":true,"neg":-0}`))
	for path, want := range map[string]string{"$.n": "42", "$.f": "1.10", "$.big": "12345678901234567890", "$.e": "1E+2", "$.t": "true", "$.neg": "-0"} {
		if got := resolve(t, "%payload{jsonpath:"+path+"}", m); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestValuesAreNotResolvedAgain(t *testing.T) {
	m := message.New([]byte(`{"m":"%message{secret}"}`))
	m.SetMetadata("secret", "S3")
	m.SetMetadata("indirect", "%message{secret}")
	for _, text := range []string{"%payload{jsonpath:$.m}", "%message{indirect}"} {
		if got := resolve(t, text, m); got != "%message{secret}" {
			t.Errorf("%s: %q", text, got)
		}
	}
	var missing *MetadataError
	if _, err := mustCompile(t, "%message{nope}").Resolve(m); !errors.As(err, &missing) || missing.Key != "nope" || !errors.Is(err, ErrNoValue) {
		t.Errorf("%v", err)
	}
}

func mustCompile(t testing.TB, text string) *Template {
	t.Helper()
	template, err := Compile(text, Sources{})
	if err != nil {
		t.Fatal(err)
	}
	return template
}
