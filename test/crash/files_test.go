package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// The first files are small and delivered soon, the last is large and under way for seconds.
const (
	smallFiles, smallLines = 5, 40
	largeLines             = 10_000
)

func TestHalfDeliveredFilesAreDeliveredWholeAgain(t *testing.T) {
	for round := range rounds(t) {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			slow(t, server, 5*time.Millisecond, 5*time.Millisecond)
			directory := t.TempDir()
			files := writeFiles(t, directory)
			arguments := []string{"--set", "endpoint=" + server.URL()}

			p := start(t, directory, "files.xml", arguments...)
			// Kinesis records have 20 lines at most, so this is in the middle of the large file.
			arrived := smallFiles*smallLines/20 + 50 + rand.IntN(200)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if _, err := server.WaitRecords(ctx, "lines", arrived); err != nil {
				t.Fatal(err)
			}
			p.kill()

			before := delivered(t, server, "lines")
			half := 0
			for name, lines := range files {
				there := count(before, lines)
				gone := !exists(directory, name)
				t.Logf("%s at the crash: %d of %d lines delivered, gone: %v", name, there, len(lines), gone)
				if gone && there < len(lines) {
					t.Errorf("%s is gone, and only %d of its %d lines are in the stream", name, there, len(lines))
				}
				if !gone && there > 0 && there < len(lines) {
					half++
				}
			}
			if half == 0 {
				t.Error("no file was half delivered at the crash: this round shows nothing")
			}

			start(t, directory, "files.xml", append(arguments, "--until-idle", "300ms")...).ends(t)
			after := delivered(t, server, "lines")
			for name, lines := range files {
				if exists(directory, name) {
					t.Errorf("%s is still there", name)
				}
				if there := count(after, lines); there < len(lines) {
					t.Errorf("%s is done, and only %d of its %d lines are in the stream", name, there, len(lines))
				}
				if count(before, lines) == len(lines) {
					continue
				}
				for _, line := range lines {
					if after[line] <= before[line] {
						t.Fatalf("%s was half delivered, and %q did not come again", name, line)
					}
				}
			}
		})
	}
}

// writeFiles returns the lines of each file.
func writeFiles(t *testing.T, directory string) map[string][]string {
	t.Helper()
	in := filepath.Join(directory, "messages", "in")
	if err := os.MkdirAll(in, 0o755); err != nil {
		t.Fatal(err)
	}
	files := make(map[string][]string)
	for i := range smallFiles + 1 {
		name, n := fmt.Sprintf("%d.txt", i), smallLines
		if i == smallFiles {
			n = largeLines
		}
		for line := range n {
			files[name] = append(files[name], fmt.Sprintf("%s line %d\n", name, line))
		}
		if err := os.WriteFile(filepath.Join(in, name), []byte(strings.Join(files[name], "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// count is how many of the lines have been delivered.
func count(delivered map[string]int, lines []string) int {
	n := 0
	for _, line := range lines {
		if delivered[line] > 0 {
			n++
		}
	}
	return n
}

// exists says whether a file is there, under its name or as one that is under way.
func exists(directory, name string) bool {
	for _, suffix := range []string{"", ".wip"} {
		if _, err := os.Stat(filepath.Join(directory, "messages", "in", name+suffix)); err == nil {
			return true
		}
	}
	return false
}
