package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func liveDocument(endpoint, stream, key string, config ...string) string {
	pairs := ""
	for _, pair := range append([]string{"Region=us-east-1", "KinesisEndpoint=" + endpoint}, config...) {
		name, value, _ := strings.Cut(pair, "=")
		pairs += fmt.Sprintf("<key-value-pair><key>%s</key><value>%s</value></key-value-pair>", name, value)
	}
	return fmt.Sprintf(`<channel><unique-id>c</unique-id>
<produce-connection class="aws-kinesis-kpl-inline-connection">
<credentials class="aws-static-credentials-builder"><access-key>AKIDEXAMPLE</access-key><secret-key>hunter2hunter2</secret-key></credentials>
<config>%s</config></produce-connection>
<workflow><producer class="aws-kinesis-stream-producer"><stream>%s</stream><partition-key>%s</partition-key></producer></workflow>
</channel>`, pairs, stream, key)
}

func TestCheckLiveAsksTheService(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		config []string
		// prepare makes the stream and the faults.
		prepare func(t *testing.T, s *kinesislocal.Server)
		code    int
		want    []string
	}{
		"ready": {stream: "orders", code: exitDone, want: []string{
			"note: stream orders is ready: open shards 4, PROVISIONED, 4 MiB and 4000 records a second, distribution USER_PARTITION_KEY, records up to 1024 KiB, PutRecords allowed [live-stream]",
			"signs as arn:aws:iam::", "[live-identity]", "runs: 0 errors, 0 warnings"}},
		"by ARN":          {stream: "arn:aws:kinesis:us-east-1:000000000000:stream/orders", code: exitDone, want: []string{"[live-stream]"}},
		"no such stream":  {stream: "ordres", code: exitFailed, want: []string{"error: DescribeStreamSummary on stream ordres says ResourceNotFoundException", "create the stream, or correct its name", "[live-no-stream]"}},
		"of the message":  {stream: "%message{type}", code: exitDone, want: []string{"<stream> of aws-kinesis-stream-producer is %message{type}, which depends on the message", "[live-skipped]"}},
		"put denied":      {stream: "orders", prepare: fault("PutRecords", "AccessDeniedException"), code: exitFailed, want: []string{"error: PutRecords on stream orders says AccessDeniedException", "allow kinesis:PutRecords on the stream", "[live-denied]"}},
		"list denied":     {stream: "orders", prepare: fault("ListShards", "AccessDeniedException"), code: exitFailed, want: []string{"error: ListShards on stream orders", "allow kinesis:ListShards on the stream", "[live-denied]"}},
		"describe denied": {stream: "orders", prepare: fault("DescribeStreamSummary", "AccessDeniedException"), code: exitDone, want: []string{"warning: DescribeStreamSummary on stream orders is denied", "[live-denied]"}},
		"throttled":       {stream: "orders", prepare: fault("DescribeStreamSummary", "LimitExceededException"), code: exitFailed, want: []string{"LimitExceededException", "[live-refused]"}},
		"dry run unknown": {stream: "orders", prepare: fault("GetShardIterator", "UnknownOperationException"), code: exitDone, want: []string{"warning: the endpoint does not seem to know DryRun", "putting not tried", "[live-unknown]"}},
		"bad credentials": {stream: "orders", prepare: fault("GetCallerIdentity", "InvalidClientTokenId"), code: exitFailed, want: []string{"error: aws-kinesis-stream-producer: GetCallerIdentity says InvalidClientTokenId", "check the access key", "[live-credentials]"}},
		"no STS":          {stream: "orders", prepare: fault("GetCallerIdentity", "UnknownOperationException"), code: exitDone, want: []string{"note: aws-kinesis-stream-producer: GetCallerIdentity says", "[live-unknown]", "[live-stream]"}},
		"records too large": {stream: "orders", config: []string{"AggregationMaxSize=2000000"}, code: exitFailed,
			want: []string{"AggregationMaxSize of the connection is 2000000 bytes, and stream orders takes records of 1024 KiB at most", "[live-record-size]"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 4}})
			if c.prepare != nil {
				c.prepare(t, s)
			}
			path := write(t, filepath.Join(t.TempDir(), "a.xml"), liveDocument(s.URL(), c.stream, "%message{k}", c.config...))
			code, out, errOut := command(t, "check", path, "--live")
			if code != c.code || errOut != "" {
				t.Errorf("exit %d\n%s%s", code, out, errOut)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(out, "hunter2") {
				t.Errorf("tells a secret:\n%s", out)
			}
			if n := len(s.Records("orders")); n != 0 {
				t.Errorf("%d records were stored", n)
			}
		})
	}
}

func fault(operation, code string) func(*testing.T, *kinesislocal.Server) {
	return func(t *testing.T, s *kinesislocal.Server) {
		if _, err := s.Inject(kinesislocal.Fault{Operations: []string{operation}, Code: code}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckLiveAsksForEachStreamOnce(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 1}})
	two := strings.Replace(liveDocument(s.URL(), "orders", "%message{k}"), "<workflow>",
		`<workflow><producer class="aws-kinesis-synchronous-stream-producer"><stream>orders</stream><partition-key>%message{k}</partition-key></producer></workflow><workflow>`, 1)
	path := write(t, filepath.Join(t.TempDir(), "a.xml"), two)
	code, out, _ := command(t, "check", path, "--live")
	if code != exitDone || strings.Count(out, "[live-stream]") != 1 || strings.Count(out, "[live-identity]") != 1 {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestCheckLiveOfAnEndpointThatDoesNotAnswer(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.xml"), liveDocument("http://127.0.0.1:1", "orders", "%message{k}"))
	code, out, _ := command(t, "check", path, "--live")
	if code != exitFailed || !strings.Contains(out, "[live-unreachable]") || !strings.Contains(out, "check that it can be reached from here") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

func TestCheckLiveWithoutKinesis(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.xml"), "<channel><workflow/></channel>")
	code, out, _ := command(t, "check", path, "--live")
	if code != exitDone || !strings.Contains(out, "has no producer to Kinesis, so there is nothing to ask [live-skipped]") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
