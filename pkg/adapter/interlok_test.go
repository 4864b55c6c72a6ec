package adapter_test

import (
	"encoding/json"
	"flag"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/checks"
	"github.com/adapterd/adapterd/pkg/document"
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
	Set       []string          `json:"set"`
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
	Files     map[string][]wanted `json:"files"`
	Kept      []string            `json:"kept"`
	Sent      map[string][]wanted `json:"sent"`
	Counts    map[string]int64    `json:"counts"`
	Skip      string              `json:"skip"`
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
	if w.Skip != "" {
		t.Skip(w.Skip)
	}
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

// surroundings are the variables that stand for what only the test knows.
type surroundings struct {
	set         []string
	environment document.Environment
	ports       map[string]string
	upstream    *upstream
}

func (w *wholeDocument) surroundings(t *testing.T) *surroundings {
	t.Helper()
	e := &surroundings{set: slices.Clone(w.Set), environment: document.HostEnvironment(), ports: make(map[string]string)}
	maps.Copy(e.environment.Variables, w.Env)
	e.environment.SystemProperties["jetty.http.host"] = "127.0.0.1"
	for _, name := range w.Ports {
		e.ports[name] = unusedPort(t)
		e.set = append(e.set, name+"="+e.ports[name])
		e.environment.SystemProperties[name] = e.ports[name]
	}
	if w.Upstream != nil {
		e.upstream = newUpstream(t, w.Upstream)
		e.set = append(e.set, "upstream.url="+e.upstream.URL)
		e.environment.Variables["UPSTREAM_URL"] = e.upstream.URL
	}
	return e
}

// unusedPort is one that was free a moment ago.
func unusedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (e *surroundings) send(t *testing.T, r httpRequest) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.Method, "http://127.0.0.1:"+e.ports[r.Port]+r.Path, strings.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range r.Headers {
		request.Header.Set(k, v)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != r.Status || r.Answer != nil && string(body) != *r.Answer {
		t.Errorf("%s %s is answered %d %q, want %d", r.Method, r.Path, answer.StatusCode, body, r.Status)
	}
	for k, v := range r.Answers {
		if answer.Header.Get(k) != v {
			t.Errorf("%s %s is answered with %s %q, want %q", r.Method, r.Path, k, answer.Header.Get(k), v)
		}
	}
}

// upstream is an HTTP server that the document sends to. The last of its replies for a path is given over and over.
type upstream struct {
	*httptest.Server
	replies map[string][]httpReply

	// mu guards sent.
	mu   sync.Mutex
	sent map[string][]arrival
}

func newUpstream(t *testing.T, replies map[string][]httpReply) *upstream {
	u := &upstream{replies: replies, sent: make(map[string][]arrival)}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	u.mu.Lock()
	replies := u.replies[r.URL.Path]
	n := len(u.sent[r.URL.Path])
	u.sent[r.URL.Path] = append(u.sent[r.URL.Path], arrival{r.URL.Path, r.Method + " " + r.Header.Get("Content-Type"), string(body)})
	u.mu.Unlock()
	if len(replies) == 0 {
		http.NotFound(w, r)
		return
	}
	reply := replies[min(n, len(replies)-1)]
	w.WriteHeader(reply.Status)
	_, _ = io.WriteString(w, reply.Body) // whoever asked may be gone
}

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

// compareProblems compares what check says with a golden file; a document without one must be free of problems.
func compareProblems(t *testing.T, golden string, problems document.Problems) {
	t.Helper()
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(filepath.ToSlash(p.Pos.String()) + ": " + string(p.Severity) + ": " + p.Message + " [" + p.Code + "]\n")
	}
	got := b.String()
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
