package consumer

import (
	"os"

	"golang.org/x/sys/windows"
)

// renameNew renames a file, unless the new name is taken: the error is fs.ErrExist then, and both files are as they were.
func renameNew(from, to string) error {
	old, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	taken, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	if err := windows.MoveFileEx(old, taken, 0); err != nil { // without MOVEFILE_REPLACE_EXISTING
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
