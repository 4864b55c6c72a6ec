package main

import (
	"bytes"
	"testing"
)

func TestMaskingHidesSecretsInEveryForm(t *testing.T) {
	var out bytes.Buffer
	m := &masking{out: &out}
	write := func(text string) string {
		out.Reset()
		if n, err := m.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("write of %q: %d, %v", text, n, err)
		}
		return out.String()
	}
	if got := write("before a\"b/c+d e\n"); got != "before a\"b/c+d e\n" {
		t.Errorf("before any secret is known: %q", got)
	}
	m.hide([]string{`a"b/c+d e`, `a"b/c+d e, and longer`, "test", ""})
	for name, c := range map[string]struct{ text, want string }{
		"as it is":        {`it is a"b/c+d e.`, "it is ***."},
		"the longer one":  {`a"b/c+d e, and longer`, "***"},
		"twice":           {`a"b/c+d ea"b/c+d e`, "******"},
		"in JSON":         {`{"x":"a\"b/c+d e"}`, `{"x":"***"}`},
		"in a query":      {"?x=a%22b%2Fc%2Bd+e&", "?x=***&"},
		"in a path":       {"/a%22b%2Fc+d%20e/", "/***/"},
		"in base64":       {"Basic YSJiL2MrZCBl", "Basic ***"},
		"too short":       {"this is a test", "this is a test"},
		"nothing at all":  {"", ""},
		"something other": {`a"b/c+d`, `a"b/c+d`},
	} {
		if got := write(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
