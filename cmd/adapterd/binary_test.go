//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// binary builds the program once for all tests; TestMain removes it.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDirectory(), "adapterd")
	out, err := exec.Command("go", "build", "-ldflags", "-X main.version=v1.2.3", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// process is the real program, running.
type process struct {
	*exec.Cmd
	out, err output
	exited   chan struct{} // closed when code is there
	code     int
}

func spawn(t *testing.T, directory string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(path, args...), exited: make(chan struct{})}
	p.Dir, p.Stdout, p.Stderr = directory, &p.out, &p.err
	p.Env = append(os.Environ(), "TMPDIR="+directory)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		err := p.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			p.code = exit.ExitCode() // -1 when a signal ended it
		} else if err != nil {
			p.code = -2
		}
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill() // what has ended by itself can not be killed, and need not be
		<-p.exited
	})
	return p
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait returns the exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.code
	case <-time.After(30 * time.Second):
		t.Fatalf("did not end\n%s\n%s", p.out.String(), p.err.String())
		return 0
	}
}

func (p *process) says(t *testing.T, what string) {
	t.Helper()
	await(t, fmt.Sprintf("%q", what), func() bool { return strings.Contains(p.out.String()+p.err.String(), what) })
}

// slowly is configuration that keeps records buffered until they are flushed.
func slowly(endpoint string) string {
	return pair("KinesisEndpoint", endpoint) + pair("RecordMaxBufferedTime", "60000") + pair("RecordTtl", "90000")
}

func manyFiles(t *testing.T, directory string, n int) {
	t.Helper()
	for i := range n {
		write(t, filepath.Join(directory, "in", fmt.Sprintf("%03d.json", i)), fmt.Sprintf(`{"id":"%d"}`, i))
	}
}

// underWay waits until every file is being delivered.
func underWay(t *testing.T, directory string, n int) {
	t.Helper()
	await(t, "every file to be under way", func() bool {
		taken := 0
		for _, name := range inputs(t, directory) {
			if strings.HasSuffix(name, ".wip") {
				taken++
			}
		}
		return taken == n
	})
}

func delivered(t *testing.T, server *kinesislocal.Server) int {
	t.Helper()
	n := 0
	for _, r := range server.Records("") {
		n += len(userRecords(r.Stream, r.ShardID, r.SequenceNumber, r.PartitionKey, r.Data))
	}
	return n
}

func TestASignalDrainsAndExitsWith0(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			dir := t.TempDir()
			manyFiles(t, dir, 100)
			p := spawn(t, dir, "run", write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, slowly(server.URL()))))
			underWay(t, dir, 100)
			if n := delivered(t, server); n > 0 {
				t.Fatalf("%d records arrived before the signal: this test shows nothing", n)
			}
			began := time.Now()
			p.signal(t, s)
			if code := p.wait(t); code != exitDone {
				t.Errorf("exit %d\n%s", code, p.err.String())
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the end took %v, though a flush would have done", took)
			}
			if left := inputs(t, dir); len(left) > 0 {
				t.Errorf("the source holds %v", left)
			}
			if n := delivered(t, server); n != 100 {
				t.Errorf("%d records arrived", n)
			}
			if !strings.Contains(p.err.String(), `adapter stopped  {"consumed": 100, "delivered": 100`) {
				t.Errorf("said\n%s", p.err.String())
			}
		})
	}
}

func TestASecondSignalEndsAtOnceAndGivesBack(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	if _, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	manyFiles(t, dir, 10)
	p := spawn(t, dir, "run", write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, pair("KinesisEndpoint", server.URL())+pair("RecordTtl", "600000"))), "--drain-timeout", "10m")
	underWay(t, dir, 10)
	p.signal(t, syscall.SIGTERM)
	p.says(t, "stopping")
	began := time.Now()
	p.signal(t, syscall.SIGINT)
	if code := p.wait(t); code != exitFailed {
		t.Errorf("exit %d", code)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the end took %v", took)
	}
	p.says(t, "stopping at once; what is not delivered stays with its source")
	p.says(t, "adapterd: not everything could be brought to its end: ")
	left := inputs(t, dir)
	for _, name := range left {
		if strings.HasSuffix(name, ".wip") {
			t.Errorf("%s was not given back", name)
		}
	}
	if len(left) != 10 {
		t.Errorf("the source holds %v", left)
	}
}

// A document that comes slowly over HTTP must not keep the program from ending.
func TestASignalDuringTheStartEndsIt(t *testing.T) {
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	p := spawn(t, t.TempDir(), "run", server.URL+"/adapter.xml")
	<-asked
	p.signal(t, syscall.SIGTERM)
	if code := p.wait(t); code != exitDone || !strings.Contains(p.err.String(), "stopping before everything has started") || strings.Contains(p.err.String(), "cannot") {
		t.Errorf("exit %d\n%s", code, p.err.String())
	}
}

func TestAStartThatFailsConsumesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	manyFiles(t, dir, 5)
	files := filesInto(dir, asynchronous, "")
	httpChannel := fmt.Sprintf(`<channel><unique-id>http</unique-id><consume-connection class="jetty-http-connection"><port>%d</port>
<server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair></server-connector-properties></consume-connection>
<workflow><consumer class="jetty-message-consumer"><path>/x</path></consumer></workflow></channel>`, taken.Addr().(*net.TCPAddr).Port)
	missing := strings.Replace(strings.Replace(files, "/in</base", "/nowhere</base", 1), "<unique-id>files<", "<unique-id>missing<", 1)
	for name, c := range map[string]struct{ channels, want string }{
		"port taken":        {files + httpChannel, "can not listen on"},
		"directory missing": {files + missing, "does not exist; make it, or set create-dirs to true"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(dir, "a.xml"), "<adapter><channel-list>"+c.channels+"</channel-list></adapter>")
			p := spawn(t, dir, "run", path, "--embedded-kinesis", "127.0.0.1:0")
			if code := p.wait(t); code != exitFailed || !strings.Contains(p.err.String(), c.want) || !strings.Contains(p.err.String(), "adapterd: "+path+" did not start, and consumed nothing: ") {
				t.Errorf("exit %d\n%s", code, p.err.String())
			}
			if left := inputs(t, dir); len(left) != 5 || strings.Contains(strings.Join(left, " "), ".wip") {
				t.Errorf("the source holds %v", left)
			}
		})
	}
}

func TestTheBinaryDoesWhatItsExitCodesSay(t *testing.T) {
	dir := t.TempDir()
	good, bad := write(t, filepath.Join(dir, "good.xml"), "<channel><workflow/></channel>"), write(t, filepath.Join(dir, "bad.xml"), "<channel/>")
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitDone, nil, "Usage:"},
		{exitDone, []string{"version"}, "adapterd v1.2.3 "},
		{exitDone, []string{"check", good}, "runs: 0 errors"},
		{exitFailed, []string{"check", bad}, "does not run: 1 error"},
		{exitFailed, []string{"run", bad}, "nothing was started"},
		{exitUsage, []string{"chekc", good}, "did you mean check?"},
		{exitUsage, []string{"run"}, "want one document"},
		{exitFailed, []string{"components", "nothing"}, "there is no component"},
		{exitFailed, []string{"password", "decode"}, "standard input is empty"},
	} {
		p := spawn(t, dir, c.args...)
		if code := p.wait(t); code != c.code || !strings.Contains(p.out.String()+p.err.String(), c.want) {
			t.Errorf("%v: exit %d, want %d\n%s%s", c.args, code, c.code, p.out.String(), p.err.String())
		}
	}
}

// What a shell's user does: start Kinesis, put with run, look with tail, end all with Ctrl-C.
func TestKinesisRunAndTailWorkTogether(t *testing.T) {
	dir := t.TempDir()
	manyFiles(t, dir, 3)
	endpoint := spawn(t, dir, "kinesis", "127.0.0.1:0", "--stream", "orders:2")
	endpoint.says(t, "http://")
	url := regexp.MustCompile(`http://[^ ]+`).FindString(endpoint.out.String())
	tail := spawn(t, dir, "tail", "orders", "--endpoint", url)
	run := spawn(t, dir, "run", write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, pair("KinesisEndpoint", url))), "--until-idle", "100ms")
	if code := run.wait(t); code != exitDone {
		t.Errorf("run: exit %d\n%s", code, run.err.String())
	}
	for i := range 3 {
		tail.says(t, `  {"id":"`+strconv.Itoa(i)+`"}`)
	}
	for name, p := range map[string]*process{"tail": tail, "kinesis": endpoint} {
		p.signal(t, syscall.SIGINT)
		if code := p.wait(t); code != exitDone || p.err.String() != "" {
			t.Errorf("%s: exit %d\n%s", name, code, p.err.String())
		}
	}
}

func TestDemoStaysUpUntilItIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	p := spawn(t, dir, "demo")
	p.says(t, "Ctrl-C ends the demo")
	events := regexp.MustCompile(`http://\S+/events`).FindString(p.out.String())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := post(ctx, events, `{"type":"order","id":"order-5"}`); err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
	p.says(t, "key order-5")
	p.signal(t, syscall.SIGINT)
	if code := p.wait(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.err.String())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "adapterd-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
