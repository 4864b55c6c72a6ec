package failed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// locks keep two from working on the same message: within the process by its name, and other processes by a lock on the directory. The zero
// value is ready; it is safe for concurrent use.
type locks struct {
	mu sync.Mutex // guards directories and what they hold
	// directories are those that somebody works in, by path.
	directories map[string]*lockedDirectory
}

type lockedDirectory struct {
	file  *os.File
	names map[string]bool
}

// ErrBusy says that somebody else works on a message, or in its directory, at the moment.
var ErrBusy = errors.New("somebody else is retrying or dropping there at the moment; try again when that is done")

// take keeps others from name until release is called. It does not wait.
func (l *locks) take(root *os.Root, path, name string) (release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.directories[path]
	if d == nil {
		file, err := lockDirectory(root)
		if err != nil {
			return nil, err
		}
		d = &lockedDirectory{file, make(map[string]bool)}
		if l.directories == nil {
			l.directories = make(map[string]*lockedDirectory)
		}
		l.directories[path] = d
	}
	if d.names[name] {
		return nil, ErrBusy
	}
	d.names[name] = true
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(d.names, name)
		if len(d.names) == 0 {
			delete(l.directories, path)
			_ = d.file.Close() // which lets go of the lock
		}
	}, nil
}

func lockDirectory(root *os.Root) (*os.File, error) {
	if err := makeSubdirectory(root); err != nil {
		return nil, fmt.Errorf("the directory can not be worked in: %w", err)
	}
	path := filepath.Join(Subdirectory, lockName)
	file, err := root.OpenFile(path, os.O_RDWR|os.O_CREATE|openNonBlocking, 0o666)
	if errors.Is(err, fs.ErrPermission) { // somebody else has made it, and reading is enough for a lock
		file, err = root.OpenFile(path, os.O_RDONLY|openNonBlocking, 0)
	} else if err == nil {
		adopt(root, path)
	}
	if err != nil {
		return nil, fmt.Errorf("the directory can not be locked: %w", err)
	}
	if err := lockFile(file); err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	return file, nil
}
