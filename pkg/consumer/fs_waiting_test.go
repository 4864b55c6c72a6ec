package consumer

import (
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestWaitingIsKnownOnceADirectoryWasListed(t *testing.T) {
	var _ component.Counted = (*LargeFS)(nil)
	f := new(FS)
	if _, known := f.Waiting(); known {
		t.Error("known before the directory was listed")
	}
	f.waiting.listed(3)
	f.waiting.tried()
	if n, known := f.Waiting(); n != 2 || !known {
		t.Errorf("%d, %v; want 2 files", n, known)
	}
	f.deep = true
	if _, known := f.Waiting(); known {
		t.Error("known although directories below may hold more")
	}
	if n, known := new(Null).Waiting(); n != 0 || !known {
		t.Errorf("null: %d, %v", n, known)
	}
}
