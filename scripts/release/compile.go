package main

import (
	"context"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
)

func executable(system string) string {
	if system == "windows" {
		return "adapterd.exe"
	}
	return "adapterd"
}

// compile builds the program. What of the environment would change its bytes is set, and paths, the build's id and the state of the work
// tree, which depend on where it is built, are left out.
func (r *release) compile(ctx context.Context, p platform, to string) error {
	environment := []string{
		"CGO_ENABLED=0", "GOOS=" + p.system, "GOARCH=" + p.processor, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off",
	}
	if r.cache != "" {
		environment = append(environment, "GOCACHE="+r.cache)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if _, err := output(ctx, r.root, environment, "go", "build", "-tags", "grpcnotrace", "-trimpath", "-buildvcs=false", "-mod=readonly",
		"-ldflags", "-s -w -buildid= -X main.version="+r.version.text, "-o", to, "./cmd/adapterd"); err != nil {
		return err
	}
	if err := small(to); err != nil {
		return err
	}
	if p.system == "linux" {
		return static(to)
	}
	return nil
}

// mostBytes is what the program may have.
const mostBytes = 40_000_000

// small says whether a program is no larger than it may be.
func small(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() > mostBytes {
		err = fmt.Errorf("%s has %d bytes, more than %d; see by the -dumpdep of the linker whether a new dependency makes the linker keep methods that nothing calls", path, info.Size(), mostBytes)
	}
	return err
}

// static says whether a program for Linux needs nothing else: no loader, no shared library.
func static(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, s := range f.Progs {
		if s.Type == elf.PT_INTERP || s.Type == elf.PT_DYNAMIC {
			return fmt.Errorf("%s is not static: it has a segment %s", path, s.Type)
		}
	}
	return nil
}
