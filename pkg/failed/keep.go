package failed

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Keep writes the details of a message whose payload is about to appear in directory, and returns when they are on disk. undo takes them
// back, for a payload that did not appear.
func Keep(directory string, d *Details) (undo func(), err error) {
	text, err := d.Encode()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := makeSubdirectory(root); err != nil {
		return nil, err
	}
	// The name is new, so nothing is ever replaced: neither the details of a message of the same name that is still there, nor those of one
	// that another process is writing.
	name := filepath.Join(Subdirectory, keyOf(string(d.Name))+"."+rand.Text()+detailsSuffix)
	if err := writeFile(root, name, text); err != nil {
		_ = root.Remove(name) // the error that counts is the first
		return nil, err
	}
	syncDirectory(root, Subdirectory)
	return func() { _ = os.Remove(filepath.Join(directory, name)) }, nil // if it stays, it is swept
}

func makeSubdirectory(root *os.Root) error {
	err := root.Mkdir(Subdirectory, 0o777) // the process's umask says who may, as for the payloads
	switch {
	case err == nil:
		adopt(root, Subdirectory)
		syncDirectory(root, ".")
		return nil
	case errors.Is(err, fs.ErrExist):
		return checkSubdirectory(root)
	}
	return err
}

// checkSubdirectory refuses a link, which may lead anywhere.
func checkSubdirectory(root *os.Root) error {
	info, err := root.Lstat(Subdirectory)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no directory", filepath.Join(root.Name(), Subdirectory))
	}
	return err
}

// writeFile writes a file that must not be there yet.
func writeFile(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) // the process's umask says who may
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDirectory makes names last. Not every system can, and the content is safe already: an error changes nothing.
func syncDirectory(root *os.Root, name string) {
	if d, err := root.Open(name); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
