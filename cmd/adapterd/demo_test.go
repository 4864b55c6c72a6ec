package main

import (
	"io"
	"net/http"
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

// The demo has what operators look at, too.
func TestDemoHasAStatusPage(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	demo := start(t, "demo")
	shown := regexp.MustCompile(`(?m)^status page +(http://127\.0\.0\.1:\d+)$`)
	await(t, "the address of the status page", func() bool { return shown.MatchString(demo.out.String()) })
	await(t, "the last sample", func() bool { return strings.Contains(demo.out.String(), "Ctrl-C ends the demo") })
	defer http.DefaultClient.CloseIdleConnections()
	for path, want := range map[string]string{"/": "<title>", "/readyz": `"ready"`, "/api/streams": `"orders"`} {
		r, err := http.Get(shown.FindStringSubmatch(demo.out.String())[1] + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if r.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v\n%s", path, r.Status, err, body)
		}
		if err := r.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	if code := demo.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, demo.err.String())
	}
}
