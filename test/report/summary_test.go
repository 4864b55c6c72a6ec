package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSummarizeCountsTestsAndPackagesThatFailOtherwise(t *testing.T) {
	cases := []struct {
		name, events, closing string
		shown, hidden         []string
	}{
		{
			name: "a pass is silent",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":1.5}`,
			closing: "1 passed, 0 failed", shown: []string{"ok    p  1.5s"}, hidden: []string{"chatter"},
		},
		{
			name: "a failure shows its output",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:3: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}`,
			closing: "0 passed, 1 failed", shown: []string{"a_test.go:3: got 1", "FAIL  p"},
		},
		{
			name: "a panic belongs to a test that never ends",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}`,
			closing: "0 passed, 1 failed", shown: []string{"panic: boom"},
		},
		{
			name: "a package that does not compile",
			events: `{"ImportPath":"p","Action":"build-output","Output":"p/a.go:1:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			closing: "0 passed, 1 failed", shown: []string{"syntax error"},
		},
		{
			name: "a skip gives its reason",
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: no server\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"q"}`,
			closing: "0 passed, 0 failed, 1 skipped", shown: []string{"skip  p.TestA: a_test.go:9: no server"},
		},
		{name: "words of go itself", events: "go: downloading x\n", closing: "0 passed, 0 failed", shown: []string{"go: downloading x"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			got, err := summarize(strings.NewReader(c.events), &out)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != c.closing {
				t.Errorf("closing line %q, want %q", got, c.closing)
			}
			for _, s := range c.shown {
				if !strings.Contains(out.String(), s) {
					t.Errorf("output lacks %q:\n%s", s, &out)
				}
			}
			for _, s := range c.hidden {
				if strings.Contains(out.String(), s) {
					t.Errorf("output has %q:\n%s", s, &out)
				}
			}
		})
	}
}

func TestTallySumsRuns(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tally")
	if _, err := addTo(file, counts{Passed: 2, Skipped: 1}); err != nil {
		t.Fatal(err)
	}
	sum, err := addTo(file, counts{Passed: 3, Failed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := (counts{Passed: 5, Failed: 1, Skipped: 1}); sum != want {
		t.Errorf("sum %+v, want %+v", sum, want)
	}
}
