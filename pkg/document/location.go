package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// fetchTimeout bounds how long a document is waited for that comes over HTTP.
const fetchTimeout = 30 * time.Second

// IsHTTP says whether a location is an http: or https: URL.
func IsHTTP(location string) bool {
	s := scheme(location)
	return s == "http" || s == "https"
}

// Shown is a document's location without what may be secret in a URL: password and query.
func Shown(location string) string {
	if !IsHTTP(location) {
		return location
	}
	u, err := url.Parse(location)
	if err != nil {
		return "the document"
	}
	u.RawQuery = ""
	return u.Redacted()
}

// scheme is the URL scheme in lower case, or "" for a path; a Windows drive letter is no scheme.
func scheme(location string) string {
	i := strings.IndexByte(location, ':')
	if i < 2 || strings.ContainsFunc(location[:i], func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+-.", r))
	}) {
		return ""
	}
	return strings.ToLower(location[:i])
}

// FilePath is the path that a file URL or a path means, as Interlok reads them: file:///x and file://localhost/x are absolute,
// file://localhost/./x, file:///./x, file:./x and file:x are relative to the working directory, file:///C:/x is on a Windows drive.
// %XX in a URL stands for a character; a text without file: is a path already. Other URLs are an error.
func FilePath(location string) (string, error) {
	text := strings.TrimSpace(location)
	switch s := scheme(text); s {
	case "":
		if text == "" {
			return "", errors.New("the location is blank; give a path or a file URL")
		}
		return filepath.FromSlash(text), nil
	case "file":
	case "classpath":
		return "", fmt.Errorf("%s is inside a Java program, and there is none here; give it as a file", text)
	default:
		return "", fmt.Errorf("%s is no file; give a path or a file URL such as file:///var/messages", redactURL(text))
	}
	path := text[len("file:"):]
	if rest, ok := strings.CutPrefix(path, "//"); ok {
		slash := strings.IndexAny(rest, `/\`)
		if slash < 0 {
			slash = len(rest)
		}
		host := rest[:slash]
		switch {
		case host == "" || strings.EqualFold(host, "localhost") || host == "127.0.0.1":
			path = rest[slash:]
		case host == "." || host == "..", isDrive(host): // file://./x and file://C:/x are wrong, but only one thing can be meant
			path = rest
		case runtime.GOOS == "windows":
			path = `\\` + rest
		default:
			return "", fmt.Errorf("%s names the host %s, but a file URL here means this machine; three slashes make a path absolute, file:///%s", text, host, rest)
		}
	}
	path = unescape(path)
	trimmed := strings.TrimLeft(path, "/")
	switch {
	case path == "":
		return "", fmt.Errorf("%s names no file; give a path, as in file:///var/messages", text)
	case strings.HasPrefix(path, "/./"), strings.HasPrefix(path, "/../"), path == "/.", path == "/..":
		path = path[1:]
	case isDrive(trimmed):
		path = strings.Replace(trimmed, "|", ":", 1)
	case strings.HasPrefix(path, "//"):
		path = "/" + trimmed
	}
	return filepath.FromSlash(path), nil
}

// isDrive says whether a path begins with a Windows drive.
func isDrive(path string) bool {
	return len(path) >= 2 && (path[1] == ':' || path[1] == '|') && (path[0]|0x20) >= 'a' && (path[0]|0x20) <= 'z' && (len(path) == 2 || path[2] == '/' || path[2] == '\\')
}

// unescape decodes %XX; a % that begins no such is itself.
func unescape(path string) string {
	if out, err := url.PathUnescape(path); err == nil {
		return out
	}
	var out strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if c, err := url.PathUnescape(path[i : i+3]); err == nil {
				out.WriteString(c)
				i += 2
				continue
			}
		}
		out.WriteByte(path[i])
	}
	return out.String()
}

// redactURL leaves a password out.
func redactURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return scheme(text) + ":…"
	}
	u.RawQuery = "" // tokens stand there
	return u.Redacted()
}

// ReadLocation reads a path, a file URL, or an http: or https: URL, at most so many bytes; over HTTP within 30 seconds. name is what
// positions call it: the path, or the URL without what is secret in it.
func ReadLocation(ctx context.Context, location string, maxBytes int64) (name string, data []byte, err error) {
	location = strings.TrimSpace(location)
	if IsHTTP(location) {
		name = redactURL(location)
		data, err = fetch(ctx, location, maxBytes)
		return name, data, err
	}
	path, err := FilePath(location)
	if err != nil {
		return location, nil, err
	}
	path = filepath.Clean(path)
	f, err := os.Open(path)
	if err != nil {
		return path, nil, cause(err)
	}
	defer f.Close()
	data, err = readAtMost(f, maxBytes)
	return path, data, err
}

func fetch(ctx context.Context, location string, maxBytes int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, errors.New("the URL cannot be read; write it as http://host:port/path")
	}
	// A transport of its own: a document is read once, so no connection needs to stay.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		var u *url.Error // repeats the URL
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", response.Status)
	}
	return readAtMost(response.Body, maxBytes)
}

func readAtMost(r io.Reader, maxBytes int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, cause(err)
	}
	if int64(len(data)) > maxBytes {
		return nil, fmt.Errorf("it has more than %d bytes, the most that is accepted", maxBytes)
	}
	return data, nil
}
