package failed

import "golang.org/x/sys/unix"

// moveNew gives the file from the name to in one step, and never in place of another file: the error is fs.ErrExist then. Not every file
// system can, and none to another one.
func moveNew(from, to string) error { return unix.RenamexNp(from, to, unix.RENAME_EXCL) }
