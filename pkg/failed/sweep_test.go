package failed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What a crash, or somebody who takes the file, leaves behind.
func TestSweepRemovesDetailsWithoutAMessage(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("x", 250)
	for _, name := range []string{"stays", "crashed", "consumed", "underway", "deleted", long, long + "y"} {
		fail(t, dir, name, name)
	}
	for _, name := range []string{"crashed", "deleted", long + "y"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(dir, "underway"), filepath.Join(dir, "underway.wip")); err != nil {
		t.Fatal(err)
	}
	before := keptFor(t, dir)
	if err := Sweep(dir); err != nil || keptFor(t, dir) != before {
		t.Fatalf("new ones were swept: %v, %s", err, keptFor(t, dir))
	}
	age(t, dir)
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	if got, want := keptFor(t, dir), "consumed stays underway "+keyOf(long); got != want {
		t.Errorf("left %s\nwant %s", got, want)
	}
	if err := Sweep(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}

func TestSweepRemovesDetailsOfAFormerPayload(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"first", "second", "third!"} {
		fail(t, dir, "a", text, func(d *Details) { d.Reason = Text(text) })
	}
	age(t, dir)
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	if got := keptFor(t, dir); got != "a" {
		t.Errorf("left %s", got)
	}
	if got := listed(t, dir, Query{}); got != "a=third!" {
		t.Error(got)
	}
}

func TestSweeperSweepsNowAndThen(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var s Sweeper
		swept := func() bool {
			if _, err := Keep(dir, &Details{Name: "gone"}); err != nil {
				t.Fatal(err)
			}
			age(t, dir)
			if err := s.Sweep(dir); err != nil {
				t.Fatal(err)
			}
			return keptFor(t, dir) == ""
		}
		if !swept() {
			t.Error("not swept at first")
		}
		if swept() {
			t.Error("swept again at once")
		}
		time.Sleep(orphanAge)
		if !swept() {
			t.Error("not swept again later")
		}
	})
}
