package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// prefixed is a document that takes files from directory/in into a stream whose name is a variable.
func prefixed(directory, endpoint string) string {
	return strings.Replace(filesInto(directory, asynchronous, pair("KinesisEndpoint", endpoint)), "<stream>orders</stream>", "<stream>${stream}</stream>", 1)
}

func arrived(t *testing.T, server *kinesislocal.Server, stream string, n int) {
	t.Helper()
	await(t, "records in "+stream, func() bool {
		found := 0
		for _, r := range server.Records(stream) {
			found += len(userRecords(r.Stream, r.ShardID, r.SequenceNumber, r.PartitionKey, r.Data))
		}
		return found == n
	})
}

func TestRunReloadsWhenAWatchedFileChanges(t *testing.T) {
	for _, format := range []string{"console", "json"} {
		t.Run(format, func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			dir := t.TempDir()
			doc := write(t, filepath.Join(dir, "etc", "a.xml"), prefixed(dir, server.URL()))
			variables := write(t, filepath.Join(dir, "vars", "v.properties"), "stream=first\n")
			write(t, filepath.Join(dir, "in", "1.json"), `{"id":"1"}`)
			b := start(t, "run", doc, "--variables", variables, "--watch", "--log-format", format)
			arrived(t, server, "first", 1)

			write(t, variables, "stream=second\n")
			await(t, "the reload", func() bool { return strings.Contains(b.err.String(), "document reloaded") })
			write(t, filepath.Join(dir, "in", "2.json"), `{"id":"2"}`)
			arrived(t, server, "second", 1)

			// A file that changes without another content changes nothing; a bad document is said, and everything goes on.
			write(t, variables, "stream=second\n")
			write(t, doc, strings.Replace(prefixed(dir, server.URL()), "<stream>", "<straem/><stream>", 1))
			await(t, "the refusal", func() bool { return strings.Contains(b.err.String(), "not taken over") })
			if said := b.err.String(); !strings.Contains(said, "did you mean <stream>?") || strings.Count(said, "reloading the document") != 2 {
				t.Errorf("said\n%s", said)
			}
			write(t, filepath.Join(dir, "in", "3.json"), `{"id":"3"}`)
			arrived(t, server, "second", 2)

			write(t, doc, strings.Replace(prefixed(dir, server.URL()), "${stream}", "third", 1))
			await(t, "the second reload", func() bool { return strings.Count(b.err.String(), "document reloaded") == 2 })
			write(t, filepath.Join(dir, "in", "4.json"), `{"id":"4"}`)
			arrived(t, server, "third", 1)
			if code := b.end(t); code != exitDone {
				t.Errorf("exit %d\n%s", code, b.err.String())
			}
			if said := b.err.String(); !strings.Contains(said, `"consumed": 4, "delivered": 4`) && !strings.Contains(said, `"consumed":4,"delivered":4`) {
				t.Errorf("said\n%s", said)
			}
		})
	}
}

// What a reload brings is a secret from its first line on, and what it replaces stays one.
func TestSecretsOfAReloadAreMasked(t *testing.T) {
	m := &masking{out: new(output)}
	m.hide([]string{"first-secret"})
	m.hide([]string{"second-secret"})
	if _, err := m.Write([]byte("first-secret second-secret\n")); err != nil {
		t.Fatal(err)
	}
	if got := m.out.(*output).String(); got != "*** ***\n" {
		t.Errorf("got %q", got)
	}
}

func TestWatchedFilesMayBeLinksAndMissing(t *testing.T) {
	dir := t.TempDir()
	// As a Kubernetes ConfigMap is mounted: the file is a link into a directory that is a link.
	write(t, filepath.Join(dir, "data1", "a.xml"), "1")
	write(t, filepath.Join(dir, "data2", "a.xml"), "2")
	link(t, "data1", filepath.Join(dir, "current"))
	link(t, filepath.Join("current", "a.xml"), filepath.Join(dir, "a.xml"))
	log, err := (&logFlags{level: "info", format: "console"}).logger(new(output))
	if err != nil {
		t.Fatal(err)
	}
	files := []string{filepath.Join(dir, "a.xml"), filepath.Join(dir, "missing.properties")}
	w, err := watchFiles(log, func() []string { return files })
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	link(t, "data2", filepath.Join(dir, "next"))
	rename(t, filepath.Join(dir, "next"), filepath.Join(dir, "current"))
	<-w.changed
	write(t, files[1], "x=1")
	<-w.changed
	write(t, filepath.Join(dir, "another"), "of no concern")
	write(t, filepath.Join(dir, "data2", "a.xml"), "3")
	<-w.changed
	select {
	case <-w.changed:
		t.Error("told twice")
	default:
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip("no links here:", err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// A reload may bring a file that nobody watched. It is told as a change at once, since it may have changed after it was read, and again when
// it changes later.
func TestFilesThatAReloadBringsAreWatched(t *testing.T) {
	document := write(t, filepath.Join(t.TempDir(), "a.xml"), "1")
	variables := write(t, filepath.Join(t.TempDir(), "b.properties"), "1")
	log, err := (&logFlags{level: "info", format: "console"}).logger(new(output))
	if err != nil {
		t.Fatal(err)
	}
	var files atomic.Pointer[[]string]
	files.Store(&[]string{document})
	w, err := watchFiles(log, func() []string { return *files.Load() })
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	write(t, document, "2")
	<-w.changed
	files.Store(&[]string{document, variables})
	w.reloaded()
	<-w.changed
	w.reloaded() // brings nothing
	write(t, variables, "2")
	<-w.changed
	files.Store(&[]string{document})
	w.reloaded() // without one of them nothing has changed
	write(t, document, "3")
	<-w.changed
	select {
	case <-w.changed:
		t.Error("told twice")
	default:
	}
}

// A file that changes while the document is read for the start is not taken for what was read.
func TestRunReloadsWhatChangesWhileItStarts(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "0.json.wip"), "which makes the directory")
	variables := write(t, filepath.Join(dir, "vars", "v.properties"), "stream=first\n")
	var requests atomic.Int32
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// The variables have been read before the document is.
		if n := requests.Add(1); n <= 2 {
			if err := os.WriteFile(variables, fmt.Appendf(nil, "stream=changed%d\n", n), 0o600); err != nil {
				t.Error(err)
			}
		}
		fmt.Fprint(w, prefixed(dir, server.URL()))
	}))
	defer web.Close()
	b := start(t, "run", web.URL+"/a.xml", "--variables", variables, "--watch")
	await(t, "the reload", func() bool { return strings.Contains(b.err.String(), "document reloaded") })
	write(t, filepath.Join(dir, "in", "1.json"), `{"id":"1"}`)
	arrived(t, server, "changed2", 1)
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
}
