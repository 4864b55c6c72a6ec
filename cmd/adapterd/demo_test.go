package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestDemoShowsEachSampleWhereItArrived(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	code, out, errOut := command(t, "demo", "--once")
	if code != exitDone || !strings.Contains(out, "all 9 sample messages have arrived") {
		t.Fatalf("exit %d\n%s%s", code, out, errOut)
	}
	line := regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{3}  (orders|clicks)\s+shardId-\d{12}  \d+/\d+  key (\S+)  (\{.*\})$`)
	missing := expected()
	for l := range strings.Lines(out) {
		if m := line.FindStringSubmatch(strings.TrimSpace(l)); m != nil {
			wantStream := "clicks"
			if strings.Contains(m[3], `"order"`) {
				wantStream = "orders"
			}
			if m[1] != wantStream {
				t.Errorf("in the wrong stream: %s", l)
			}
			delete(missing, m[3])
		}
	}
	if len(missing) > 0 {
		t.Errorf("not shown: %v\n%s", missing, out)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "adapterd-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDemoEndsWithinItsWait(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	code, _, errOut := command(t, "demo", "--once", "--wait", "1ms")
	if code != exitFailed || !strings.Contains(errOut, "sample messages have not arrived within 1ms") {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "adapterd-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
