package adapter_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const kinesisXML = `<aws-kinesis-kpl-inline-connection><unique-id>%s</unique-id>
<credentials class="aws-static-credentials-builder"><access-key>x</access-key><secret-key>y</secret-key></credentials>
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair></config></aws-kinesis-kpl-inline-connection>`

func problemsOf(t *testing.T, document string, o adapter.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.xml")
	write(t, path, []byte(document))
	a, problems := adapter.Load(t.Context(), path, o)
	if (a == nil) != (len(problems.Errors()) > 0) {
		t.Errorf("adapter %v with problems %v", a, problems)
	}
	return strings.ReplaceAll(problems.Error(), filepath.Dir(path)+string(filepath.Separator), "")
}

func TestLoadRefusesTheWholeDocument(t *testing.T) {
	channel := func(id, connection, producer string) string {
		return fmt.Sprintf("<channel>%s%s<workflow><producer %s</producer></workflow></channel>", id, connection, producer)
	}
	const shared = `<produce-connection class="shared-connection"><lookup-name>%s</lookup-name></produce-connection>`
	const put = `class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>k</partition-key>`
	for _, c := range []struct{ name, document, want string }{
		{"another root", "<workflow/>", "a.xml:1:1: the document's root is <workflow>; it must be an <adapter>, a <channel>"},
		{"no channel", "<adapter><unique-id>a</unique-id></adapter>", "a.xml:1:1: adapter: has no channel; add a <channel-list>"},
		{"no workflow", "<channel/>", "a.xml:1:1: channel: has no workflow; add a <workflow-list>"},
		{"a reference to nothing", "<adapter><shared-components><connections>" + fmt.Sprintf(kinesisXML, "kinesis") + "</connections></shared-components><channel-list>" +
			channel("", fmt.Sprintf(shared, "kinesys"), put) + "</channel-list></adapter>", `kinesis`},
		{"a shared connection without id", "<adapter><shared-components><connections><null-connection/></connections></shared-components><channel-list>" +
			channel("", "", put) + "</channel-list></adapter>", "shared connection null-connection has no <unique-id>"},
		{"a shared id twice", "<adapter><shared-components><connections><null-connection><unique-id>n</unique-id></null-connection><null-connection><unique-id>n</unique-id></null-connection></connections></shared-components><channel-list>" +
			channel("", "", put) + "</channel-list></adapter>", `a second shared connection has the <unique-id> "n"`},
		{"two channels of one name", "<adapter><channel-list>" + channel("<unique-id>c</unique-id>", "", `class="null-message-producer">`) + channel("<unique-id>c</unique-id>", "", `class="null-message-producer">`) +
			"</channel-list></adapter>", `a second channel has the <unique-id> "c"; give it another`},
		{"a producer without its connection", channel("", "", put), "<producer> of channel"},
		{"a retrier that is not supported", `<adapter><failed-message-retrier class="default-failed-message-retrier"/><channel-list>` + channel("", "", `class="null-message-producer">`) + `</channel-list></adapter>`,
			"default-failed-message-retrier (com.adaptris.core.DefaultFailedMessageRetrier, module interlok-core) is known to Interlok, not supported here, because a file of a failed message does not say which workflow it came from; " +
				"retry-message-error-handler sends messages again"},
		{"an undefined variable", `<channel><unique-id>${name}</unique-id><workflow/></channel>`, "a.xml:1:21: "},
		{"a DTD", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><channel><unique-id>&e;</unique-id></channel>`, "a.xml:1:1: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := problemsOf(t, c.document, adapter.Options{}); !strings.Contains(got, c.want) {
				t.Errorf("got:\n%s\nwant it to contain:\n%s", got, c.want)
			}
		})
	}
}

func TestLoadTellsOtherErrorsBesideUndefinedVariables(t *testing.T) {
	got := problemsOf(t, "<channel><unique-id>c</unique-id>\n<auto-start>${start}</auto-start>\n<workflow><bogus/></workflow></channel>", adapter.Options{})
	lines := strings.Split(got, "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "a.xml:2:13: ") || !strings.HasPrefix(lines[1], "a.xml:3:11: <bogus> is no element of standard-workflow") {
		t.Errorf("got:\n%s", got)
	}
}

func TestLoadAcceptsWhatRealDocumentsHave(t *testing.T) {
	got := problemsOf(t, `<adapter><unique-id>a</unique-id>
<start-up-event-imp>com.adaptris.core.event.StandardAdapterStartUpEvent</start-up-event-imp>
<heartbeat-event-imp>com.adaptris.core.HeartbeatEvent</heartbeat-event-imp>
<heartbeat-event-interval><unit>MINUTES</unit><interval>15</interval></heartbeat-event-interval>
<shared-components><connections/><services/></shared-components>
<event-handler class="default-event-handler"><unique-id>x</unique-id></event-handler>
<message-error-handler class="null-processing-exception-handler"><unique-id>y</unique-id></message-error-handler>
<failed-message-retrier class="no-retries"><unique-id>z</unique-id></failed-message-retrier>
<message-error-digester class="standard-message-error-digester"><unique-id>q</unique-id></message-error-digester>
<channel-list><lifecycle-strategy class="non-blocking-channel-start-strategy"/><channel><unique-id>c</unique-id><auto-start>true</auto-start>
<consume-connection class="null-connection"/><produce-connection class="null-connection"/>
<workflow-list><lifecycle-strategy class="workflow-retry-and-continue"><max-retries>1</max-retries></lifecycle-strategy><standard-workflow><unique-id>w</unique-id>
<consumer class="null-message-consumer"/><service-collection class="service-list"><services/></service-collection><producer class="null-message-producer"/>
<produce-exception-handler class="null-produce-exception-handler"/><send-events>true</send-events>
</standard-workflow></workflow-list></channel></channel-list></adapter>`, adapter.Options{})
	for line := range strings.Lines(got) {
		if !strings.Contains(line, "is accepted, without effect") {
			t.Errorf("unexpected: %s", line)
		}
	}
}

func TestLoadTakesBootstrapPropertiesAndVariables(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "adapter.xml", []byte(`<channel><unique-id>${name}-${zone}-${cli}</unique-id><workflow/></channel>`))
	write(t, "variables.properties", []byte("name=from-file\ncli=overridden\n"))
	write(t, "bootstrap.properties", []byte("adapterConfigUrl=file://localhost/./adapter.xml\npreProcessors=variableSubstitution:systemProperties\n"+
		"variable-substitution.properties.url=file://localhost/./variables.properties\nsysprop.zone=eu\n"))
	a, problems := adapter.Load(t.Context(), "bootstrap.properties", adapter.Options{Set: []string{"cli=set"}})
	if a == nil {
		t.Fatal(problems)
	}
	if id := a.Channels()[0].UniqueID; id != "from-file-eu-set" {
		t.Errorf("channel %q", id)
	}
}

func TestAFragmentChecksButDoesNotRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xml")
	write(t, path, []byte(`<produce-connection class="aws-kinesis-kpl-inline-connection"><config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair></config></produce-connection>`))
	a, problems := adapter.Load(t.Context(), path, adapter.Options{})
	if a == nil {
		t.Fatal(problems)
	}
	if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "a part of a channel") {
		t.Errorf("start: %v", err)
	}
}

func TestAStartThatFailsConsumesNothingAndLeavesNothingBehind(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	directory := t.TempDir()
	write(t, filepath.Join(directory, "in", "a.json"), []byte("{}"))
	const doc = `<adapter><channel-list>
<channel><unique-id>files</unique-id><workflow><consumer class="fs-consumer"><base-directory-url>%s</base-directory-url></consumer></workflow></channel>
<channel><unique-id>http</unique-id><consume-connection class="jetty-http-connection"><port>%s</port>
<server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair></server-connector-properties></consume-connection>
<workflow><consumer class="jetty-message-consumer"><path>/x</path></consumer></workflow></channel></channel-list></adapter>`
	missing := load(t, fmt.Sprintf(doc, filepath.ToSlash(directory)+"/nowhere", "0"), adapter.Options{})
	if err := missing.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "does not exist; make it, or set create-dirs to true") {
		t.Errorf("start: %v", err)
	}
	// A port that is taken shows only when the server begins to listen.
	a := load(t, fmt.Sprintf(doc, filepath.ToSlash(directory)+"/in", strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)), adapter.Options{})
	if err := a.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "can not listen on") {
		t.Errorf("start: %v", err)
	}
	if _, err := os.Stat(filepath.Join(directory, "in", "a.json")); err != nil {
		t.Errorf("the file of the other channel: %v", err)
	}
}

func TestAChannelWithoutAutoStartIsNotStarted(t *testing.T) {
	directory := t.TempDir()
	write(t, filepath.Join(directory, "a.json"), []byte("{}"))
	a := load(t, fmt.Sprintf(`<channel><auto-start>false</auto-start><workflow><consumer class="fs-consumer"><base-directory-url>%s</base-directory-url></consumer></workflow></channel>`, filepath.ToSlash(directory)), adapter.Options{})
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(directory, "a.json")); err != nil {
		t.Error(err)
	}
}

func TestStopDeliversWhatIsUnderWayLongBeforeItsTime(t *testing.T) {
	directory := filepath.ToSlash(t.TempDir())
	for i := range 20 {
		write(t, fmt.Sprintf("%s/in/%d.json", directory, i), []byte(`{"id":"x"}`))
	}
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	a := load(t, fmt.Sprintf(`<channel><produce-connection class="aws-kinesis-kpl-inline-connection">
<credentials class="aws-static-credentials-builder"><access-key>x</access-key><secret-key>y</secret-key></credentials>
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair><key-value-pair><key>MetricsLevel</key><value>none</value></key-value-pair>
<key-value-pair><key>RecordMaxBufferedTime</key><value>600000</value></key-value-pair><key-value-pair><key>RecordTtl</key><value>900000</value></key-value-pair></config></produce-connection>
<workflow><consumer class="fs-consumer"><base-directory-url>%s/in</base-directory-url></consumer>
<producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>k</partition-key></producer></workflow></channel>`, directory), adapter.Options{})
	a.Redirect(server.URL())
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return a.Counts().Consumed == 20 })
	if err := a.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(userRecords(t, server, "s")); n != 20 {
		t.Errorf("%d records arrived", n)
	}
	if left, err := os.ReadDir(directory + "/in"); err != nil || len(left) > 0 {
		t.Errorf("left: %v (%v)", left, err)
	}
}
