package admin

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/adapterd/adapterd/pkg/admin/page"
)

// file is one of the page, in memory.
type file struct {
	text        []byte
	contentType string
	tag         string
}

// contentTypes are told by ourselves: what a system makes of the ends of names differs, and browsers are told not to guess.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".json": "application/json", ".map": "application/json",
	".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8",
}

//go:embed openapi.json
var description []byte

// pageFiles are all files of the page by their paths in it.
func pageFiles() (map[string]file, error) {
	files := make(map[string]file)
	err := fs.WalkDir(page.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(page.Files, name)
		if err != nil {
			return err
		}
		kind, known := contentTypes[path.Ext(name)]
		if !known {
			kind = "text/plain; charset=utf-8" // a licence
		}
		files[name] = newFile(text, kind)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the status page can not be read: %w", err)
	}
	return files, nil
}

func newFile(text []byte, contentType string) file {
	sum := sha256.Sum256(text)
	return file{text, contentType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
}

func (s *Server) index(w http.ResponseWriter, r *http.Request) { s.file(w, r, "index.html") }

func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	s.file(w, r, "static/"+r.PathValue("path"))
}

func (s *Server) file(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := s.page[name]
	if !ok {
		s.fail(w, refuse(http.StatusNotFound, "the page has no file "+short(r.URL.Path)))
		return
	}
	s.send(w, r, f)
}

// send answers a file, or that the client has it.
func (s *Server) send(w http.ResponseWriter, r *http.Request, f file) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache") // kept, but asked for: the next version of the program has others under the same names
	h.Set("ETag", f.tag)
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == f.tag || tag == "*" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	s.write(w, http.StatusOK, f.contentType, f.text)
}

// descriptionFile is openapi.json.
var descriptionFile = newFile(description, "application/json")

func (s *Server) openapi(w http.ResponseWriter, r *http.Request) { s.send(w, r, descriptionFile) }
