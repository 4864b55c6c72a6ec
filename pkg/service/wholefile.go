package service

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// replaceFile writes a file that is whole at every moment: the new one takes the place of the old one when it is complete. It is on disk
// when replaceFile returns nil.
func replaceFile(path string, data []byte) error { return writeWhole(path, data, os.Rename) }

// createFile is replaceFile for a name that must be free: if it is not, the error is fs.ErrExist, and the file stays as it is.
func createFile(path string, data []byte) error { return writeWhole(path, data, moveToFree) }

// writeWhole writes a hidden file beside path and moves it there. The process's umask says who may read it.
func writeWhole(path string, data []byte, move func(from, to string) error) error {
	dir := filepath.Dir(path)
	// Consumers of files, ours and Interlok's, leave those alone whose name ends in .wip.
	between := filepath.Join(dir, "."+rand.Text()+".wip")
	f, err := os.OpenFile(between, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return writingFailed(path, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync() // a rename without it may leave an empty file when the power fails
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = move(between, path)
	}
	if err != nil {
		_ = os.Remove(between) // the error that counts is the first
		return writingFailed(path, err)
	}
	syncDirectory(dir)
	return nil
}

// writingFailed names the file itself; the one in between says nothing to anybody.
func writingFailed(path string, err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		err = p.Err
	case errors.As(err, &l):
		err = l.Err
	}
	return fmt.Errorf("%s cannot be written: %w", path, err)
}

// moveToFree moves a file to a name that must be free. A rename would replace what is there; a link does not.
func moveToFree(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		_ = os.Remove(from) // the file is where it belongs; its hidden name harms nobody
		return nil
	case errors.Is(err, fs.ErrExist):
		return err
	}
	return claim(from, to)
}

// claim is moveToFree for file systems that have no links: an empty file takes the name first, which others may see for a moment.
func claim(from, to string) error {
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err = f.Close(); err == nil {
		err = os.Rename(from, to)
	}
	if err != nil {
		_ = os.Remove(to) // the empty one
	}
	return err
}

// makeDirectory makes a directory, and those above it that are missing, so that they outlast a power cut as the files in them do. The
// process's umask says who may use them.
func makeDirectory(path string) error {
	// The last one is synced in any case: another message may have made it just now.
	above := []string{filepath.Dir(path)}
	for dir := above[0]; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		above = append(above, filepath.Dir(dir))
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	for _, dir := range above {
		syncDirectory(dir)
	}
	return nil
}

// syncDirectory makes new names last. Not every system can, and the content is safe already: an error changes nothing.
func syncDirectory(path string) {
	if d, err := os.Open(path); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
