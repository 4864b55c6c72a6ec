//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package failed

import (
	"errors"
	"os"
	"syscall"
)

// openNonBlocking keeps the opening of a pipe from waiting for its other end.
const openNonBlocking = syscall.O_NONBLOCK

// lockFile locks a file until it is closed, or its process ends; ErrBusy if somebody else has it.
func lockFile(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrBusy
		default:
			return os.NewSyscallError("flock", err)
		}
	}
}
