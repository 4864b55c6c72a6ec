package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

func put(t *testing.T, server *kinesislocal.Server, stream string, data ...string) {
	t.Helper()
	cfg := kpl.DefaultConfig()
	cfg.Region, cfg.KinesisEndpoint, cfg.MetricsLevel = "us-east-1", server.URL(), kpl.MetricsNone
	cfg.Credentials = credentials.NewStaticCredentialsProvider("x", "y", "")
	p, err := kpl.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range data {
		if err := p.Put(t.Context(), kpl.Record{Stream: stream, PartitionKey: fmt.Sprintf("key-%d", i), Data: []byte(d)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := p.Close(context.Background()); left > 0 || err != nil {
		t.Fatal(left, err)
	}
}

func TestTailTakesAggregatedRecordsApart(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	put(t, server, "s", "one\n", "two\nlines", "\xff\x00", "four")
	code, out, errOut := command(t, "tail", "s", "--endpoint", server.URL(), "--count", "4")
	if code != exitDone {
		t.Fatalf("exit %d, %s", code, errOut)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	want := []string{`/0  key-0  one$`, `/1  key-1  "two\\nlines"$`, `/2  key-2  base64:/wA=$`, `/3  key-3  four$`}
	if len(lines) != len(want) {
		t.Fatalf("%d lines\n%s", len(lines), out)
	}
	for i, w := range want {
		if !regexp.MustCompile(`^shardId-000000000000  \d+` + w).MatchString(lines[i]) {
			t.Errorf("line %q, want %s", lines[i], w)
		}
	}
	code, out, _ = command(t, "tail", "s", "--endpoint", server.TLSURL(), "--insecure", "--count", "1", "--json")
	var u userRecord
	if err := json.Unmarshal([]byte(out), &u); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v\n%s", code, err, out)
	}
	if u.Stream != "s" || !u.Aggregated || u.PartitionKey != "key-0" || u.Text != "one\n" {
		t.Errorf("%+v", u)
	}
}

func TestTailEndsAtTheEndWhenItDoesNotFollow(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 4}})
	put(t, server, "s", "a", "b", "c", "d", "e")
	code, out, errOut := command(t, "tail", "s", "--endpoint", server.URL(), "--follow=false")
	if code != exitDone || strings.Count(out, "\n") != 5 {
		t.Errorf("exit %d, %s\n%s", code, errOut, out)
	}
}

func TestTailFromLatestLeavesOutWhatIsThere(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	put(t, server, "s", "old")
	b := start(t, "tail", "s", "--endpoint", server.URL(), "--from", "latest")
	await(t, "the iterator", func() bool {
		for _, r := range server.Requests() {
			if r.Operation == "GetRecords" {
				return true
			}
		}
		return false
	})
	put(t, server, "s", "new")
	await(t, "the new record", func() bool { return strings.Contains(b.out.String(), "new") })
	b.end(t)
	if strings.Contains(b.out.String(), "old") {
		t.Errorf("printed\n%s", b.out.String())
	}
}

// putPlain stores records as they are, each under a partition key of its own.
func putPlain(t *testing.T, server *kinesislocal.Server, stream string, data ...string) {
	t.Helper()
	client := kinesis.New(kinesis.Options{Region: "us-east-1", BaseEndpoint: aws.String(server.URL()), HTTPClient: &http.Client{Transport: server.Transport()},
		Credentials: credentials.NewStaticCredentialsProvider("x", "y", "")})
	for i, d := range data {
		if _, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: aws.String(fmt.Sprintf("plain-%d", i)), Data: []byte(d)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTailPrintsPlainRecordsAndStrangeOnes(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	// The last begins as an aggregated record does, but is none.
	putPlain(t, server, "s", "text", "\xff\xfe", "\x1b[2Jsteers a terminal", `{"a":"<&>"}`, "\xf3\x89\x9a\xc2 no aggregate")
	code, out, errOut := command(t, "tail", "s", "--endpoint", server.URL(), "--follow=false")
	if code != exitDone {
		t.Fatalf("exit %d, %s", code, errOut)
	}
	var got []string
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "  ", 4)
		got = append(got, strings.Join(fields[2:], " "))
	}
	want := []string{"plain-0 text", "plain-1 base64://4=", `plain-2 "\x1b[2Jsteers a terminal"`, `plain-3 {"a":"<&>"}`, "plain-4 base64:84mawiBubyBhZ2dyZWdhdGU="}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTailPrintsJSON(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	put(t, server, "s", "one\ntwo", "\xff\x00")
	putPlain(t, server, "s", `{"a":"<&>"}`)
	code, out, errOut := command(t, "tail", "s", "--endpoint", server.URL(), "--follow=false", "--json")
	if code != exitDone {
		t.Fatalf("exit %d, %s", code, errOut)
	}
	var got []map[string]any
	for line := range strings.Lines(out) {
		var u map[string]any
		if err := json.Unmarshal([]byte(line), &u); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if n, ok := u["sequenceNumber"].(string); !ok || n == "" {
			t.Errorf("sequence number in %s", line)
		}
		delete(u, "sequenceNumber")
		got = append(got, u)
	}
	want := []map[string]any{
		{"stream": "s", "shardId": "shardId-000000000000", "subSequenceNumber": 0.0, "aggregated": true, "partitionKey": "key-0", "text": "one\ntwo"},
		{"stream": "s", "shardId": "shardId-000000000000", "subSequenceNumber": 1.0, "aggregated": true, "partitionKey": "key-1", "data": "/wA="},
		{"stream": "s", "shardId": "shardId-000000000000", "subSequenceNumber": 0.0, "aggregated": false, "partitionKey": "plain-0", "text": `{"a":"<&>"}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTailStopsAtItsCountWithinAnAggregate(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	put(t, server, "s", "a", "b", "c", "d", "e")
	code, out, errOut := command(t, "tail", "s", "--endpoint", server.URL(), "--count", "3")
	if code != exitDone || strings.Count(out, "\n") != 3 || !strings.HasSuffix(out, "  c\n") {
		t.Errorf("exit %d, %s\n%s", code, errOut, out)
	}
}

// An iterator that has expired, because the output was not read for long, is replaced by one that goes on where the old one ended.
func TestTailGoesOnAfterAnExpiredIteratorAndThrottling(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	putPlain(t, server, "s", "before")
	b := start(t, "tail", "s", "--endpoint", server.URL())
	await(t, "the first record", func() bool { return strings.Contains(b.out.String(), "before") })
	expired, err := server.Inject(kinesislocal.Fault{Operations: []string{"GetRecords"}, Code: "ExpiredIteratorException", Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	throttled, err := server.Inject(kinesislocal.Fault{Operations: []string{"GetRecords"}, Code: "ProvisionedThroughputExceededException", Skip: 1, Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "both faults", func() bool { return expired.Hits() == 1 && throttled.Hits() == 1 })
	putPlain(t, server, "s", "after")
	await(t, "the second record", func() bool { return strings.Contains(b.out.String(), "after") })
	if code := b.end(t); code != exitDone || strings.Count(b.out.String(), "before") != 1 {
		t.Errorf("exit %d, %s\n%s", code, b.err.String(), b.out.String())
	}
}

func TestTailTakesAnARN(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	putPlain(t, server, "s", "a")
	code, out, errOut := command(t, "tail", "arn:aws:kinesis:us-east-1:000000000000:stream/s", "--endpoint", server.URL(), "--follow=false")
	if code != exitDone || !strings.HasSuffix(out, "  a\n") {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
}

// Keys are made up for a test server only: an endpoint of AWS, and keys that are configured, count.
func TestTailSignsWithMadeUpKeysForATestServerOnly(t *testing.T) {
	isolated := func(t *testing.T) {
		for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
			t.Setenv(name, "")
		}
		t.Setenv("AWS_CONFIG_FILE", write(t, filepath.Join(t.TempDir(), "config"), "[profile team]\nregion = eu-west-1\naws_access_key_id = TEAM\naws_secret_access_key = x\n"))
		t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
		t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	}
	for _, c := range []struct{ name, endpoint, profile, key, want string }{
		{"a test server", "http://127.0.0.1:4567", "", "", "test"},
		{"a test server and a key", "http://127.0.0.1:4567", "", "AKID", "AKID"},
		{"a test server and a profile", "http://127.0.0.1:4567", "team", "", "TEAM"},
		{"an endpoint of a VPC", "https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com", "", "", ""},
		{"an endpoint of a VPC and a profile", "https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com", "team", "", "TEAM"},
		{"a name that only looks so", "https://amazonaws.com.example.org", "", "", "test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			isolated(t)
			if c.profile != "" {
				t.Setenv("AWS_PROFILE", c.profile)
			}
			if c.key != "" {
				t.Setenv("AWS_ACCESS_KEY_ID", c.key)
				t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
			}
			client, err := (&tailFlags{endpoint: c.endpoint}).client(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			keys, err := client.Options().Credentials.Retrieve(t.Context())
			if keys.AccessKeyID != c.want || (err != nil) != (c.want == "") {
				t.Errorf("signs with %q, %v", keys.AccessKeyID, err)
			}
		})
	}
	t.Run("no region", func(t *testing.T) {
		isolated(t)
		t.Setenv("AWS_REGION", "")
		t.Setenv("AWS_DEFAULT_REGION", "")
		if code, _, errOut := command(t, "tail", "s"); code != exitFailed || !strings.Contains(errOut, "no AWS region is configured; give --region, or AWS_REGION") {
			t.Errorf("exit %d, %s", code, errOut)
		}
	})
}

func TestTailNamesAStreamThatIsNotThere(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{})
	code, _, errOut := command(t, "tail", "none", "--endpoint", server.URL())
	if code != exitFailed || !strings.Contains(errOut, "stream none: ") || !strings.Contains(errOut, "ResourceNotFoundException") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}
