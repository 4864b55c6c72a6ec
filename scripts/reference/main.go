// Command reference writes the pages that are made from the code: docs/components.md, docs/checks.md and docs/kpl-configuration.md.
//
//	go run ./scripts/reference [-check] docs
//
// With -check it writes nothing and exits with 1 if a page is not what the code says.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	_ "github.com/adapterd/adapterd/pkg/adapter" // registers all components
	"github.com/adapterd/adapterd/pkg/checks"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

func main() {
	check := flag.Bool("check", false, "compare only")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: reference [-check] FOLDER")
		os.Exit(2)
	}
	pages := map[string]string{
		"components.md":        componentPage(component.Descriptions()),
		"checks.md":            checksPage(checks.Groups()),
		"kpl-configuration.md": kpl.ConfigurationMarkdown(),
	}
	if err := renew(flag.Arg(0), pages, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// renew writes the pages that differ, or with check says which do.
func renew(folder string, pages map[string]string, check bool) error {
	var outdated error
	for name, text := range pages {
		file := filepath.Join(folder, name)
		now, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if bytes.Equal(now, []byte(text)) {
			continue
		}
		if check {
			outdated = errors.Join(outdated, fmt.Errorf("%s is not what the code says; run make docs", file))
			continue
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return outdated
}
