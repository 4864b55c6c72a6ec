package failed

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// orphanAge is how old details without a payload must be to be swept: their payload may be about to appear, or be under way in a consumer
// that gives it back.
const orphanAge = time.Hour

// Sweeper sweeps directories, each once in orphanAge. The zero value is ready; it is safe for concurrent use.
type Sweeper struct {
	mu sync.Mutex // guards last
	// last is when each directory was swept.
	last map[string]time.Time
}

// mostSwept bounds what a Sweeper remembers, for producers whose directory depends on the message.
const mostSwept = 1000

// Sweep sweeps directory if it has not done so for a while.
func (s *Sweeper) Sweep(directory string) error {
	now := time.Now()
	s.mu.Lock()
	due := now.Sub(s.last[directory]) >= orphanAge
	if due {
		if s.last == nil || len(s.last) >= mostSwept {
			s.last = make(map[string]time.Time)
		}
		s.last[directory] = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	return Sweep(directory)
}

// Sweep removes details whose message is gone, because somebody took or deleted its file, or because a crash came between the two. It is no
// error if there is no directory.
func Sweep(directory string) error {
	root, err := os.OpenRoot(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	return sweep(root, time.Now().Add(-orphanAge))
}

// sweep removes orphans from before that time.
func sweep(root *os.Root, before time.Time) error {
	x, err := indexOf(root) // read first: a payload that appears later has its details already
	if err != nil || len(x) == 0 {
		return err
	}
	left := make(map[string]bool)
	err = eachName(root, ".", func(e fs.DirEntry) error {
		left[keyOf(e.Name())] = true
		// A consumer that has the file under way has given it a suffix, such as .wip.
		if at := strings.LastIndexByte(e.Name(), '.'); at > 0 {
			left[keyOf(e.Name()[:at])] = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	var errs []error
	for key, files := range x {
		if left[key] && len(files) > 1 {
			files = superseded(root, key, files)
		} else if left[key] {
			continue
		}
		for _, file := range files {
			path := filepath.Join(Subdirectory, file)
			if info, err := root.Lstat(path); err != nil || info.ModTime().After(before) {
				continue
			}
			if err := root.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// superseded are the details of one key that are of another payload than the one that is there.
func superseded(root *os.Root, key string, files []string) []string {
	names := make(map[string]bool)
	for _, file := range files {
		if d, err := readDetails(root, file); err == nil {
			names[string(d.Name)] = true
		}
	}
	var out []string
	for name := range names {
		info, err := root.Lstat(name)
		if err != nil || checkName(name) != nil { // under way, perhaps
			return nil
		}
		for i, d := range (index{key: files}).details(root, name, info) {
			if i > 0 {
				out = append(out, d.file)
			}
		}
	}
	return out
}
