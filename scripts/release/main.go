// Command release builds what users install: static binaries, archives, packages, bills of materials and checksums, the same bytes each time
// that it is run on the same commit with the same version of Go. See docs/packaging.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	root := flags.String("root", "../..", "the project's directory")
	out := flags.String("out", "dist", "where to put what is built, in the project's directory unless absolute; what is there is removed")
	text := flags.String("version", "", "the version, as git describe says it (default: what it says)")
	only := flags.String("platforms", strings.Join(allPlatforms, " "), "GOOS/GOARCH, separated by spaces")
	twice := flags.Bool("twice", false, "build again from a copy of the tree, with an empty build cache, and compare")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("want flags alone, got %q", flags.Args())
	}
	r := &release{root: *root, out: *out}
	var err error
	if r.root, err = filepath.Abs(*root); err != nil {
		return err
	}
	if !filepath.IsAbs(r.out) {
		r.out = filepath.Join(r.root, r.out)
	}
	if *text == "" {
		if *text, err = output(ctx, r.root, nil, "git", "describe", "--tags", "--always", "--dirty", "--abbrev=12"); err != nil {
			return fmt.Errorf("give -version, since git knows none: %w", err)
		}
	}
	if r.version, err = parseVersion(*text); err != nil {
		return err
	}
	if r.at, err = buildTime(ctx, r.root); err != nil {
		return err
	}
	for p := range strings.FieldsSeq(*only) {
		system, processor, ok := strings.Cut(p, "/")
		if !ok {
			return fmt.Errorf("-platforms has %q; it takes GOOS/GOARCH", p)
		}
		r.platforms = append(r.platforms, platform{system, processor})
	}
	if r.version.dirty {
		fmt.Fprintln(os.Stderr, "release: the tree has changes that are in no commit; nobody can build this again")
	}
	if *twice {
		return r.compare(ctx)
	}
	return r.build(ctx)
}

// allPlatforms are those that are supported.
var allPlatforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

type platform struct{ system, processor string }

func (p platform) String() string { return p.system + "/" + p.processor }

// release is one set of files.
type release struct {
	root, out string
	version   version
	// at is the time that every file gets.
	at        time.Time
	platforms []platform
	// cache is the build cache; empty for the usual one.
	cache string
}

// buildTime is SOURCE_DATE_EPOCH, or when the last commit was made.
func buildTime(ctx context.Context, root string) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		var err error
		if text, err = output(ctx, root, nil, "git", "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, fmt.Errorf("set SOURCE_DATE_EPOCH, since git has no commit to tell the time of: %w", err)
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 315619200 || seconds > 1<<32-1 { // zip begins in 1980, gzip ends in 2106
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q; it takes seconds since 1970, of a day from 1980-01-02 to 2106", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func (r *release) build(ctx context.Context) error {
	if err := r.clear(); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "adapterd-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	// Made by the program for this machine, whatever it is built for.
	here := filepath.Join(work, "here", executable(runtime.GOOS))
	if err := r.compile(ctx, platform{runtime.GOOS, runtime.GOARCH}, here); err != nil {
		return err
	}
	docs, err := r.documents(ctx, here, work)
	if err != nil {
		return err
	}
	for _, p := range r.platforms {
		binary := filepath.Join(work, p.system+"_"+p.processor, executable(p.system))
		if err := r.compile(ctx, p, binary); err != nil {
			return err
		}
		modules, err := r.modules(ctx, binary)
		if err != nil {
			return err
		}
		licences, err := r.licences(modules)
		if err != nil {
			return err
		}
		files := append(docs.clone(), file{path: "THIRD-PARTY-LICENSES.txt", mode: 0o644, content: licences})
		if err := r.archive(p, binary, files); err != nil {
			return fmt.Errorf("archive for %s: %w", p, err)
		}
		if err := r.materials(p, binary, modules); err != nil {
			return fmt.Errorf("bill of materials for %s: %w", p, err)
		}
		if err := r.packages(p, binary, files); err != nil {
			return fmt.Errorf("packages for %s: %w", p, err)
		}
		fmt.Println("built", p)
	}
	return r.sums()
}

// clear empties the directory that is built into. One with anything else than a release in it is left alone.
func (r *release) clear() error {
	entries, err := os.ReadDir(r.out)
	if errors.Is(err, os.ErrNotExist) {
		return os.MkdirAll(r.out, 0o755)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "adapterd") && e.Name() != sumsName {
			return fmt.Errorf("%s has %s in it, which no release makes; give another directory to -out", r.out, e.Name())
		}
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(r.out, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// output runs a command and returns what it prints, without spaces around.
func output(ctx context.Context, directory string, environment []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = directory
	c.Env = append(os.Environ(), environment...)
	said, err := c.Output()
	if err != nil {
		var exit *exec.ExitError
		why := ""
		if errors.As(err, &exit) {
			why = ": " + strings.TrimSpace(string(exit.Stderr))
		}
		return "", fmt.Errorf("%s %s: %w%s", name, strings.Join(args, " "), err, why)
	}
	return strings.TrimSpace(string(said)), nil
}
