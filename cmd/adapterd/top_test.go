package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTopPrintsAStateAndEnds(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/status":
			_, _ = w.Write([]byte(`{"version":"v1","document":"adapter.xml","state":"started","ready":true,"channels":[{"id":"orders","state":"started"}]}`))
		case "/api/failures":
			_, _ = w.Write([]byte(`[]`))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	code, out, errOut := command(t, "top", strings.TrimPrefix(server.URL, "http://"), "--once")
	if code != exitDone || errOut != "" || !strings.HasPrefix(out, "OK channel orders runs") {
		t.Errorf("--once: exit %d\n%s%s", code, out, errOut)
	}
	code, out, errOut = command(t, "top", server.URL, "--json")
	if code != exitDone || errOut != "" || !json.Valid([]byte(out)) {
		t.Errorf("--json: exit %d\n%s%s", code, out, errOut)
	}
}

func TestTopSaysHowToStartAServer(t *testing.T) {
	code, _, errOut := command(t, "top", "127.0.0.1:1", "--once")
	if code != exitFailed || !strings.Contains(errOut, "adapterd run adapter.xml --admin 127.0.0.1:1") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}

func TestTopRefusesWrongUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no terminal", nil, "use --once or --json"},
		{"two addresses", []string{"a:1", "b:1"}, "want at most one URL, got 2 arguments"},
		{"no address", []string{"ftp://x", "--once"}, "the address of the admin server is host:port or a URL"},
		{"a password", []string{"http://a:secret@b", "--json"}, "without a password"},
		{"both", []string{"--once", "--json"}, "give one of them"},
		{"an interval for nothing", []string{"--once", "--interval", "2s"}, "--interval is for the terminal"},
		{"too short an interval", []string{"--interval", "1ms"}, "--interval takes 100ms or more"},
		{"a certificate without its key", []string{"--cert", "c.pem"}, "--cert and --key go together"},
		{"a CA for nothing", []string{"--ca", "ca.pem", "--insecure"}, "give one of them"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, errOut := command(t, append([]string{"top"}, c.args...)...)
			if code != exitUsage || !strings.Contains(errOut, c.want) || strings.Contains(errOut, "secret") {
				t.Errorf("exit %d, %s; want %q", code, errOut, c.want)
			}
		})
	}
}
