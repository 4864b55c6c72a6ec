package failed

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// putBack gives the payload a second name, target, at once and complete, and never in place of another file.
func putBack(root *os.Root, m *Message, target string) error {
	f, err := m.open(root)
	if err != nil {
		return err
	}
	defer f.Close()
	err = os.Link(filepath.Join(m.Directory, m.Name), target)
	if errors.Is(err, fs.ErrExist) {
		return taken(target)
	}
	if err == nil {
		if linked, failed := os.Lstat(target); failed == nil && os.SameFile(linked, m.info) {
			syncDirectoryAt(filepath.Dir(target))
			return nil
		} else if errors.Is(failed, fs.ErrNotExist) { // it is consumed already
			return nil
		}
		// Somebody changed what is in the directory meanwhile, so something else was linked.
		return errors.Join(noMessage(m.Directory, m.Name), os.Remove(target))
	}
	// Links lead to no other file system, and not every one has them.
	return copyTo(f, m, target)
}

func taken(target string) error {
	return fmt.Errorf("%w, %s, which is not replaced; retry when it is gone", ErrTaken, target)
}

// copyTo writes the payload beside target first, under a name that consumers leave alone.
func copyTo(from *os.File, m *Message, target string) error {
	temporary := filepath.Join(filepath.Dir(target), "."+rand.Text()+underWay)
	out, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // the process's umask says who may
	if err != nil {
		return fmt.Errorf("it can not be put into %s: %w", filepath.Dir(target), err)
	}
	defer os.Remove(temporary) // it is gone when all went well
	_, err = io.Copy(out, from)
	if err == nil {
		_ = out.Chmod(m.info.Mode().Perm()) // not every file system knows them
		_ = os.Chtimes(temporary, time.Time{}, m.info.ModTime())
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("it can not be put into %s: %w", filepath.Dir(target), err)
	}
	err = os.Link(temporary, target)
	switch {
	case errors.Is(err, fs.ErrExist):
		return taken(target)
	case err != nil:
		// A file system without links. A rename would replace what is there, so it is looked at first.
		if _, err := os.Lstat(target); err == nil {
			return taken(target)
		}
		if err := os.Rename(temporary, target); err != nil {
			return fmt.Errorf("it can not be put into %s: %w", filepath.Dir(target), err)
		}
	}
	syncDirectoryAt(filepath.Dir(target))
	return nil
}

func syncDirectoryAt(path string) {
	if d, err := os.Open(path); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
