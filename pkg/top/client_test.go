package top

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// closed is an address where nothing listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// answering is a server that answers everything alike.
func answering(t *testing.T, encrypted bool, status int, text string) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status == http.StatusFound {
			w.Header().Set("Location", "http://127.0.0.1:1/")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	s.Config.ErrorLog = silent()
	if encrypted {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func TestErrorsSayWhatToDo(t *testing.T) {
	nowhere := closed(t)
	token := file(t, "token", "0123456789abcdef\n")
	state := string(told(t, quiet()))
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"nobody there", Options{URL: nowhere}, "nothing listens at http://" + nowhere + "; start one with `adapterd run adapter.xml --admin " + nowhere + "`"},
		{"a token is wanted", Options{URL: answering(t, false, 401, `{"error":"no"}`).URL}, "wants a token: give --token-file with the file that run has as --admin-token-file"},
		{"another token is wanted", Options{URL: answering(t, false, 401, `{"error":"no"}`).URL, TokenFile: token}, "refuses the token of " + token},
		{"a certificate is wanted", Options{URL: answering(t, false, 403, `{"error":"this needs a client certificate by one of the CAs"}`).URL}, "give --cert and --key"},
		{"another name is wanted", Options{URL: answering(t, false, 421, `{"error":"this server is not called x"}`).URL}, "this server is not called x"},
		{"another program", Options{URL: answering(t, false, 404, "<html>").URL}, "answered 404 Not Found; is it the admin server of an adapterd?"},
		{"another program that answers anything", Options{URL: answering(t, false, 200, "<html>").URL}, "/api/status does not answer JSON; is it the admin server of an adapterd?"},
		{"another JSON", Options{URL: answering(t, false, 200, `[1]`).URL}, "the state that it sent can not be read"},
		{"somewhere else", Options{URL: answering(t, false, 302, "").URL, TokenFile: token}, "answered 302 Found"},
		{"an unknown CA", Options{URL: answering(t, true, 200, state).URL}, "give it with --ca"},
		{"HTTP to HTTPS", Options{URL: strings.Replace(answering(t, true, 200, state).URL, "https", "http", 1)}, "speaks HTTPS: give the URL with https://"},
		{"HTTPS to HTTP", Options{URL: strings.Replace(answering(t, false, 200, state).URL, "http", "https", 1)}, "speaks plain HTTP: give the URL with http://"},
		{"no CA file", Options{URL: nowhere, CA: filepath.Join(t.TempDir(), "ca.pem")}, "--ca: open"},
		{"no CA in the file", Options{URL: nowhere, CA: token}, "--ca: " + token + " has no certificate in PEM"},
		{"no key", Options{URL: nowhere, Cert: token, Key: token}, "--cert and --key: "},
		{"no token file", Options{URL: nowhere, TokenFile: filepath.Join(t.TempDir(), "token")}, "--token-file: open"},
		{"no token in the file", Options{URL: nowhere, TokenFile: file(t, "token", "\n")}, "has no token"},
		{"two lines of token", Options{URL: nowhere, TokenFile: file(t, "token", "a\nb")}, "has no token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Interval = time.Second
			for name, do := range map[string]func() error{
				"once": func() error { return Once(t.Context(), withOut(c.o, io.Discard)) },
				"json": func() error { return JSON(t.Context(), withOut(c.o, io.Discard)) },
				"run":  func() error { return Run(t.Context(), withOut(c.o, io.Discard)) },
			} {
				if err := do(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "0123456789abcdef") {
					t.Errorf("%s: got %v, want %q", name, err, c.want)
				}
			}
		})
	}
}

func withOut(o Options, out io.Writer) Options {
	o.Out = out
	return o
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"host and port", "127.0.0.1:8088", "http://127.0.0.1:8088"},
		{"a name", "adapter.example:8088", "http://adapter.example:8088"},
		{"everywhere is here", "0.0.0.0:8088", "http://127.0.0.1:8088"},
		{"everywhere of version 6 too", "http://[::]:8088/", "http://127.0.0.1:8088"},
		{"URL", "https://adapter.example/", "https://adapter.example"},
		{"behind a proxy", "https://adapter.example/a%2Fb/", "https://adapter.example/a%2Fb"},
		{"a password", "http://me:secret@127.0.0.1:8088", ""},
		{"a query", "http://127.0.0.1:8088/?x", ""},
		{"no scheme that is known", "ftp://127.0.0.1", ""},
		{"nothing", "", ""},
		{"no host", "http://:8088", ""},
		{"a line", "http://a\nb", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := baseURL(c.in)
			if got != c.want || (err == nil) != (c.want != "") || err != nil && (!errors.Is(err, ErrUsage) || strings.Contains(err.Error(), "secret")) {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func TestCertificatesThatAreKnownAreTaken(t *testing.T) {
	s := answering(t, true, 200, string(told(t, quiet())))
	ca := file(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	for name, o := range map[string]Options{"ca": {CA: ca}, "insecure": {Insecure: true}} {
		o.URL, o.Out = s.URL, io.Discard
		if err := JSON(t.Context(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnceTellsEverything(t *testing.T) {
	trouble, failures := troubled()
	s := serve(t, told(t, trouble, 7900, 4100))
	s.failures = failures
	var out bytes.Buffer
	if err := Once(t.Context(), Options{URL: s.URL, Out: &out, location: time.UTC}); err != nil {
		t.Fatal(err)
	}
	golden(t, "once.txt", out.String())
	for range 2 * lastFailures {
		s.failures = append(s.failures, failures[1])
	}
	out.Reset()
	if err := Once(t.Context(), Options{URL: s.URL, Out: &out, location: time.UTC}); err != nil || !strings.Contains(out.String(), "  and 12 before these\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestJSONIsWhatTheServerSaysAndHarmless(t *testing.T) {
	st := quiet()
	st.Document = "a\u009b31m\u202eb"
	text := told(t, st, 1, 2)
	s := serve(t, text)
	var out bytes.Buffer
	if err := JSON(t.Context(), Options{URL: s.URL, Out: &out}); err != nil {
		t.Fatal(err)
	}
	var got, want any
	if json.Unmarshal(out.Bytes(), &got) != nil || json.Unmarshal(text, &want) != nil {
		t.Fatalf("no JSON:\n%s", out.String())
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) || !strings.Contains(out.String(), `a\u009b31m\u202eb`) || !strings.Contains(out.String(), `"landed": 1`) {
		t.Errorf("got\n%s", out.String())
	}
}
