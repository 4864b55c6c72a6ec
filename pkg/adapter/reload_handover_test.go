package adapter_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// keeping is a channel that takes files and leaves them where they are.
func keeping(id, more string) string {
	return fmt.Sprintf(`<channel><unique-id>%s</unique-id><workflow-list><standard-workflow><unique-id>w</unique-id>
<consumer class="non-deleting-fs-consumer"><base-directory-url>DIR/in</base-directory-url><create-dirs>true</create-dirs>
<poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>10</interval></poll-interval></poller>%s</consumer></standard-workflow></workflow-list></channel>`, id, more)
}

// put makes a file that is there as a whole or not at all: half of it would be another file to a consumer that leaves it.
func put(t *testing.T, directory, name string) {
	t.Helper()
	write(t, directory+"/half", []byte("x"))
	if err := os.Rename(directory+"/half", directory+"/"+name); err != nil {
		t.Fatal(err)
	}
}

// What a consumer remembers of the files that it leaves in place goes to the one that replaces it.
func TestFilesThatAreLeftDoNotComeAgainWithAReload(t *testing.T) {
	stored := `<processed-item-cache class="fs-xstream-processed-item-cache"><persistent-store>DIR/store.xml</persistent-store></processed-item-cache>`
	inline := `<processed-item-cache class="fs-inline-processed-item-cache"/>`
	none := `<processed-item-cache class="fs-no-processed-item-cache"/>`
	s := serve(t, adapterOf("", keeping("a", "")), adapter.Options{})
	files := 0
	// take writes two files, one after the other: the second is there only when the first was taken, so all that its pass wanted has come.
	take := func() {
		t.Helper()
		for range 2 {
			files++
			put(t, s.directory, fmt.Sprint("in/", files))
			settle(t, s.Adapter, int64(files))
		}
		if n := s.Counts().Consumed; n != int64(files) {
			t.Fatalf("%d messages of %d files", n, files)
		}
	}
	take()
	for _, more := range []string{"<filter-expression>.*</filter-expression>", inline, stored, inline + "<filter-expression>.*</filter-expression>"} {
		s.mustChange(t, adapterOf("", keeping("a", more)), adapter.Reloaded{Replaced: []string{"a"}})
		take()
	}
	// One that did not start in between is passed over.
	for _, start := range []string{"false", "true"} {
		s.mustChange(t, adapterOf("", strings.Replace(keeping("a", ""), "<workflow-list>", "<auto-start>"+start+"</auto-start><workflow-list>", 1)), adapter.Reloaded{Replaced: []string{"a"}})
	}
	take()
	// Without a cache they come as often as the directory is looked at.
	s.mustChange(t, adapterOf("", keeping("a", none)), adapter.Reloaded{Replaced: []string{"a"}})
	await(t, func() bool { return s.Counts().Consumed > int64(3*files) })
}

// A channel that is gone is not held any more, but for what it has counted.
func TestChannelsThatAreGoneLeaveTheirCounts(t *testing.T) {
	s := serve(t, adapterOf("", keeping("a", ""), overHTTP("stays", 0)), adapter.Options{})
	put(t, s.directory, "in/1")
	settle(t, s.Adapter, 1)
	for i, id := range []string{"b", "c"} {
		before := []string{"a", "b"}[i]
		s.mustChange(t, adapterOf("", keeping(id, ""), overHTTP("stays", 0)), adapter.Reloaded{Kept: []string{"stays"}, Started: []string{id}, Stopped: []string{before}})
		settle(t, s.Adapter, int64(i+2)) // another channel remembers nothing of the file
		if diff := cmp.Diff(workflow.Counts{Consumed: int64(i + 2), Delivered: int64(i + 2)}, s.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		if n := s.Past(); n != 0 {
			t.Errorf("%d channels that are gone are held", n)
		}
	}
}

// Blanks around the id of a shared part are no reason to keep a channel on one that has stopped.
func TestSharedPartsWhoseIDsHaveBlanks(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	doc := func(buffered int) string {
		more := fmt.Sprintf("<key-value-pair><key>RecordMaxBufferedTime</key><value>%d</value></key-value-pair>", buffered)
		return adapterOf(sharing(strings.Replace(kinesisTo("kinesis", server.URL(), more), ">kinesis<", "> kinesis <", 1)),
			fromFiles("a", fmt.Sprintf(byName, " kinesis "), fmt.Sprintf(toStream, "s")))
	}
	s := serve(t, doc(100), adapter.Options{})
	s.mustChange(t, doc(101), adapter.Reloaded{Replaced: []string{"a"}, Shared: []string{"connection  kinesis "}})
	write(t, s.directory+"/a/1", []byte("1"))
	settle(t, s.Adapter, 1)
	if n := len(userRecords(t, server, "s")); n != 1 {
		t.Errorf("%d records arrived", n)
	}
}

// The configuration of a connection may come over HTTP: nothing watches it, but a reload compares it.
func TestConfigurationsFromHTTPAreCompared(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	var buffered atomic.Int64
	buffered.Store(100)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "Region=us-east-1\nMetricsLevel=none\nKinesisEndpoint=%s\nRecordMaxBufferedTime=%d\n", server.URL(), buffered.Load())
	}))
	defer web.Close()
	doc := adapterOf("", fromFiles("a", `<produce-connection class="aws-kinesis-kpl-connection-from-properties"><config-location>`+web.URL+`/kpl.properties</config-location></produce-connection>`, fmt.Sprintf(toStream, "s")))
	s := serve(t, doc, adapter.Options{})
	s.mustChange(t, doc, adapter.Reloaded{Kept: []string{"a"}})
	buffered.Store(200)
	s.mustChange(t, doc, adapter.Reloaded{Replaced: []string{"a"}})
}
