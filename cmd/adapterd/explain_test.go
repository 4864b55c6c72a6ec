package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/explain"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func TestExplainShowsTheWayThroughEveryExample(t *testing.T) {
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	payload := write(t, filepath.Join(t.TempDir(), "payload.json"),
		`{"eventId":"e-42","userId":"u-7","transactionId":"t-1","eventType":"order","id":"7","deviceId":"d-3"}`)
	t.Chdir("../..") // where a newcomer is
	for _, example := range []string{"example1", "example2", "example3", "example4", "example5", "example6"} {
		t.Run(example, func(t *testing.T) {
			args := []string{"explain", "configs/" + example + ".xml", "--channel", example, "--payload", payload, "--metadata", "originalname=a=b.json", "--shards", "4"}
			if example == "example2" {
				args = append(args, "--variables", "configs/variables.properties")
			}
			code, out, errOut := command(t, args...)
			if code != exitDone || errOut != "" {
				t.Fatalf("exit %d\n%s%s", code, out, errOut)
			}
			golden(t, here, "explain-"+example+".txt", out)
			code, out, errOut = command(t, append(args, "--json")...)
			var r explain.Report
			if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitDone || errOut != "" {
				t.Fatalf("exit %d, %v\n%s%s", code, err, out, errOut)
			}
			records := r.Records()
			if len(records) != 1 || records[0].Shard == "" || r.Start.Metadata["originalname"] != "a=b.json" {
				t.Errorf("JSON: %s", out)
			}
		})
	}
}

func TestExplainReadsStandardInputAndSaysWhatFails(t *testing.T) {
	code, out, errOut := commandWith(t, `{"id":"7"}`, "explain", "../../configs/example4.xml", "--payload", "-")
	if code != exitFailed || errOut != "" || !strings.Contains(out, "The message would fail: ") || !strings.Contains(out, "$.eventType found nothing") ||
		!strings.Contains(out, "No error handler would take it") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
}

func TestExplainRefusesWrongUsage(t *testing.T) {
	document := "../../configs/example4.xml"
	payload := write(t, filepath.Join(t.TempDir(), "p"), "x")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no payload":         {nil, exitUsage, "--payload is missing"},
		"unreadable payload": {[]string{"--payload", payload + "x"}, exitFailed, "can not be read"},
		"live and shards":    {[]string{"--payload", payload, "--live", "--shards", "2"}, exitUsage, "--live asks"},
		"no shards":          {[]string{"--payload", payload, "--shards", "0"}, exitUsage, "--shards takes"},
		"no key":             {[]string{"--payload", payload, "--metadata", "=x"}, exitUsage, "--metadata takes KEY=VALUE"},
		"encoding":           {[]string{"--payload", payload, "--encoding", "klingon"}, exitUsage, "klingon"},
		"timeout":            {[]string{"--payload", payload, "--timeout", "0s"}, exitUsage, "--timeout takes"},
		"channel":            {[]string{"--payload", payload, "--channel", "exmaple4"}, exitUsage, `there is no channel "exmaple4"; did you mean example4?`},
	} {
		code, out, errOut := command(t, append([]string{"explain", document}, c.args...)...)
		if code != c.code || !strings.Contains(errOut, c.want) || out != "" {
			t.Errorf("%s: exit %d, want %q\n%s%s", name, code, c.want, out, errOut)
		}
	}
}

func TestExplainSaysWhyADocumentDoesNotRun(t *testing.T) {
	dir := t.TempDir()
	payload := write(t, filepath.Join(dir, "p"), "x")
	bad := write(t, filepath.Join(dir, "bad.xml"), `<channel/>`)
	part := write(t, filepath.Join(dir, "part.xml"), `<produce-connection class="null-connection"/>`)
	for path, want := range map[string]string{bad: "[no-workflow]", part: "only a part of a channel"} {
		code, out, errOut := command(t, "explain", path, "--payload", payload)
		if code != exitFailed || !strings.Contains(errOut, want) || out != "" {
			t.Errorf("%s: exit %d\n%s%s", path, code, out, errOut)
		}
	}
}

func TestExplainHidesSecretsOfTheDocument(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.xml"), `<channel><unique-id>c</unique-id><produce-connection class="aws-kinesis-kpl-inline-connection">
<credentials class="aws-static-credentials-builder"><access-key>AKIDEXAMPLE</access-key><secret-key>hunter2hunter2</secret-key></credentials>
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair></config></produce-connection><workflow>
<service-collection class="service-list"><services><add-metadata-service><metadata-element><key>k</key><value>hunter2hunter2</value></metadata-element></add-metadata-service></services></service-collection></workflow></channel>`)
	payload := write(t, filepath.Join(dir, "p"), "x")
	for _, format := range []string{"--json", "--json=false"} {
		code, out, errOut := command(t, "explain", path, "--payload", payload, format)
		if code != exitDone || strings.Contains(out+errOut, "hunter2") || !strings.Contains(out, "***") {
			t.Errorf("exit %d\n%s%s", code, out, errOut)
		}
	}
}

func TestExplainAsksForTheShards(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 3}})
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.xml"), liveDocument(s.URL(), "orders", "%message{k}"))
	payload := write(t, filepath.Join(dir, "p"), "x")
	code, out, errOut := command(t, "explain", path, "--payload", payload, "--metadata", "k=a", "--live")
	if code != exitDone || !strings.Contains(out, "shardId-000000000000 of the 3 that the stream has now") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	if n := len(s.Records("orders")); n != 0 {
		t.Errorf("%d records were stored", n)
	}
	path = write(t, filepath.Join(dir, "b.xml"), liveDocument(s.URL(), "order-typo", "%message{k}"))
	code, out, _ = command(t, "explain", path, "--payload", payload, "--metadata", "k=a", "--live")
	if code != exitDone || !strings.Contains(out, "not known: ") || !strings.Contains(out, "ResourceNotFoundException") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// What is shortened must not end with the beginning of a secret, which would not be known for one.
func TestExplainHidesSecretsThatItCuts(t *testing.T) {
	const secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
	long := strings.Repeat("x", 90) + secret
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.xml"), `<channel><unique-id>c</unique-id><produce-connection class="aws-kinesis-kpl-inline-connection">
<credentials class="aws-static-credentials-builder"><access-key>AKIDEXAMPLE</access-key><secret-key>`+secret+`</secret-key></credentials>
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair></config></produce-connection><workflow-list><standard-workflow>
<service-collection class="service-list"><services>
<add-metadata-service><metadata-element><key>k</key><value>`+long+`</value></metadata-element></add-metadata-service>
<metadata-to-payload><key>k</key></metadata-to-payload>
<basic-message-splitter-service><splitter class="line-count-splitter"/><producer class="null-message-producer"/></basic-message-splitter-service>
</services></service-collection>
<producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>`+long+`</partition-key></producer></standard-workflow></workflow-list></channel>`)
	payload := write(t, filepath.Join(dir, "p"), "x")
	for _, format := range []string{"--json", "--json=false"} {
		code, out, errOut := command(t, "explain", path, "--payload", payload, "--metadata", "given="+long, format)
		if code != exitDone || strings.Contains(out+errOut, secret[:8]) || strings.Count(out, "***") < 5 {
			t.Errorf("exit %d\n%s%s", code, out, errOut)
		}
	}
}
