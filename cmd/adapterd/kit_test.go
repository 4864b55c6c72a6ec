package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if built != "" {
			_ = os.RemoveAll(built)
		}
		os.Exit(code)
	}))
}

// built is where tests put the program.
var built string

func buildDirectory() string {
	built, _ = os.MkdirTemp("", "adapterd-test-")
	return built
}

// output is a writer that can be read while it is written.
type output struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// command runs one command line to its end.
func command(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	return commandWith(t, "", args...)
}

func commandWith(t *testing.T, in string, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e output
	code = execute(t.Context(), args, strings.NewReader(in), &o, &e)
	return code, o.String(), e.String()
}

// background runs a command line until the test stops it.
type background struct {
	out, err output
	stop     context.CancelFunc
	code     chan int
}

func start(t *testing.T, args ...string) *background {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	b := &background{stop: stop, code: make(chan int, 1)}
	go func() { b.code <- execute(ctx, args, strings.NewReader(""), &b.out, &b.err) }()
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("the command said\n%s", b.err.String())
		}
	})
	return b
}

// end stops the command and returns its exit code.
func (b *background) end(t *testing.T) int {
	t.Helper()
	b.stop()
	select {
	case code := <-b.code:
		return code
	case <-time.After(30 * time.Second):
		t.Fatalf("did not end\n%s\n%s", b.out.String(), b.err.String())
		return -1
	}
}

// await looks until something that can not be waited for has come true.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-limit.C:
			t.Fatalf("waited 30 s in vain for %s", what)
		}
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	to := path
	if _, err := os.Stat(path); err != nil { // it appears whole: who polls the directory must not find half of it
		to = filepath.Join(filepath.Dir(filepath.Dir(path)), ".new-"+filepath.Base(path))
	}
	if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if to != path {
		if err := os.Rename(to, path); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// keysOfFilesInto are the credentials of filesInto.
const keysOfFilesInto = `<credentials class="aws-static-credentials-builder"><access-key>AKIDEXAMPLE</access-key><secret-key>sEcReT-key-1</secret-key></credentials>`

// filesInto is a document that takes files from directory/in into a stream.
func filesInto(directory, producer, config string) string {
	return `<channel><unique-id>files</unique-id>
<produce-connection class="aws-kinesis-kpl-inline-connection">
` + keysOfFilesInto + `
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair><key-value-pair><key>MetricsLevel</key><value>none</value></key-value-pair>` + config + `</config></produce-connection>
<workflow><unique-id>wf</unique-id><consumer class="fs-consumer"><base-directory-url>` + filepath.ToSlash(directory) + `/in</base-directory-url>
<poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>20</interval></poll-interval></poller></consumer>
<producer class="` + producer + `"><stream>orders</stream><partition-key>%payload{jsonpath:$.id}</partition-key></producer></workflow></channel>`
}

const (
	asynchronous = "aws-kinesis-stream-producer"
	synchronous  = "aws-kinesis-synchronous-stream-producer"
)
