package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceName is what modules call the files with their licence.
var licenceName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// module is one that a program is made of, with the directory that its source is in.
type module struct{ path, version, directory string }

// standard is the path of the standard library, as bills of materials have it.
const standard = "std"

// modules are those of a program, the standard library first.
func (r *release) modules(ctx context.Context, binary string) ([]module, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	goRoot, err := output(ctx, r.root, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	all := []module{{standard, info.GoVersion, goRoot}}
	list := []string{"list", "-m", "-f", "{{.Dir}}"}
	for _, m := range info.Deps {
		if m.Replace != nil {
			return nil, fmt.Errorf("%s is replaced by %s; what is released uses what it names", m.Path, m.Replace.Path)
		}
		list = append(list, m.Path)
		all = append(all, module{path: m.Path, version: m.Version})
	}
	if len(info.Deps) == 0 {
		return all, nil
	}
	said, err := output(ctx, r.root, nil, "go", list...)
	if err != nil {
		return nil, err
	}
	for i, directory := range strings.Split(said, "\n") {
		all[i+1].directory = directory
	}
	return all, nil
}

// licences are the texts of all that a program is made of. Most of the licences ask for them wherever the program goes.
func (r *release) licences(modules []module) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "adapterd %s is made of the following, each under its own licence.\n", r.version.text)
	for _, m := range modules {
		what := m.path + " " + m.version
		if m.path == standard {
			what = "the Go standard library and runtime, " + m.version
		}
		if err := appendLicences(&b, what, m.directory); err != nil {
			return nil, err
		}
	}
	embedded, err := embeddedLicences(filepath.Join(r.root, "pkg"))
	if err != nil {
		return nil, err
	}
	for _, path := range embedded {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		appendText(&b, filepath.ToSlash(strings.TrimPrefix(path, r.root+string(filepath.Separator))), text)
	}
	return b.Bytes(), nil
}

func appendLicences(b *bytes.Buffer, what, directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries { // sorted
		if e.IsDir() || !licenceName.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(directory, e.Name()))
		if err != nil {
			return err
		}
		appendText(b, what+": "+e.Name(), text)
		found = true
	}
	if !found {
		return fmt.Errorf("%s has no file with its licence in %s", what, directory)
	}
	return nil
}

func appendText(b *bytes.Buffer, title string, text []byte) {
	fmt.Fprintf(b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 100), title, bytes.TrimSpace(text))
}

// embeddedLicences are those of files of others that are part of this project's packages, such as scripts of the status page.
func embeddedLicences(directory string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(directory, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && licenceName.MatchString(e.Name()) {
			found = append(found, path)
		}
		return err
	})
	slices.Sort(found)
	return found, err
}
