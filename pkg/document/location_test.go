package document

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestFilePath(t *testing.T) {
	for location, want := range map[string]string{
		"/var/messages":                   "/var/messages",
		"messages/in":                     "messages/in",
		"./messages/in":                   "./messages/in",
		"  /padded \n":                    "/padded",
		"a b%20c":                         "a b%20c",
		"file:///var/messages":            "/var/messages",
		"file:/var/messages":              "/var/messages",
		"FILE:///var/messages":            "/var/messages",
		"file://localhost/var/messages":   "/var/messages",
		"file://LOCALHOST/var/messages":   "/var/messages",
		"file://localhost//var/messages":  "/var/messages",
		"file:////var/messages":           "/var/messages",
		"file://localhost/./messages/in":  "./messages/in",
		"file://localhost/../messages":    "../messages",
		"file:///./messages/in":           "./messages/in",
		"file:./messages/in":              "./messages/in",
		"file:messages/in":                "messages/in",
		"file://./messages/in":            "./messages/in",
		"file:///a%20b/%C3%BC":            "/a b/ü",
		"file:///50%/%1$s/%message{x}":    "/50%/%1$s/%message{x}",
		"file:///a%zz%20":                 "/a%zz ",
		"file:///a#b?c":                   "/a#b?c",
		"file:///C:/adapters/in":          "C:/adapters/in",
		"file:/C:/adapters/in":            "C:/adapters/in",
		"file:C:/adapters/in":             "C:/adapters/in",
		"file://C:/adapters/in":           "C:/adapters/in",
		"file://localhost/c:/adapters/in": "c:/adapters/in",
		"file://localhost/c|/adapters/in": "c:/adapters/in",
		"C:/adapters/in":                  "C:/adapters/in",
		`C:\adapters\in`:                  `C:\adapters\in`,
		"file:///":                        "/",
		"file://localhost/./":             "./",
	} {
		got, err := FilePath(location)
		if err != nil || got != filepath.FromSlash(want) {
			t.Errorf("FilePath(%q) = %q, %v, want %q", location, got, err, want)
		}
	}
	for location, want := range map[string]string{
		"":                             "blank",
		" ":                            "blank",
		"file:":                        "names no file",
		"file://localhost":             "names no file",
		"classpath:adapter.xml":        "inside a Java program",
		"http://u:canary@h/x?t=canary": "http://u:xxxxx@h/x is no file",
		"s3://bucket/x":                "is no file",
	} {
		if got, err := FilePath(location); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("FilePath(%q) = %q, %v, want an error with %q", location, got, err, want)
		}
	}
	if runtime.GOOS != "windows" {
		if _, err := FilePath("file://server/share/x"); err == nil || !strings.Contains(err.Error(), "file:///server/share/x") {
			t.Errorf("a host: %v", err)
		}
	}
}

func TestIsHTTP(t *testing.T) {
	for location, want := range map[string]bool{"http://h/x": true, "HTTPS://h": true, "file:///x": false, "x": false, "C:/http": false, "a/http://x": false, "": false} {
		if IsHTTP(location) != want {
			t.Errorf("IsHTTP(%q) is not %v", location, want)
		}
	}
}

func TestReadLocation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b.xml")
	if err := os.WriteFile(path, []byte("<a/>"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	name, data, err := ReadLocation(ctx, "file://"+strings.ReplaceAll(filepath.ToSlash(path), " ", "%20"), 4)
	if name != path || string(data) != "<a/>" || err != nil {
		t.Errorf("%q %q %v", name, data, err)
	}
	if _, _, err := ReadLocation(ctx, path, 3); err == nil || !strings.Contains(err.Error(), "more than 3 bytes") {
		t.Errorf("too large: %v", err)
	}
	if _, _, err := ReadLocation(ctx, path+"x", 3); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), path) {
		t.Errorf("missing: %v", err)
	}
	if _, _, err := ReadLocation(ctx, t.TempDir(), 3); err == nil {
		t.Error("a directory was read")
	}
}

func TestReadLocationOverHTTP(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a.xml":
			_, _ = w.Write([]byte("<a/>"))
		case "/slow":
			<-release
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	defer close(release)
	ctx := context.Background()
	location := strings.Replace(server.URL, "http://", "http://user:canary@", 1) + "/a.xml?token=canary"
	name, data, err := ReadLocation(ctx, location, 4)
	if string(data) != "<a/>" || err != nil || strings.Contains(name, "canary") {
		t.Errorf("%q %q %v", name, data, err)
	}
	if _, _, err := ReadLocation(ctx, location, 3); err == nil || !strings.Contains(err.Error(), "more than 3 bytes") {
		t.Errorf("too large: %v", err)
	}
	if _, _, err := ReadLocation(ctx, server.URL+"/none", 3); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("missing: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, _, err := ReadLocation(short, server.URL+"/slow?canary", 3); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "canary") {
		t.Errorf("slow: %v", err)
	}
	if _, _, err := ReadLocation(ctx, "http://[canary", 3); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("no URL: %v", err)
	}
}

func TestShownLocationsHoldNoSecret(t *testing.T) {
	for location, want := range map[string]string{
		"config/adapter.xml":                            "config/adapter.xml",
		"https://me:secret@host/adapter.xml?key=secret": "https://me:xxxxx@host/adapter.xml",
		"http://host:port/%zz?key=secret":               "the document",
	} {
		if got := Shown(location); got != want {
			t.Errorf("%s is shown as %s, want %s", location, got, want)
		}
	}
}
