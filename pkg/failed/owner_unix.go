//go:build unix

package failed

import (
	"os"
	"syscall"
)

// adopt gives what root has made in a directory to the owner of that: the program that writes failed messages there does not run as root,
// and has to write there too. It can not always be done, and changes nothing for root itself.
func adopt(directory *os.Root, made string) {
	if os.Geteuid() != 0 {
		return
	}
	if info, err := directory.Stat("."); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			_ = directory.Lchown(made, int(owner.Uid), int(owner.Gid))
		}
	}
}
