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

// putBack moves the payload to target: at once, complete, and never in place of another file.
func putBack(root *os.Root, m *Message, target string) error {
	f, err := m.open(root)
	if err != nil {
		return err
	}
	defer f.Close()
	path := filepath.Join(m.Directory, m.Name)
	err = moveNew(path, target)
	switch {
	case err == nil:
		syncDirectoryAt(filepath.Dir(target))
		return m.moved(path, target)
	case errors.Is(err, fs.ErrExist):
		return taken(target)
	}
	return linkTo(f, m, target)
}

// moved makes sure that what went was the message, and not what an error handler had just put in its place.
func (m *Message) moved(path, target string) error {
	if now, err := os.Lstat(target); err != nil || os.SameFile(now, m.info) {
		return nil // or it is consumed already
	}
	if err := moveNew(target, path); err == nil {
		return noMessage(m.Directory, m.Name)
	}
	return nil // it failed too, and is as good there
}

// linkTo gives the payload, which f is open on, a second name, where it can not be moved. What a crash leaves with both names is known again.
func linkTo(f *os.File, m *Message, target string) error {
	err := os.Link(filepath.Join(m.Directory, m.Name), target)
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
