package adapter_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/channel"
)

// served is an adapter whose document the test changes.
type served struct {
	*adapter.Adapter
	path      string
	directory string // of the document
}

func serve(t *testing.T, document string, o adapter.Options) *served {
	t.Helper()
	s := &served{directory: filepath.ToSlash(t.TempDir())}
	s.path = s.directory + "/adapter.xml"
	s.write(t, document)
	var problems error
	a, found := adapter.Load(t.Context(), s.path, o)
	if problems = found.Errors(); a == nil {
		t.Fatal(problems)
	}
	s.Adapter = a
	run(t, a)
	return s
}

func (s *served) write(t *testing.T, document string) {
	t.Helper()
	write(t, s.path, []byte(strings.ReplaceAll(document, "DIR", s.directory)))
}

// change writes another document and reloads.
func (s *served) change(t *testing.T, document string) (adapter.Reloaded, error) {
	t.Helper()
	s.write(t, document)
	return s.Reload(t.Context())
}

func (s *served) mustChange(t *testing.T, document string, want adapter.Reloaded) {
	t.Helper()
	got, err := s.change(t, document)
	if err != nil {
		t.Fatal(err)
	}
	got.Problems = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reloaded (-want +got):\n%s", diff)
	}
}

func (s *served) channel(t *testing.T, id string) *channel.Channel {
	t.Helper()
	for _, c := range s.Channels() {
		if c.UniqueID == id {
			return c
		}
	}
	t.Fatalf("there is no channel %s", id)
	return nil
}

// address is where the channel's server listens; empty while it does not.
func (s *served) address(t *testing.T, id string) string {
	t.Helper()
	return s.channel(t, id).ConsumeConnection.(interface{ Address() string }).Address()
}

func post(t *testing.T, address string) int {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post("http://"+address+"/x", "text/plain", strings.NewReader("x"))
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Error(err)
	}
	return response.StatusCode
}

// freePort is one that nobody listens on now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// overHTTP is a channel that takes requests.
func overHTTP(id string, port int) string {
	return fmt.Sprintf(`<channel><unique-id>%s</unique-id><consume-connection class="jetty-http-connection"><port>%d</port>
<server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair></server-connector-properties></consume-connection>
<workflow-list><standard-workflow><unique-id>w</unique-id><consumer class="jetty-message-consumer"><path>/x</path></consumer></standard-workflow></workflow-list></channel>`, id, port)
}

// fromFiles is a channel that takes files from a directory to a producer.
func fromFiles(id, connection, producer string) string {
	return fmt.Sprintf(`<channel><unique-id>%s</unique-id>%s<workflow-list><standard-workflow><unique-id>w</unique-id>
<consumer class="fs-consumer"><base-directory-url>DIR/%s</base-directory-url><create-dirs>true</create-dirs>
<poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>10</interval></poll-interval></poller></consumer>%s</standard-workflow></workflow-list></channel>`, id, connection, id, producer)
}

func adapterOf(shared string, channels ...string) string {
	return "<adapter><unique-id>a</unique-id>" + shared + "<channel-list>" + strings.Join(channels, "\n") + "</channel-list></adapter>"
}

const (
	toStream = `<producer class="aws-kinesis-stream-producer"><stream>%s</stream><partition-key>k</partition-key></producer>`
	byName   = `<produce-connection class="shared-connection"><lookup-name>%s</lookup-name></produce-connection>`
)

func kinesisTo(id, endpoint, more string) string {
	return fmt.Sprintf(`<aws-kinesis-kpl-inline-connection><unique-id>%s</unique-id>
<credentials class="aws-static-credentials-builder"><access-key>x</access-key><secret-key>y</secret-key></credentials>
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair><key-value-pair><key>MetricsLevel</key><value>none</value></key-value-pair>
<key-value-pair><key>KinesisEndpoint</key><value>%s</value></key-value-pair>%s</config></aws-kinesis-kpl-inline-connection>`, id, endpoint, more)
}

func sharing(connections ...string) string {
	return "<shared-components><connections>" + strings.Join(connections, "") + "</connections></shared-components>"
}
