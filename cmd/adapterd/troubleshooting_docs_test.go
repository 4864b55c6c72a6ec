//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// troubled is a run that goes wrong as a section of docs/troubleshooting.md tells.
type troubled struct {
	// fault befalls requests; a zero one none.
	fault kinesislocal.Fault
	// config is that of the connection, as KEY=VALUE; ENDPOINT stands for the endpoint's host and port, and KinesisEndpoint is that unless given.
	config []string
	// stream, key and producer default to orders, a key from the payload, and the asynchronous one.
	stream, key, producer string
	// credentials are static keys, or none.
	noCredentials bool
	payload       string
	args          []string
	check         bool
}

func (r troubled) document(directory, endpoint string) string {
	config := ""
	given := strings.Join(r.config, "\n")
	all := []string{"MetricsLevel=none"}
	if !strings.Contains(given, "Region=") {
		all = append(all, "Region=us-east-1")
	}
	if !strings.Contains(given, "KinesisEndpoint=") {
		all = append(all, "KinesisEndpoint=http://ENDPOINT")
	}
	for _, p := range append(all, r.config...) {
		key, value, _ := strings.Cut(strings.ReplaceAll(p, "ENDPOINT", endpoint), "=")
		config += pair(key, value)
	}
	credentials := keysOfFilesInto
	if r.noCredentials {
		credentials = ""
	}
	or := func(s, otherwise string) string {
		if s == "" {
			return otherwise
		}
		return s
	}
	return `<channel><unique-id>orders</unique-id>
<produce-connection class="aws-kinesis-kpl-inline-connection"><unique-id>kinesis</unique-id>` + credentials + `<config>` + config + `</config></produce-connection>
<workflow><unique-id>wf</unique-id><consumer class="fs-consumer"><base-directory-url>` + filepath.ToSlash(directory) + `/in</base-directory-url>
<poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>20</interval></poll-interval></poller></consumer>
<producer class="` + or(r.producer, asynchronous) + `"><stream>` + or(r.stream, "orders") + `</stream><partition-key>` + or(r.key, "%payload{jsonpath:$.id}") + `</partition-key></producer></workflow></channel>`
}

// says runs it, and is what the program said.
func (r troubled) says(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 4}})
	if len(r.fault.Operations) > 0 {
		if _, err := s.Inject(r.fault); err != nil {
			t.Fatal(err)
		}
	}
	path := write(t, filepath.Join(directory, "orders.xml"), r.document(directory, strings.TrimPrefix(s.URL(), "http://")))
	if r.payload == "" {
		r.payload = `{"id":"7"}`
	}
	write(t, filepath.Join(directory, "in", "note"), r.payload)
	args := append([]string{"run", path, "--until-idle", "100ms"}, r.args...)
	if r.check {
		args = []string{"check", path}
	}
	_, out, errOut := command(t, args...)
	return strings.ReplaceAll(out+errOut, path, "orders.xml")
}

// What the page on troubleshooting shows is what the program says. The system's own words in it are those of Unix.
func TestThePageOnTroubleshootingShowsWhatIsSaid(t *testing.T) {
	for _, name := range []string{"AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close() // nothing listens there now

	refused := func(code, message string) kinesislocal.Fault {
		return kinesislocal.Fault{Operations: []string{"PutRecords"}, Code: code, Message: message}
	}
	throttling := kinesislocal.Fault{Operations: []string{"PutRecords"}, RecordCode: "ProvisionedThroughputExceededException"}
	short := "RecordTtl=1500"
	page := sections(t, "troubleshooting.md", "###")
	for section, runs := range map[string][]troubled{
		"Cannot connect to Kinesis":              {{config: []string{"KinesisEndpoint=http://" + gone.Addr().String(), short}}},
		"Connection timeout":                     {{fault: kinesislocal.Fault{Operations: []string{"PutRecords"}, Latency: 5 * time.Second}, config: []string{"RequestTimeout=1000", "RecordTtl=2500"}}},
		"Low throughput":                         {{config: []string{"CollectionMaxCount=1000"}, check: true}},
		"Records do not appear in the stream":    {{}},
		"Records expire before delivery":         {{fault: throttling, config: []string{short}}},
		"ProvisionedThroughputExceededException": {{fault: throttling, config: []string{short}}},
		"InvalidArgumentException":               {{fault: refused("InvalidArgumentException", "The record is not valid.")}},
		"Debug logging":                          {{producer: synchronous, args: []string{"--log-level", "debug"}}},
		"Access is denied": {{fault: refused("AccessDeniedException",
			"User: arn:aws:iam::123456789012:user/app is not authorized to perform: kinesis:PutRecords on resource: arn:aws:kinesis:us-east-1:123456789012:stream/orders")}},
		"Credentials have expired": {{fault: refused("ExpiredTokenException", "The security token included in the request is expired")}},
		"No credentials are found": {{noCredentials: true, config: []string{short}}},
		"Keys are refused": {
			{fault: refused("UnrecognizedClientException", "The security token included in the request is invalid.")},
			{fault: refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")},
		},
		"The wrong region":          {{config: []string{"Region=eu-west"}, check: true}, {config: []string{"Region="}}},
		"The stream does not exist": {{stream: "nosuch"}},
		"The clock is wrong": {{fault: refused("InvalidSignatureException",
			"Signature expired: 20261124T080000Z is now earlier than 20261124T081500Z (20261124T082000Z - 5 min.)")}},
		"Certificates and TLS": {{config: []string{"KinesisEndpoint=https://ENDPOINT"}}},
		"The partition key can not be made": {
			{key: "%message{customerId}"}, {key: "%payload{jsonpath:$.customer}"}, {payload: `{"id":"` + strings.Repeat("7", 257) + `"}`},
		},
		"A record is too large": {{payload: `{"id":"7","text":"` + strings.Repeat("x", 1_100_000) + `"}`}},
		"A port is taken":       {{args: []string{"--embedded-kinesis", taken.Addr().String()}}},
	} {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			lines := shownLines(page[section])
			if len(lines) == 0 {
				t.Fatal("the page shows no line there")
			}
			said := ""
			for _, run := range runs {
				said += run.says(t)
			}
			wantShown(t, said, lines...)
		})
	}
}

// Files of a message that failed: after the failure, and at the next starts.
func TestThePageOnTroubleshootingShowsWhatBecomesOfFilesThatFailed(t *testing.T) {
	directory := t.TempDir()
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 1}})
	document := troubled{}.document(directory, strings.TrimPrefix(s.URL(), "http://"))
	write(t, filepath.Join(directory, "in", "note"), "no json")
	said := ""
	for _, text := range []string{document, document, strings.Replace(document, "<poller", "<reset-wip-files>true</reset-wip-files><poller", 1)} {
		_, _, errOut := command(t, "run", write(t, filepath.Join(directory, "orders.xml"), text), "--until-idle", "100ms")
		said += errOut
	}
	said = strings.ReplaceAll(strings.ReplaceAll(said, filepath.ToSlash(directory)+"/in", "./in"), `"note"`, `"1.json"`)
	wantShown(t, said, shownLines(sections(t, "troubleshooting.md", "###")["Files keep their .wip suffix"])...)
}
