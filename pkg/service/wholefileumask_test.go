//go:build unix

package service

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestStoredMessagesKeepTheUmask(t *testing.T) {
	for mask, want := range map[int]fs.FileMode{0o077: 0o600, 0o022: 0o644} {
		dir := t.TempDir()
		store := &FileRetryStore{dir: filepath.Join(dir, "retry")}
		m := newMessage("secret", "k", "v")
		before := syscall.Umask(mask)
		err := store.Write(m)
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{storedPayload, storedMetadata} {
			info, err := os.Stat(filepath.Join(dir, "retry", m.ID(), name))
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s is %v under umask %03o; want %v", name, got, mask, want)
			}
		}
	}
}
