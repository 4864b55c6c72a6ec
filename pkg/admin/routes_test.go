package admin

import (
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// HEAD is GET without a body, OPTIONS tells what there is, and everything else is refused.
func TestMethods(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	d := theDescription(t)
	fill := strings.NewReplacer("{path}", "none", "{id}", "orders", "{action}", "stop", "{dir}", "0", "{name}", "one.json")
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		var allow []string
		for method := range d.Paths[path] {
			allow = append(allow, strings.ToUpper(method))
			if method == "get" {
				allow = append(allow, "HEAD")
			}
		}
		allow = append(allow, "OPTIONS")
		slices.Sort(allow)
		want := strings.Join(allow, ", ")
		at := fill.Replace(path)
		if got := ask(t, s, "OPTIONS", at, ""); got.StatusCode != 204 || got.Header.Get("Allow") != want || got.text != "" {
			t.Errorf("OPTIONS %s: %d, Allow %q, want %q", at, got.StatusCode, got.Header.Get("Allow"), want)
		}
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"} {
			if slices.Contains(allow, method) {
				continue
			}
			got := ask(t, s, method, at, "")
			got.wants(t, 405, `{"error":"`)
			if got.Header.Get("Allow") != want {
				t.Errorf("%s %s: Allow %q, want %q", method, at, got.Header.Get("Allow"), want)
			}
		}
		if slices.Contains(allow, "HEAD") && path != "/api/events" {
			head, get := ask(t, s, "HEAD", at, ""), ask(t, s, "GET", at, "")
			if head.StatusCode != get.StatusCode || head.text != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
				t.Errorf("HEAD %s: %d %q %q; GET: %d %q", at, head.StatusCode, head.text, head.Header.Get("Content-Type"), get.StatusCode, get.Header.Get("Content-Type"))
			}
		}
	}
}

func TestEveryAnswerHasTheHeadersThatProtectIt(t *testing.T) {
	s := withAdapter(t, busy(), func(o *Options) { o.Token = token })
	for _, path := range []string{"/", "/livez", "/api/status", "/api/none", "/openapi.json", "/static/none"} {
		for _, headers := range [][]string{nil, {"Authorization: Bearer " + token}, {"Host: evil.example"}, {"Sec-Fetch-Site: cross-site"}} {
			h := ask(t, s, "GET", path, "", headers...).Header
			policy := h.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: Content-Security-Policy %q", path, policy)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
				if h.Get(name) != want {
					t.Errorf("%s: %s is %q", path, name, h.Get(name))
				}
			}
			if cache := h.Get("Cache-Control"); cache != "no-store" && (strings.HasPrefix(path, "/api") || cache != "no-cache") {
				t.Errorf("%s: Cache-Control %q", path, cache)
			}
		}
	}
}

func TestPageFilesAreKeptByTheirTag(t *testing.T) {
	s := listen(t, nil)
	first := ask(t, s, "GET", "/", "")
	first.wants(t, 200, "<!doctype html>")
	if kind := first.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("content type %q", kind)
	}
	tag := first.Header.Get("ETag")
	for _, c := range []struct {
		name, tags string
		want       int
	}{{"the same", tag, 304}, {"weak", "W/" + tag, 304}, {"among others", `"x", ` + tag, 304}, {"any", "*", 304}, {"another", `"x"`, 200}} {
		t.Run(c.name, func(t *testing.T) { ask(t, s, "GET", "/", "", "If-None-Match: "+c.tags).wants(t, c.want, "") })
	}
	for name := range s.page {
		if at, ok := strings.CutPrefix(name, "static/"); ok {
			got := ask(t, s, "GET", "/static/"+at, "")
			if got.StatusCode != 200 || got.Header.Get("Content-Type") == "" {
				t.Errorf("%s: %d", name, got.StatusCode)
			}
		}
	}
	for _, path := range []string{"/static/", "/static/../page.go", "/static/%2e%2e/page.go", "/static/%2e%2e%2findex.html", "/index.html", "/page.go"} {
		if got := ask(t, s, "GET", path, ""); got.StatusCode != 404 {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// A client that sends slowly, too much or nonsense gets no further than its own connection.
func TestBadConnections(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	address := strings.TrimPrefix(s.URL(), "http://")
	for _, c := range []struct{ name, text, want string }{
		{"large headers", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 2*mostHeaderBytes) + "\r\n\r\n", "431"},
		{"no host", "GET /livez HTTP/1.0\r\n\r\n", "421"},
		{"two hosts", "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", "400"},
		{"no HTTP", "hello\r\n\r\n", "400"},
		{"a whole URL of another host", "GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "421"},
		{"a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "421"},
		{"an endless body", "POST /api/flush HTTP/1.1\r\nHost: localhost\r\nX-Adapterd: 1\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 3*mostBodyBytes), "413"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.WriteString(conn, c.text); err != nil {
				t.Logf("written in part: %v", err)
			}
			answer := make([]byte, 12)
			if _, err := io.ReadFull(conn, answer); err != nil || !strings.HasSuffix(string(answer), c.want) {
				t.Errorf("%q, %v; want %s", answer, err, c.want)
			}
		})
	}
}

var _ http.Handler = (*Server)(nil)
