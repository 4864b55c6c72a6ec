package document

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"
)

// testdata/java-properties.json holds texts and what java.util.Properties of OpenJDK 17 read from them.
func TestReadPropertiesAsJavaDoes(t *testing.T) {
	data, err := os.ReadFile("testdata/java-properties.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text       string
		Properties map[string]string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 60 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, c := range cases {
		text, err := charmap.ISO8859_1.NewEncoder().String(c.Text)
		if err != nil {
			t.Fatal(err)
		}
		found, problems := ReadProperties("p", []byte(text))
		got := map[string]string{}
		for _, p := range found {
			got[p.Key] = p.Value
		}
		if strings.HasPrefix(c.Text, `\`) && c.Properties[""] == "" {
			delete(c.Properties, "") // a lone \ is a key of no characters for Java; nobody means one
		}
		if diff := cmp.Diff(c.Properties, got); diff != "" || len(problems) > 0 {
			t.Errorf("%q (-java +got): %s %v", c.Text, diff, problems)
		}
	}
}

func TestReadPropertiesPositions(t *testing.T) {
	found, problems := ReadProperties("p", []byte("# c\n\n  key : value\r\nlong\\\n er = \\\n   x\ré=1\nempty\nempty\n"))
	var got []string
	for _, p := range found {
		got = append(got, fmt.Sprintf("%s %d:%d", p, p.ValuePos.Line, p.ValuePos.Column))
	}
	// A lone CR ends a line for Java, but no editor counts it.
	want := []string{"p:3:3: key 3:9", "p:4:1: longer 6:4", "p:6:6: é 6:9", "p:7:1: empty 7:6", "p:8:1: empty 8:6"}
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
		t.Errorf("(-want +got): %s %v", diff, problems)
	}
}

func TestReadPropertiesEncodings(t *testing.T) {
	for name, text := range map[string]string{"UTF-8": "ü=é", "with a mark": "\uFEFFü=é", "ISO-8859-1": "\xfc=\xe9", "escaped": `\u00FC=\u00e9`} {
		found, problems := ReadProperties("p", []byte(text))
		if len(problems) > 0 || len(found) != 1 || found[0].Key != "ü" || found[0].Value != "é" || found[0].Pos.Column != 1 {
			t.Errorf("%s: %v %v", name, found, problems)
		}
	}
}

func TestReadPropertiesRefusesBrokenEscapes(t *testing.T) {
	for text, pos := range map[string]string{
		`a=\u00g0`: "p:1:3", "b=1\na=x\\u12": "p:2:4", `\u=1`: "p:1:1", `a=\ud83d`: "p:1:3", `a=\ud83dx`: "p:1:3", `a=\ude00\ud83d`: "p:1:3", `a=\ud83d\u0041`: "p:1:3",
	} {
		_, problems := ReadProperties("p", []byte(text))
		if len(problems) != 1 || problems[0].Pos.String() != pos || problems[0].Code != "properties-escape" {
			t.Errorf("%q: %v, want one at %s", text, problems, pos)
		}
	}
}

func escapeProperty(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case strings.ContainsRune(" \t\f=:#!\\", r):
			out.WriteString(`\` + string(r))
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func TestReadPropertiesReadsWhatIsEscaped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, value := rapid.StringN(1, 20, -1).Draw(t, "key"), rapid.String().Draw(t, "value")
		separator := rapid.SampledFrom([]string{"=", ":", " ", " = ", "\t:\t", " \\\n  = "}).Draw(t, "separator")
		end := rapid.SampledFrom([]string{"", "\n", "\r", "\r\n", "\n# c"}).Draw(t, "end")
		found, problems := ReadProperties("p", []byte("x=1\n"+escapeProperty(key)+separator+escapeProperty(value)+end))
		if len(problems) > 0 || len(found) != 2 || found[1].Key != key || found[1].Value != value {
			t.Fatalf("%q %q: %+v %v", key, value, found, problems)
		}
	})
}
