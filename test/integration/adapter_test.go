package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/configs"
)

// TestAdapterRunsExample6 runs the built program on the README's document for a custom endpoint: files in, records in LocalStack,
// metrics in its CloudWatch, and the program's own tail reads them back.
func TestAdapterRunsExample6(t *testing.T) {
	e := localStack(t)
	s := newStream(t, e, 3)
	const n = 300
	dir := t.TempDir()
	document := example6(t, e, s.name)
	if err := os.WriteFile(filepath.Join(dir, "adapter.xml"), []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(dir, "messages", "in")
	if err := os.MkdirAll(in, 0o755); err != nil {
		t.Fatal(err)
	}
	put := map[[2]string]int{} // partition key and payload
	for i := range n {
		key, payload := fmt.Sprintf("device-%d", i%40), fmt.Sprintf(`{"id":"device-%d","reading":%d,"site":"Zürich"}`, i%40, i)
		if err := os.WriteFile(filepath.Join(in, fmt.Sprintf("%04d.json", i)), []byte(payload), 0o644); err != nil {
			t.Fatal(err)
		}
		put[[2]string{key, payload}]++
	}

	adapterd(t, dir, "run", "adapter.xml", "--until-idle", "3s")

	if left := filesIn(t, in); len(left) > 0 {
		t.Errorf("%d files are left, such as %s", len(left), left[0])
	}
	python := s.readByPython(t)
	found := map[[2]string]int{}
	for u, count := range python {
		found[[2]string{u.partitionKey, u.data}] += count
	}
	for u, count := range put {
		if found[u] != count {
			t.Errorf("%s with key %s is there %d times, want %d", u[1], u[0], found[u], count)
		}
	}
	if python.total() != n {
		t.Errorf("%d user records, want %d", python.total(), n)
	}

	if st := metricsIn(t, e, "KinesisProducerLibrary", "--stream", s.name)[metricKey{"UserRecordsPut", s.name, ""}]; st.Sum != n {
		t.Errorf("UserRecordsPut of the stream adds up to %v, want %d", st.Sum, n)
	}

	tailed := adapterd(t, dir, "tail", s.name, "--endpoint", e.url, "--insecure", "--json", "--count", strconv.Itoa(n))
	lines := bufio.NewScanner(bytes.NewReader(tailed))
	seen := 0
	for lines.Scan() {
		var row struct{ PartitionKey, Text string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("tail printed %q: %v", lines.Text(), err)
		}
		u := [2]string{row.PartitionKey, row.Text}
		if put[u]--; put[u] < 0 {
			t.Errorf("tail shows key %q with %q, which nobody put, or shows it again", u[0], u[1])
		}
		seen++
	}
	if seen != n {
		t.Errorf("tail shows %d user records, want %d", seen, n)
	}
}

// example6 is the document with the endpoint's port and a stream of this test in place of its own.
func example6(t *testing.T, e endpoint, stream string) string {
	t.Helper()
	b, err := fs.ReadFile(configs.Files, "example6.xml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	host, port := e.hostPort(t)
	for old, value := range map[string]string{"<value>4566</value>": fmt.Sprintf("<value>%d</value>", port), "<value>localhost</value>": "<value>" + host + "</value>", "<stream>test-stream</stream>": "<stream>" + stream + "</stream>"} {
		if !strings.Contains(text, old) {
			t.Fatalf("configs/example6.xml has no %s", old)
		}
		text = strings.ReplaceAll(text, old, value)
	}
	return text
}

// adapterd runs the built program in a folder until it ends and returns what it printed; a failure shows its log.
func adapterd(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), needed(t, "ADAPTERD_BINARY"), args...)
	cmd.Dir = dir
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("adapterd %s: %v\n%s", strings.Join(args, " "), err, &log)
	}
	return out.Bytes()
}

// filesIn lists all files below a folder.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
