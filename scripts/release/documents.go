package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is one file of an archive or a package.
type file struct {
	path    string // with slashes, relative
	mode    fs.FileMode
	content []byte
}

type files []file

func (f files) clone() files { return slices.Clone(f) }

// completions are the shells that the program writes completions for, with the names that their files have.
var completions = []struct{ shell, name string }{
	{"bash", "adapterd.bash"}, {"zsh", "_adapterd"}, {"fish", "adapterd.fish"}, {"powershell", "adapterd.ps1"},
}

// documents are what comes beside the program everywhere: manual pages and completions, which the program itself writes, texts and examples.
func (r *release) documents(ctx context.Context, program, work string) (files, error) {
	var all files
	for _, c := range completions {
		text, err := output(ctx, work, nil, program, "completion", c.shell)
		if err != nil {
			return nil, err
		}
		all = append(all, file{"completions/" + c.name, 0o644, []byte(text + "\n")})
	}
	pages := filepath.Join(work, "man")
	if _, err := output(ctx, work, nil, program, "docs", "man", pages, "--date", r.at.Format(time.DateOnly)); err != nil {
		return nil, err
	}
	for _, from := range []struct{ directory, pattern, to string }{
		{pages, "*.1", "man/man1"},
		{r.root, "README.md", ""},
		{r.root, "CHANGELOG.md", ""},
		{r.root, "LICENSE*", ""},
		{r.root, "configs/*.xml", "examples"},
		{r.root, "configs/*.properties", "examples"},
		{r.root, "packaging/examples/*", "examples"},
	} {
		found, err := filepath.Glob(filepath.Join(from.directory, from.pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found { // sorted
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			all = append(all, file{strings.TrimPrefix(from.to+"/"+filepath.Base(path), "/"), 0o644, text})
		}
	}
	if len(all.own()) == 0 {
		fmt.Fprintln(os.Stderr, "release: the project has no LICENSE file; what is built says so in", noLicence.path)
		all = append(all, noLicence)
	}
	for _, needed := range []string{"README.md", "man/man1/adapterd.1", "man/man1/adapterd-run.1", "examples/adapter.xml"} {
		if !slices.ContainsFunc(all, func(f file) bool { return f.path == needed }) {
			return nil, fmt.Errorf("%s is missing", needed)
		}
	}
	return all, nil
}

// under are the files of a directory.
func (f files) under(directory string) files {
	var some files
	for _, one := range f {
		if strings.HasPrefix(one.path, directory+"/") {
			some = append(some, one)
		}
	}
	return some
}

// named is one file.
func (f files) named(path string) (file, error) {
	i := slices.IndexFunc(f, func(one file) bool { return one.path == path })
	if i < 0 {
		return file{}, errors.New("there is no " + path)
	}
	return f[i], nil
}
