package failed

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

const openNonBlocking = 0

// lockFile locks a file until it is closed, or its process ends; ErrBusy if somebody else has it.
func lockFile(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrBusy
	}
	return os.NewSyscallError("LockFileEx", err)
}
