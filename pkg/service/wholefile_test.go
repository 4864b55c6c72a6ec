package service

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestReplacedFilesLeaveNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, strings.Repeat("n", 250)) // near the longest name there is
	for _, content := range []string{"first", "second"} {
		if err := replaceFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%q, %v; want %q", got, err, content)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{filepath.Join(dir, "taken"), filepath.Join(dir, "none", "file")} {
		if err := replaceFile(place, nil); err == nil || !strings.Contains(err.Error(), place) || strings.Contains(err.Error(), ".wip") {
			t.Errorf("error does not name %s, or names the file in between: %v", place, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left are %v, %v", entries, err)
	}
}

func TestOneOfManyTakesANameThatIsFree(t *testing.T) {
	for name, move := range map[string]func(from, to string) error{"links": moveToFree, "no links": claim} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "same")
			var wg sync.WaitGroup
			won := make(chan int, 16)
			for i := range cap(won) {
				wg.Go(func() {
					if writeWhole(path, fmt.Append(nil, i), move) == nil {
						won <- i
					}
				})
			}
			wg.Wait()
			close(won)
			if len(won) != 1 {
				t.Fatalf("%d wrote the file", len(won))
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != fmt.Sprint(<-won) {
				t.Errorf("the file has %q, %v", got, err)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
				t.Errorf("left are %v, %v", entries, err)
			}
		})
	}
}

func TestDirectoriesAreMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	for range 2 {
		if err := makeDirectory(dir); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := makeDirectory(filepath.Join(file, "below")); err == nil {
		t.Error("made a directory below a file")
	}
}
