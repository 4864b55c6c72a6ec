package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// compare builds twice, the second time from a copy of the tree elsewhere, with nothing built before, and fails if a byte differs.
func (r *release) compare(ctx context.Context) error {
	if err := r.build(ctx); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "adapterd-again-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	again := *r
	again.root, again.out, again.cache = filepath.Join(work, "a", "longer", "path"), filepath.Join(work, "out"), filepath.Join(work, "cache")
	if err := r.copyTree(ctx, again.root); err != nil {
		return err
	}
	if err := again.build(ctx); err != nil {
		return err
	}
	first, err := os.ReadFile(filepath.Join(r.out, sumsName))
	if err != nil {
		return err
	}
	second, err := os.ReadFile(filepath.Join(again.out, sumsName))
	if err != nil {
		return err
	}
	if !bytes.Equal(first, second) {
		return fmt.Errorf("a second build gave other files:\n%s\nafter\n%s", second, first)
	}
	fmt.Printf("built twice, from different directories: the same %d files, byte by byte\n", bytes.Count(first, []byte("\n")))
	return nil
}

// copyTree copies the files that git knows or would take.
func (r *release) copyTree(ctx context.Context, to string) error {
	list, err := output(ctx, r.root, nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.Trim(list, "\x00"), "\x00") {
		from, target := filepath.Join(r.root, name), filepath.Join(to, name)
		info, err := os.Lstat(from)
		if os.IsNotExist(err) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no plain file, which a copy would not keep as it is", from)
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}
