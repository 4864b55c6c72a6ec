package failed

import "golang.org/x/sys/windows"

// moveNew gives the file from the name to in one step, and never in place of another file: the error is fs.ErrExist then. It does not go to
// another volume.
func moveNew(from, to string) error {
	source, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	target, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return windows.MoveFileEx(source, target, windows.MOVEFILE_WRITE_THROUGH)
}
