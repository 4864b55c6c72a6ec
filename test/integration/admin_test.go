package integration

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// adminToken is what the admin server under test wants.
const adminToken = "0123456789abcdef0123456789abcdef"

// failing is a document with all that the admin API has to show: a channel that sends, one whose messages fail and are written to a directory,
// and one that is not started.
const failing = `<adapter><unique-id>admin</unique-id><channel-list>
%s
<channel><unique-id>spare</unique-id><auto-start>false</auto-start><workflow-list><standard-workflow><unique-id>spare</unique-id><consumer class="null-message-consumer"/></standard-workflow></workflow-list></channel>
</channel-list></adapter>`

const failingChannel = `<channel><unique-id>%[1]s</unique-id>
<produce-connection class="aws-kinesis-kpl-inline-connection"><unique-id>%[1]s-kinesis</unique-id>
<credentials class="aws-static-credentials-builder"><access-key>test</access-key><secret-key>a-secret-of-the-document</secret-key></credentials>
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair><key-value-pair><key>MetricsLevel</key><value>none</value></key-value-pair>
<key-value-pair><key>RecordTtl</key><value>%[2]s</value></key-value-pair><key-value-pair><key>RecordMaxBufferedTime</key><value>10</value></key-value-pair>%[3]s</config></produce-connection>
<message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="service-list"><services><standalone-producer>
<producer class="fs-producer"><base-directory-url>%[4]s/failed</base-directory-url><create-dirs>true</create-dirs><filename-creator class="metadata-file-name-creator"><metadata-key>originalname</metadata-key></filename-creator></producer>
</standalone-producer></services></processing-exception-service></message-error-handler>
<workflow-list><standard-workflow><unique-id>wf</unique-id><consumer class="fs-consumer"><base-directory-url>%[4]s/in-%[1]s</base-directory-url>
<poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>50</interval></poll-interval></poller></consumer>
<producer class="aws-kinesis-synchronous-stream-producer"><stream>%[1]s</stream><partition-key>key</partition-key></producer></standard-workflow></workflow-list></channel>`

// operated is a running program with its admin server.
type operated struct {
	url string
	log *lockedText
}

// lockedText is a text that is read while it is written.
type lockedText struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// operate runs the built program with an embedded Kinesis for the one channel, and nobody to send to for the other, until the test ends.
func operate(t *testing.T) *operated {
	t.Helper()
	dir := t.TempDir()
	// The endpoint of the channel that fails is one that nobody listens at; an embedded one would be for all.
	embedded := exec.CommandContext(t.Context(), needed(t, "ADAPTERD_BINARY"), "kinesis", "127.0.0.1:0")
	out, err := embedded.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	run(t, embedded)
	line, err := bufio.NewReader(out).ReadString('\n')
	endpoint := regexp.MustCompile(`http://\S+`).FindString(line)
	if err != nil || endpoint == "" {
		t.Fatalf("kinesis said %q, %v", line, err)
	}
	pair := func(url string) string {
		return "<key-value-pair><key>KinesisEndpoint</key><value>" + url + "</value></key-value-pair>"
	}
	channels := fmt.Sprintf(failingChannel, "orders", "30000", pair(endpoint), dir) + fmt.Sprintf(failingChannel, "broken", "200", pair("http://127.0.0.1:1"), dir)
	for path, text := range map[string]string{
		"adapter.xml": fmt.Sprintf(failing, channels), "token": adminToken, "in-orders/order-1": "one", "in-broken/order-7": "seven", "in-broken/order-8": "eight",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := &operated{log: new(lockedText)}
	program := exec.CommandContext(t.Context(), needed(t, "ADAPTERD_BINARY"), "run", filepath.Join(dir, "adapter.xml"), "--admin", "127.0.0.1:0", "--admin-token-file", filepath.Join(dir, "token"))
	program.Dir, program.Stderr = dir, o.log
	run(t, program)
	limit := time.Now().Add(30 * time.Second)
	for ; ; time.Sleep(20 * time.Millisecond) { // what another process does can only be looked at
		if m := regexp.MustCompile(`"url": "(\S+)"`).FindStringSubmatch(o.log.String()); m != nil {
			o.url = m[1]
		}
		if o.url != "" && strings.Count(o.get(t, "/api/failed"), "order-") >= 2 && strings.Contains(o.get(t, "/api/streams"), `"stream":"orders"`) {
			return o
		}
		if time.Now().After(limit) {
			t.Fatalf("the program does not get so far\n%s", o.log)
		}
	}
}

// run starts a program that ends with the test.
func run(t *testing.T, program *exec.Cmd) {
	t.Helper()
	program.Cancel = func() error { return program.Process.Signal(os.Interrupt) }
	program.WaitDelay = 10 * time.Second
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Wait() }) // the test's context has ended it
}

func (o *operated) get(t *testing.T, path string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+adminToken)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAdminAPIIsAsDescribed has Schemathesis make requests by openapi.json, right ones and wrong ones, and check every answer against it.
// The stream of events, which has no end, is left to the tests of the package.
func TestAdminAPIIsAsDescribed(t *testing.T) {
	schemathesis := needed(t, "ADAPTERD_SCHEMATHESIS")
	o := operate(t)
	test := exec.CommandContext(t.Context(), schemathesis, "run", o.url+"/openapi.json", "--header", "Authorization: Bearer "+adminToken, "--exclude-path", "/api/events",
		"--rate-limit", "45/s", "--max-examples", "10", "--seed", "1", "--generation-database", "none", "--continue-on-failure", "--no-color", "--max-time", "40", "--request-timeout", "10")
	test.Dir = t.TempDir()
	out, err := test.CombinedOutput()
	if err != nil {
		t.Errorf("schemathesis: %v\n%s", err, out)
	}
	if log := o.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "DATA RACE") || strings.Contains(log, "a-secret-of-the-document") {
		t.Errorf("the log has\n%s", log)
	}
	if strings.Contains(string(out), "a-secret-of-the-document") {
		t.Errorf("an answer has a secret\n%s", out)
	}
}
