package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
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

// The engine takes out of answers what it sent, as it sent it; a server may repeat it in another form.
func TestRunMasksWhatAServerRepeatsInAnotherForm(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"UnrecognizedClientException","message":"no token=%s"}`, url.QueryEscape(r.Header.Get("X-Amz-Security-Token")))
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
	doc := strings.Replace(filesInto(dir, synchronous, pair("KinesisEndpoint", server.URL)), keysOfFilesInto, staticKeys("AKID", secret("form-key"), secret("form-token")), 1)
	code, out, errOut := command(t, "run", write(t, filepath.Join(dir, "a.xml"), doc), "--log-level", "trace", "--until-idle", "20ms")
	if code != exitFailed || !strings.Contains(errOut, "no token=***") {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	mustNotShow(t, out+errOut, secret("form-token"))
}
