package failed

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fail writes a message as an error handler does.
func fail(t testing.TB, directory, name, payload string, change ...func(*Details)) {
	t.Helper()
	d := &Details{Name: Text(name), At: time.Now(), Channel: "ch", Workflow: "wf", Message: Text("id-" + name), Reason: "refused", Payload: PayloadOf([]byte(payload))}
	for _, f := range change {
		f(d)
	}
	if _, err := Keep(directory, d); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(directory, name), payload)
	if err := os.Chtimes(filepath.Join(directory, name), d.At, d.At); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// names are what is in a directory, in order.
func names(t testing.TB, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// keptFor are the keys of the details that are there.
func keptFor(t testing.TB, directory string) string {
	t.Helper()
	var out []string
	for _, name := range names(t, filepath.Join(directory, Subdirectory)) {
		if key, ok := keyIn(name); ok {
			out = append(out, key)
		} else if name != lockName {
			out = append(out, "?"+name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// listed are names and reasons, in the order of the list.
func listed(t testing.TB, directory string, q Query) string {
	t.Helper()
	messages, _, err := List(t.Context(), directory, q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range messages {
		about := "-"
		if m.Details != nil {
			about = string(m.Details.Reason)
		}
		if m.Edited {
			about += "!"
		}
		out = append(out, fmt.Sprintf("%s=%s", m.Name, about))
	}
	return strings.Join(out, " ")
}

func content(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// age makes all details in a directory older than what is swept.
func age(t testing.TB, directory string) {
	t.Helper()
	old := time.Now().Add(-2 * orphanAge)
	for _, name := range names(t, filepath.Join(directory, Subdirectory)) {
		if err := os.Chtimes(filepath.Join(directory, Subdirectory, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
}
