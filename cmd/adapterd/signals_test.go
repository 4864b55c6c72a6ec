//go:build unix

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

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
			// The last one may have been in the consumer's hand only, and is given back then.
			left := inputs(t, dir)
			if len(left) > 1 || len(left) == 1 && strings.HasSuffix(left[0], ".wip") {
				t.Errorf("the source holds %v", left)
			}
			if n := delivered(t, server); n != 100-len(left) {
				t.Errorf("%d records arrived, and the source holds %v", n, left)
			}
			if !strings.Contains(p.err.String(), fmt.Sprintf(`adapter stopped  {"consumed": 100, "delivered": %d, "handled": 0, "failed": 0, "givenBack": %d,`, 100-len(left), len(left))) {
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
	p.says(t, "adapter started") // its consumers are, a moment before
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

// A start may hang in something that can not be told to stop, such as a document on a disk that does not answer; here it is a pipe into
// which nobody writes.
func TestASecondSignalEndsAStartThatHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xml")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	p := spawn(t, t.TempDir(), "run", path)
	opened := make(chan error, 1)
	go func() {
		pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the reader
		opened <- err
		if err == nil {
			<-p.exited
			_ = pipe.Close() // nothing was written
		}
	}()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGTERM)
	p.says(t, "stopping before everything has started")
	p.signal(t, syscall.SIGTERM)
	if code := p.wait(t); code != exitFailed || !strings.Contains(p.err.String(), "adapterd: stopped at once by terminated, while "+path+" was still being started\n") {
		t.Errorf("exit %d\n%s", code, p.err.String())
	}
}

func TestHangupReloadsTheDocument(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	dir := t.TempDir()
	document := func(stream string) string {
		return strings.Replace(filesInto(dir, asynchronous, pair("KinesisEndpoint", server.URL())), "<stream>orders</stream>", "<stream>"+stream+"</stream>", 1)
	}
	manyFiles(t, dir, 10)
	path := write(t, filepath.Join(dir, "a.xml"), document("first"))
	p := spawn(t, dir, "run", path)
	arrived(t, server, "first", 10)
	p.signal(t, syscall.SIGHUP)
	p.says(t, "document reloaded; nothing has changed")
	write(t, path, document("second"))
	p.signal(t, syscall.SIGHUP)
	p.says(t, `document reloaded  {"kept": [], "replaced": ["files"]`)
	manyFiles(t, dir, 5)
	arrived(t, server, "second", 5)
	write(t, path, "<channel>")
	p.signal(t, syscall.SIGHUP)
	p.says(t, "is not taken over: 1 error; everything goes on as it was")
	p.signal(t, syscall.SIGTERM)
	if code := p.wait(t); code != exitDone || !strings.Contains(p.err.String(), `"consumed": 15, "delivered": 15`) {
		t.Errorf("exit %d\n%s", code, p.err.String())
	}
}

// A document that can not be read, here a pipe into which nobody writes, keeps nothing from going on, nor the program from ending.
func TestAReloadThatHangsKeepsNothingUp(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	dir := t.TempDir()
	manyFiles(t, dir, 1)
	path := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, pair("KinesisEndpoint", server.URL())))
	p := spawn(t, dir, "run", path)
	arrived(t, server, "orders", 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGHUP)
	p.says(t, "reloading the document")
	manyFiles(t, dir, 5)
	arrived(t, server, "orders", 6)
	p.signal(t, syscall.SIGTERM)
	if code := p.wait(t); code != exitDone || !strings.Contains(p.err.String(), `"consumed": 6, "delivered": 6`) {
		t.Errorf("exit %d\n%s", code, p.err.String())
	}
}

// A program that ends in the middle of a reload drains, and starts nothing any more.
func TestASignalDuringAReloadEndsIt(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	manyFiles(t, dir, 3)
	document := filesInto(dir, asynchronous, pair("KinesisEndpoint", server.URL())+pair("RecordTtl", "600000"))
	path := write(t, filepath.Join(dir, "a.xml"), document)
	p := spawn(t, dir, "run", path)
	underWay(t, dir, 3)
	write(t, path, strings.Replace(document, "orders", "others", 1))
	p.signal(t, syscall.SIGHUP)
	p.says(t, "reloading the document")
	p.signal(t, syscall.SIGTERM)
	p.says(t, "stopping")
	fault.Remove()
	if code := p.wait(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.err.String())
	}
	if said := p.err.String(); !strings.Contains(said, `adapter stopped  {"consumed": 3, "delivered": 3`) {
		t.Errorf("said\n%s", said)
	}
	if n := len(server.Records("others")); n > 0 {
		t.Errorf("%d records arrived in the new stream", n)
	}
}
