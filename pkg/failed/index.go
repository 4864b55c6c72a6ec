package failed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// index are the files of details in a directory, by the key of their message.
type index map[string][]string

// readBatch is how many names of a directory are read at a time.
const readBatch = 1024

// indexOf reads the names; there may be no details at all.
func indexOf(root *os.Root) (index, error) {
	found := make(index)
	if err := checkSubdirectory(root); errors.Is(err, fs.ErrNotExist) {
		return found, nil
	} else if err != nil {
		return nil, err
	}
	err := eachName(root, Subdirectory, func(e fs.DirEntry) error {
		if key, ok := keyIn(e.Name()); ok && e.Type().IsRegular() {
			found[key] = append(found[key], e.Name())
		}
		return nil
	})
	return found, err
}

// eachName calls f for what is in a directory, in no order.
func eachName(root *os.Root, directory string, f func(fs.DirEntry) error) error {
	d, err := root.Open(directory)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		entries, err := d.ReadDir(readBatch)
		for _, e := range entries {
			if err := f(e); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// kept are details and the file that they stand in.
type kept struct {
	*Details
	file string
	// fits says that the payload still looks like the one that they are of.
	fits bool
}

// details are those of a message whose payload is payload, the best first: those that fit it, and the newest of these. Files that can not
// be read are left out.
func (x index) details(root *os.Root, name string, payload fs.FileInfo) []kept {
	var all []kept
	for _, file := range x[keyOf(name)] {
		d, err := readDetails(root, file)
		if err != nil || string(d.Name) != name {
			continue
		}
		all = append(all, kept{d, file, d.Payload.Bytes == payload.Size()})
	}
	if len(all) > 1 {
		if sum, err := digest(root, name, payload); err == nil {
			for i := range all {
				all[i].fits = all[i].Payload.SHA256 == sum
			}
		}
	}
	slices.SortStableFunc(all, func(a, b kept) int {
		if a.fits != b.fits {
			if a.fits {
				return -1
			}
			return 1
		}
		return b.At.Compare(a.At)
	})
	return all
}

func readDetails(root *os.Root, file string) (*Details, error) {
	f, info, err := openRegular(root, filepath.Join(Subdirectory, file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > MostDetails {
		return nil, fmt.Errorf("%s has more than %d bytes", file, MostDetails)
	}
	text, err := io.ReadAll(io.LimitReader(f, MostDetails+1))
	if err != nil {
		return nil, err
	}
	return Decode(text)
}

// digest is the SHA-256 of a payload.
func digest(root *os.Root, name string, want fs.FileInfo) (string, error) {
	f, info, err := openRegular(root, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if !os.SameFile(info, want) {
		return "", fs.ErrNotExist
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// openRegular opens a file for reading that is no link, pipe or device, also if somebody puts one in its place meanwhile.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	before, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	f, err := root.OpenFile(name, os.O_RDONLY|openNonBlocking, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(before, info) {
		err = errNotRegular
	}
	if err != nil {
		_ = f.Close() // it was only opened
		return nil, nil, err
	}
	return f, info, nil
}

var errNotRegular = errors.New("it is no regular file")
