package adapter_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func (e *surroundings) compareSent(t *testing.T, w *wholeDocument) {
	t.Helper()
	if e.upstream == nil {
		return
	}
	e.upstream.mu.Lock()
	defer e.upstream.mu.Unlock()
	for path, want := range w.Sent {
		compare(t, "requests to "+path, want, e.upstream.sent[path], false)
	}
	for path, got := range e.upstream.sent {
		if _, ok := w.Sent[path]; !ok && w.Sent != nil {
			t.Errorf("unexpected requests to %s: %v", path, got)
		}
	}
}

func (w *wholeDocument) compareRecords(t *testing.T, server *kinesislocal.Server) {
	t.Helper()
	got := make(map[string][]arrival)
	for _, r := range userRecords(t, server, "") {
		if w.Repeats && slices.Contains(got[r.Stream], r) {
			continue
		}
		got[r.Stream] = append(got[r.Stream], r)
	}
	for stream, records := range got {
		if _, ok := w.Streams[stream]; !ok {
			t.Errorf("unexpected records in stream %s: %v", stream, records)
		}
	}
	for stream, want := range w.Streams {
		compare(t, "records in stream "+stream, want, got[stream], !w.Unordered)
	}
}

func (w *wholeDocument) compareFiles(t *testing.T, inputs []string) {
	t.Helper()
	for pattern, want := range w.Files {
		paths, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		var got []arrival
		for _, path := range paths {
			if filepath.Base(path) == failed.Subdirectory { // Interlok has none; what it is for has tests of its own
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, arrival{Data: string(data)})
		}
		compare(t, "files "+pattern, want, got, false)
	}
	for _, path := range slices.Concat(inputs, w.Kept) {
		_, err := os.Stat(filepath.FromSlash(path))
		wanted := slices.Contains(w.Kept, path) || !strings.HasPrefix(path, "messages/")
		if (err == nil) != wanted {
			t.Errorf("%s is there: %v, want %v", path, err == nil, wanted)
		}
	}
}

func (w *wholeDocument) compareCounts(t *testing.T, a *adapter.Adapter) {
	t.Helper()
	n := a.Counts()
	got := map[string]int64{"delivered": n.Delivered, "handled": n.Handled, "failed": n.Failed, "givenBack": n.GivenBack}
	for what, want := range w.Counts {
		if got[what] != want {
			t.Errorf("%d messages are %s, want %d", got[what], what, want)
		}
	}
	if !w.Repeats && n.Consumed != w.Consumed {
		t.Errorf("%d messages were consumed, want %d", n.Consumed, w.Consumed)
	}
}

// compare finds for each record that is wanted one that has come. Only the order of the records of a key counts.
func compare(t *testing.T, what string, want []wanted, got []arrival, ordered bool) {
	t.Helper()
	got = slices.Clone(got)
	slices.SortStableFunc(got, func(a, b arrival) int { return strings.Compare(a.PartitionKey, b.PartitionKey) })
	came := make([]bool, len(want))
	last := make(map[string]int) // where the record of a key before was among those wanted
	for _, g := range got {
		i := 0
		for i < len(want) && (came[i] || !want[i].fits(g)) {
			i++
		}
		if i == len(want) {
			t.Errorf("%s: unexpected %q %q", what, g.PartitionKey, g.Data)
			continue
		}
		if before, ok := last[g.PartitionKey]; ok && i < before && ordered && want[i].Key != "" {
			t.Errorf("%s: %q %q came out of order", what, g.PartitionKey, g.Data)
		}
		came[i], last[g.PartitionKey] = true, i
	}
	for i, x := range want {
		if !came[i] {
			t.Errorf("%s: missing %+v", what, x)
		}
	}
}

func (x wanted) fits(g arrival) bool {
	fits := func(text, pattern, got string) bool {
		if pattern != "" {
			return regexp.MustCompile(`(?s)^(?:` + pattern + `)$`).MatchString(got)
		}
		return text == got
	}
	return fits(x.Key, x.KeyMatches, g.PartitionKey) && fits(x.Data, x.DataMatches, g.Data)
}

// takes are the lists of components that an element takes, which are longer with each component that is added.
var takes = regexp.MustCompile(`(<[^<>\n]+> takes) [^\n]*?( \[[a-z-]+\]\n)`)

// compareProblems compares what check says with a golden file; a document without one must be free of problems.
func compareProblems(t *testing.T, golden string, problems document.Problems) {
	t.Helper()
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(filepath.ToSlash(p.Pos.String()) + ": " + string(p.Severity) + ": " + p.Message + " [" + p.Code + "]\n")
	}
	got := takes.ReplaceAllString(b.String(), "$1 …$2")
	if *update {
		if got == "" {
			_ = os.Remove(golden) // it need not be there
		} else if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
