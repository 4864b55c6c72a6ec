//go:build !linux && !darwin && !windows

package consumer

// renameNew renames a file, unless the new name is taken: the error is fs.ErrExist then.
func renameNew(from, to string) error { return renameIfFree(from, to) }
