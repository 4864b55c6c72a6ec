package adapter_test

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/checks"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

var update = flag.Bool("update", false, "write what check says of the whole documents anew")

// wholeDocuments is where they are; its README.md says what each is about.
const wholeDocuments = "../../testdata/interlok"

// wholeDocument is expected.json: how a document is run, and what must come of it.
type wholeDocument struct {
	// Document is config/adapter.xml if it is empty.
	Document  string            `json:"document"`
	Variables []string          `json:"variables"`
	Env       map[string]string `json:"environment"`
	// Ports are variables that get a free port; Upstream is an HTTP server at ${upstream.url}, or %env{UPSTREAM_URL}.
	Ports    []string               `json:"ports"`
	Upstream map[string][]httpReply `json:"upstream"`
	// OnlyStreams makes these streams, and no other when a record names it.
	OnlyStreams map[string]int `json:"onlyStreams"`
	// Refusals are codes with which Kinesis refuses so many requests of PutRecords.
	Refusals map[string]int `json:"refusals"`
	Requests []httpRequest  `json:"requests"`

	// Refused: the document must not load. What check says of it, and of any other document, is in check.txt.
	Refused bool `json:"refused"`
	// Consumed is how many messages there are.
	Consumed int64 `json:"consumed"`
	// Repeats: a trigger makes messages for ever. There are at least Consumed, and records that are the same count once.
	Repeats bool `json:"repeats"`
	// Unordered: records of a key may come in any order.
	Unordered bool                `json:"unordered"`
	Streams   map[string][]wanted `json:"streams"`
	// Files are what lies at paths, which may be patterns. Kept are files that must be there at the end; input below messages/ that is not
	// among them must be gone.
	Files map[string][]wanted `json:"files"`
	Kept  []string            `json:"kept"`
	// Sent is what the upstream server must have got, by path; a key is the method and the Content-Type.
	Sent map[string][]wanted `json:"sent"`
	// Counts are of the adapter: delivered, handled, failed, givenBack.
	Counts map[string]int64 `json:"counts"`
}

// wanted is a record, a file or a request: what it holds, or a regular expression for it.
type wanted struct {
	Key         string `json:"key,omitempty"`
	KeyMatches  string `json:"keyMatches,omitempty"`
	Data        string `json:"data,omitempty"`
	DataMatches string `json:"dataMatches,omitempty"`
}

type httpReply struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

type httpRequest struct {
	Port    string            `json:"port"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Status  int               `json:"status"`
	Answer  *string           `json:"answer"`
	Answers map[string]string `json:"answerHeaders"`
}

// wholeDocumentNames are the folders.
func wholeDocumentNames(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(wholeDocuments)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestWholeDocuments(t *testing.T) {
	names := wholeDocumentNames(t)
	if len(names) < 25 {
		t.Errorf("only %d documents", len(names))
	}
	index, err := os.ReadFile(filepath.Join(wholeDocuments, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains(string(index), "| "+name+" |") {
			t.Errorf("README.md has no line about %s", name)
		}
		t.Run(name, func(t *testing.T) { runWholeDocument(t, name) })
	}
}

func runWholeDocument(t *testing.T, name string) {
	home, err := filepath.Abs(filepath.Join(wholeDocuments, name))
	if err != nil {
		t.Fatal(err)
	}
	w := readWholeDocument(t, filepath.Join(home, "expected.json"))
	t.Chdir(t.TempDir())
	if err := os.CopyFS(".", os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	inputs := moveInput(t)
	e := w.surroundings(t)
	a, problems := adapter.Load(t.Context(), w.Document, adapter.Options{VariableFiles: w.Variables, Set: e.set, Env: e.environment})
	if a != nil {
		problems = append(problems, checks.Advise(a)...)
		problems.Sort()
	}
	compareProblems(t, filepath.Join(home, "check.txt"), problems)
	if w.Refused != (a == nil) {
		t.Fatalf("refused: %v, want %v:\n%v", a == nil, w.Refused, problems)
	}
	if a == nil {
		return
	}
	options := kinesislocal.Options{Streams: w.OnlyStreams, CreateStreams: w.OnlyStreams == nil, DefaultShards: 2}
	server := kinesislocal.NewTest(t, options)
	for code, count := range w.Refusals {
		if _, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Code: code, Count: count}); err != nil {
			t.Fatal(err)
		}
	}
	a.Redirect(server.TLSURL())
	run(t, a)
	for _, r := range w.Requests {
		e.send(t, r)
	}
	if w.Repeats {
		await(t, func() bool { return a.Counts().Consumed >= w.Consumed })
	} else {
		settle(t, a, w.Consumed)
	}
	// After a stop nothing is under way: what has not arrived will not.
	if err := a.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	w.compareRecords(t, server)
	w.compareFiles(t, inputs)
	e.compareSent(t, w)
	w.compareCounts(t, a)
}

func readWholeDocument(t *testing.T, path string) *wholeDocument {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	w := &wholeDocument{Document: "config/adapter.xml"}
	if err := d.Decode(w); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return w
}

// moveInput puts what lies in input/ where the document looks for it, and returns the paths.
func moveInput(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat("input"); os.IsNotExist(err) {
		return nil
	}
	var paths []string
	err := fs.WalkDir(os.DirFS("input"), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(".", os.DirFS("input")); err != nil {
		t.Fatal(err)
	}
	return paths
}
