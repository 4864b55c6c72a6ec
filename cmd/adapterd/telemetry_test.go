package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/telemetry/otlptest"
)

// traced is a document that takes requests, and files that it splits into lines, into a stream.
func traced(directory, endpoint string) string {
	return fmt.Sprintf(`<adapter><unique-id>traced</unique-id>
<shared-components><connections><aws-kinesis-kpl-inline-connection><unique-id>kinesis</unique-id>`+keysOfFilesInto+`
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair><key-value-pair><key>KinesisEndpoint</key><value>%s</value></key-value-pair>
<key-value-pair><key>MetricsLevel</key><value>none</value></key-value-pair></config></aws-kinesis-kpl-inline-connection></connections></shared-components>
<channel-list><channel><unique-id>http</unique-id>
<consume-connection class="jetty-http-connection"><port>0</port><server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair></server-connector-properties></consume-connection>
<produce-connection class="shared-connection"><lookup-name>kinesis</lookup-name></produce-connection>
<workflow-list><pooling-workflow><unique-id>requests</unique-id><consumer class="jetty-message-consumer"><path>/events</path></consumer>
<producer class="aws-kinesis-synchronous-stream-producer"><stream>orders</stream><partition-key>%%payload{jsonpath:$.id}</partition-key></producer></pooling-workflow></workflow-list></channel>
<channel><unique-id>files</unique-id><produce-connection class="shared-connection"><lookup-name>kinesis</lookup-name></produce-connection>
<workflow-list><standard-workflow><unique-id>lines</unique-id><consumer class="fs-consumer"><base-directory-url>%s</base-directory-url>
<poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>20</interval></poll-interval></poller></consumer>
<service-collection class="service-list"><services><advanced-message-splitter-service><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>
<service class="standalone-producer"><connection class="shared-connection"><lookup-name>kinesis</lookup-name></connection>
<producer class="aws-kinesis-stream-producer"><stream>orders</stream><partition-key>%%payload{jsonpath:$.id}</partition-key></producer></service></advanced-message-splitter-service></services></service-collection>
</standard-workflow></workflow-list></channel></channel-list></adapter>`, endpoint, filepath.ToSlash(directory))
}

func TestRunTellsOpenTelemetry(t *testing.T) {
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			c, server := otlptest.New(t), kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			endpoint := c.Endpoint()
			if protocol == "grpc" {
				endpoint = c.EndpointGRPC()
			}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			dir := t.TempDir()
			const lines = 500
			var file strings.Builder
			for i := range lines {
				fmt.Fprintf(&file, "{\"id\":\"%d\"}\n", i)
			}
			write(t, filepath.Join(dir, "in", "a.json"), file.String())
			b := start(t, "run", write(t, filepath.Join(dir, "a.xml"), traced(filepath.Join(dir, "in"), server.URL())))
			await(t, "the channels to start", func() bool { return strings.Contains(b.err.String(), "adapter started") || len(b.code) > 0 })
			listens := regexp.MustCompile(`HTTP server listens .*"address": "([^"]+)"`).FindStringSubmatch(b.err.String())
			if listens == nil {
				t.Fatal("the HTTP server does not say where it listens")
			}
			request(t, listens[1])
			await(t, "the file to be gone", func() bool { return len(inputs(t, dir)) == 0 })
			if code := b.end(t); code != exitDone {
				t.Fatalf("exit %d\n%s", code, b.err.String())
			}
			checkRequest(t, c)
			checkLines(t, c, lines)
			checkMetrics(t, c, lines)
			if strings.Contains(b.err.String(), "WARN") {
				t.Error(b.err.String())
			}
		})
	}
}

// request sends a message that belongs to a trace.
func request(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/events", strings.NewReader(`{"id":"alice"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
}

// checkRequest looks at what is told of the message that came by HTTP.
func checkRequest(t *testing.T, c *otlptest.Collector) {
	t.Helper()
	process := c.Spans("process requests")
	if len(process) != 1 {
		t.Fatalf("%d spans of the request", len(process))
	}
	p := process[0]
	if p.Parent() != "b7ad6b7169203331" || p.Trace() != "0af7651916cd43dd8448eb211c80319c" || p.Attributes["adapterd.outcome"] != "delivered" ||
		p.Attributes["adapterd.channel"] != "http" || p.Attributes["adapterd.consumer"] != "jetty-message-consumer" || p.Resource["service.name"] != "adapterd" {
		t.Errorf("below %s: %v of %v", p.Parent(), p.Attributes, p.Resource)
	}
	for _, s := range c.Spans("send orders") {
		if s.Parent() != p.ID() {
			continue
		}
		if a := s.Attributes; a["aws.kinesis.shard_id"] == nil || a["aws.kinesis.sequence_number"] == nil || a["adapterd.attempts"] != int64(1) || a["aws.kinesis.partition_key"] != nil {
			t.Errorf("record %v", a)
		}
		for _, q := range c.Spans("Kinesis/PutRecords") {
			if s.Linked(q) {
				if q.Attributes["aws.request_id"] == nil || q.Parent() != "" {
					t.Errorf("request %v", q.Attributes)
				}
				return
			}
		}
		t.Error("the record has no link to its request")
		return
	}
	t.Error("the message has no record")
}

// checkLines looks at what is told of the file: of its many records a few have spans.
func checkLines(t *testing.T, c *otlptest.Collector, lines int) {
	t.Helper()
	process := c.Spans("process lines")
	if len(process) != 1 || process[0].Attributes["adapterd.records"] != int64(lines) || process[0].Attributes["adapterd.records.failed"] != int64(0) {
		t.Fatalf("%v", process)
	}
	records := 0
	for _, s := range c.Spans("send orders") {
		if s.Parent() == process[0].ID() {
			records++
			if len(s.Links) == 0 {
				t.Error("a record has no link to its request")
			}
		}
	}
	if records == 0 || records > 10 {
		t.Errorf("%d records have a span", records)
	}
}

// checkMetrics looks at the values of the last export, which come after everything has stopped.
func checkMetrics(t *testing.T, c *otlptest.Collector, lines int) {
	t.Helper()
	sum := func(name, key string, want any) (sum float64) {
		for _, p := range c.Points(name) {
			if p.Attributes[key] == want {
				sum += p.Value + float64(p.Count)
			}
		}
		return sum
	}
	for _, w := range []string{"requests", "lines"} {
		if n := sum("adapterd.messages.consumed", "adapterd.workflow", w); n != 1 {
			t.Errorf("%s: %v consumed", w, n)
		}
		if n := sum("messaging.process.duration", "adapterd.workflow", w); n != 1 {
			t.Errorf("%s: %v durations", w, n)
		}
		if n := sum("adapterd.messages.in_flight", "adapterd.workflow", w); n != 0 {
			t.Errorf("%s: %v in flight", w, n)
		}
	}
	if n := sum("adapterd.messages", "adapterd.outcome", "delivered"); n != 2 {
		t.Errorf("%v delivered", n)
	}
	if n := sum("kpl.user_records.put", "aws.kinesis.stream_name", "orders"); n != float64(lines+1) {
		t.Errorf("%v records are stored", n)
	}
	for _, p := range c.Points("kpl.user_records.put") {
		if p.Scope["adapterd.connection"] != "kinesis" {
			t.Errorf("of connection %v", p.Scope)
		}
	}
}

func TestRunShowsPartitionKeysIfAllowed(t *testing.T) {
	c := otlptest.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.Endpoint()+"/v1/traces")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"alice"}`)
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	code, _, errOut := command(t, "run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "50ms", "--trace-partition-keys")
	if sent := c.Spans("send orders"); code != exitDone || len(sent) != 1 || sent[0].Attributes["aws.kinesis.partition_key"] != "alice" || c.Points("adapterd.uptime") != nil {
		t.Errorf("exit %d, %v\n%s", code, sent, errOut)
	}
}

// Telemetry that can not be sent is no reason to hold up a message, nor to end otherwise, nor to fill the log.
func TestRunDoesNotNeedACollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cr3t-token")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "1")
	dir := t.TempDir()
	for i := range 200 {
		write(t, filepath.Join(dir, "in", fmt.Sprintf("%d.json", i)), fmt.Sprintf(`{"id":"%d"}`, i))
	}
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	code, _, errOut := command(t, "run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "200ms")
	if code != exitDone || !strings.Contains(errOut, `"delivered": 200`) || len(inputs(t, dir)) != 0 {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	if n := strings.Count(errOut, "WARN") + strings.Count(errOut, "ERROR"); n == 0 || n > 3 || strings.Contains(errOut, "s3cr3t") {
		t.Errorf("%d warnings\n%s", n, errOut)
	}
}

func TestHeadersOfACollectorAreMasked(t *testing.T) {
	c := otlptest.New(t)
	c.Refuse(http.StatusUnauthorized)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint())
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=as%20the%20test%20wants%20it")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"alice"}`)
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	code, _, errOut := command(t, "run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "50ms")
	// The collector's answer repeats what happens to be a header's value.
	if code != exitDone || !strings.Contains(errOut, "401") || strings.Contains(errOut, "the test wants") || !strings.Contains(errOut, "***") {
		t.Errorf("exit %d\n%s", code, errOut)
	}
}
