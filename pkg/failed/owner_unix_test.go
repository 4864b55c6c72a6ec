//go:build unix

package failed

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Somebody retries as root before the program that writes there, which runs as another user, has kept anything.
func TestWhatRootMakesBelongsToTheOwnerOfTheDirectory(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir, in := room(t)
	put(t, filepath.Join(dir, "a"), "payload")
	const somebody = 12345
	if err := os.Chown(dir, somebody, somebody); err != nil {
		t.Skip(err)
	}
	if _, err := new(Desk).Retry(t.Context(), dir, "a", Retry{Into: in}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{Subdirectory, filepath.Join(Subdirectory, lockName)} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != somebody || owner.Gid != somebody {
			t.Errorf("%s belongs to %d:%d", name, owner.Uid, owner.Gid)
		}
	}
}
