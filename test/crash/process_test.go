package crash

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	// What the program is made of: with it, go test runs these tests again when any of that has changed.
	_ "github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// patience is for what can not take long: the machine may be busy.
const patience = 60 * time.Second

// built is where the program is; TestMain removes it.
var built string

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "adapterd")
	if out, err := exec.Command("go", "build", "-o", path, "../../cmd/adapterd").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "crash"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(built); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// rounds is how often each test kills.
func rounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CRASH_ROUNDS")
	if text == "" {
		return 3
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CRASH_ROUNDS is %q; give a positive whole number", text)
	}
	return n
}

// process is the program, running.
type process struct {
	*exec.Cmd
	// said is what it has written; to be read when exited is closed.
	said   bytes.Buffer
	exited chan struct{}
	code   int
}

// start runs a document of testdata in a directory. The test's end kills what is left of it.
func start(t *testing.T, directory, document string, arguments ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	document, err = filepath.Abs(filepath.Join("testdata", document))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(path, append([]string{"run", document}, arguments...)...), exited: make(chan struct{})}
	p.Dir, p.Stdout, p.Stderr = directory, &p.said, &p.said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		_ = p.Wait() // that it was killed is no news, and the code tells the rest
		p.code = p.ProcessState.ExitCode()
	}()
	t.Cleanup(func() { p.kill() })
	return p
}

// kill ends the program as a power cut does, and waits until it is gone. Safe to call twice.
func (p *process) kill() {
	_ = p.Process.Kill() // it may be gone
	<-p.exited
}

// ends waits until the program has ended by itself, and wants no failure.
func (p *process) ends(t *testing.T) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case <-p.exited:
	case <-limit.C:
		p.kill()
		t.Fatalf("the program does not end:\n%s", p.said.String())
	}
	if p.code != 0 {
		t.Fatalf("exit code %d:\n%s", p.code, p.said.String())
	}
}

// await looks until something that can not be waited for has come true.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-limit.C:
			t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}

// delivered are the payloads in a stream, and how often each is there.
func delivered(t *testing.T, server *kinesislocal.Server, stream string) map[string]int {
	t.Helper()
	out := make(map[string]int)
	for _, r := range server.Records(stream) {
		inner, aggregated, err := aggregation.Decode(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			out[string(r.Data)]++
		}
		for _, u := range inner {
			out[string(u.Data)]++
		}
	}
	return out
}

// slow makes requests take a while, so that there is always something under way.
func slow(t *testing.T, server *kinesislocal.Server, before, after time.Duration) {
	t.Helper()
	if _, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Latency: before, AnswerLatency: after}); err != nil {
		t.Fatal(err)
	}
}
