package consumer

import (
	"io/fs"
	"os"
)

// renameIfFree is renameNew for file systems that can not do it in one step: somebody else may take the name in between.
func renameIfFree(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}
