package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// probed answers as the admin server does.
func probed(ready bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{\"live\":true}\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"notReady":["channel orders is stopped"]}`))
			return
		}
		_, _ = w.Write([]byte(`{"ready":true}`))
	})
	return mux
}

func TestHealthSaysWhatTheAdminServerAnswers(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // which a probe does not take
	ready, not := httptest.NewServer(probed(true)), httptest.NewServer(probed(false))
	gone := httptest.NewServer(probed(true))
	secure := httptest.NewTLSServer(probed(true))
	defer ready.Close()
	defer not.Close()
	defer secure.Close()
	gone.Close()
	ca := write(t, filepath.Join(t.TempDir(), "ca.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	everywhere := "0.0.0.0" + ready.URL[strings.LastIndex(ready.URL, ":"):]
	for name, c := range map[string]struct {
		args      []string
		code      int
		out, fail string
	}{
		"ready":                {[]string{"--admin", ready.Listener.Addr().String()}, exitDone, `{"ready":true}`, ""},
		"by URL":               {[]string{"--admin", ready.URL + "/"}, exitDone, `{"ready":true}`, ""},
		"listens everywhere":   {[]string{"--admin", everywhere}, exitDone, `{"ready":true}`, ""},
		"not ready":            {[]string{"--admin", not.URL}, exitFailed, "channel orders is stopped", "answered 503"},
		"lives":                {[]string{"--admin", not.URL, "--live"}, exitDone, `{"live":true}`, ""},
		"gone":                 {[]string{"--admin", gone.URL}, exitFailed, "", "was run given --admin with this address?"},
		"TLS":                  {[]string{"--admin", secure.URL, "--ca", ca}, exitDone, `{"ready":true}`, ""},
		"unknown certificate":  {[]string{"--admin", secure.URL}, exitFailed, "", "certificate"},
		"no such CA":           {[]string{"--admin", secure.URL, "--ca", ca + "x"}, exitFailed, "", "--ca: "},
		"address without port": {[]string{"--admin", "127.0.0.1"}, exitUsage, "", "--admin is"},
		"URL with a path":      {[]string{"--admin", ready.URL + "/readyz"}, exitUsage, "", "neither a path"},
		"another scheme":       {[]string{"--admin", "ftp://127.0.0.1:1"}, exitUsage, "", "--admin takes"},
		"no time":              {[]string{"--timeout", "0s"}, exitUsage, "", "--timeout takes a positive time"},
		"argument":             {[]string{"now"}, exitUsage, "", "want no argument"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := command(t, append([]string{"health"}, c.args...)...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errOut, c.fail) || (c.fail == "") != (errOut == "") {
				t.Errorf("exit %d\n%s%s", code, out, errOut)
			}
		})
	}
}
