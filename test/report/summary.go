package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// counts says how many tests ended how. A package that failed without a failed test (it did not compile, it panicked,
// it was killed) counts as one failed test.
type counts struct{ Passed, Failed, Skipped int }

// String gives the closing line of a run.
func (c counts) String() string {
	s := fmt.Sprintf("%d passed, %d failed", c.Passed, c.Failed)
	if c.Skipped > 0 {
		s += fmt.Sprintf(", %d skipped", c.Skipped)
	}
	return s
}

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Output     string
	Elapsed    float64
}

// summarize prints a line for each package and the output of what failed, in the order in which they end.
func summarize(r io.Reader, w io.Writer) (counts, error) {
	var total counts
	output := map[string][]string{} // by package and test
	failed := map[string]int{}      // failed tests by package
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintln(w, lines.Text()) // what go itself says stands between the events
			continue
		}
		id := e.Package + " " + e.Test
		switch e.Action {
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "output":
			output[id] = append(output[id], e.Output)
		case "pass", "skip", "fail":
			switch {
			case e.Test == "":
				if e.Action == "fail" && failed[e.Package] == 0 {
					total.Failed++
					printAll(w, output, e.Package+" ")
				}
				printPackage(w, e)
			case e.Action == "pass":
				total.Passed++
			case e.Action == "skip":
				total.Skipped++
				fmt.Fprintf(w, "skip  %s.%s: %s\n", e.Package, e.Test, reason(output[id]))
			default:
				total.Failed++
				failed[e.Package]++
				fmt.Fprint(w, strings.Join(output[id], ""))
			}
			delete(output, id)
		}
	}
	if err := lines.Err(); err != nil {
		return total, fmt.Errorf("reading the events of go test: %w", err)
	}
	return total, nil
}

// printAll prints what is left of a package: a panic's text belongs to the test that ran, which never ended.
func printAll(w io.Writer, output map[string][]string, prefix string) {
	for id, text := range output {
		if strings.HasPrefix(id, prefix) {
			fmt.Fprint(w, strings.Join(text, ""))
		}
	}
}

func printPackage(w io.Writer, e event) {
	word := map[string]string{"pass": "ok", "fail": "FAIL", "skip": "-"}[e.Action]
	fmt.Fprintf(w, "%-5s %s  %.1fs\n", word, e.Package, e.Elapsed)
}

// reason is the last thing that a skipped test said.
func reason(output []string) string {
	for i := len(output) - 1; i >= 0; i-- {
		if s := strings.TrimSpace(output[i]); s != "" && !strings.HasPrefix(s, "---") && !strings.HasPrefix(s, "===") {
			return s
		}
	}
	return "no reason given"
}

// addTo adds c to the counts in a file, which need not exist yet, and returns the sum.
func addTo(file string, c counts) (counts, error) {
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	var before counts
	if len(b) > 0 {
		if err := json.Unmarshal(b, &before); err != nil {
			return c, fmt.Errorf("%s holds no counts: %w", file, err)
		}
	}
	c.Passed, c.Failed, c.Skipped = c.Passed+before.Passed, c.Failed+before.Failed, c.Skipped+before.Skipped
	b, err = json.Marshal(c)
	if err != nil {
		return c, err
	}
	return c, os.WriteFile(file, b, 0o644)
}
