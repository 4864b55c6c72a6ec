package consumer

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// large is a file's content that is left where it is.
var large = strings.Repeat("0123456789abcde\n", readAtOnce/16+1)

func largeOffer(t *testing.T) (dir string, o offer) {
	t.Helper()
	dir = t.TempDir()
	f, k := startFS(t, dir, "")
	write(t, dir, "a.txt="+large)
	f.poll(t.Context(), 0)
	offers := k.take()
	if len(offers) != 1 {
		t.Fatalf("%d messages", len(offers))
	}
	return dir, offers[0]
}

func TestALargeFileIsReadWhenItIsWanted(t *testing.T) {
	dir, o := largeOffer(t)
	from, stored := o.m.Stream()
	if !stored || o.m.Size() != len(large) {
		t.Fatalf("a message of %d bytes, with its source: %v", o.m.Size(), stored)
	}
	if text, err := io.ReadAll(from); err != nil || string(text) != large {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if err := o.m.Load(); err != nil || string(o.m.Payload()) != large {
		t.Errorf("%d bytes, %v", len(o.m.Payload()), err)
	}
	o.done(nil)
	wantFiles(t, dir)
}

func TestALargeFileIsClosedBeforeItIsSettled(t *testing.T) {
	dir, o := largeOffer(t)
	o.done(errors.New("failed"))
	if err := o.m.Load(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after the end: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.txt.wip")); err != nil {
		t.Error(err)
	}
}

func TestALargeFileThatIsCutMeanwhileIsAnError(t *testing.T) {
	dir, o := largeOffer(t)
	if err := os.Truncate(filepath.Join(dir, "a.txt.wip"), 100); err != nil {
		t.Fatal(err)
	}
	if err := o.m.Load(); err == nil || !strings.Contains(err.Error(), "ended after 100 of") {
		t.Errorf("%v", err)
	}
	o.done(nil)
}

func TestASmallFileIsReadAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for size, left := range map[int]bool{0: false, 1: false, readAtOnce: false, readAtOnce + 1: true} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := open(path, readAtOnce)
		if err != nil {
			t.Fatal(err)
		}
		if (c.file != nil) != left {
			t.Errorf("a file of %d bytes is left where it is: %v", size, c.file != nil)
		}
		c.close()
		if c, err = read(path); err != nil || c.file != nil || !bytes.Equal(c.payload, make([]byte, size)) {
			t.Errorf("all of a file of %d bytes: %d bytes, %v", size, len(c.payload), err)
		}
	}
}
