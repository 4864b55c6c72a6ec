package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func inputs(t *testing.T, directory string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(directory, "in"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestRunStartsNothingWhenTheDocumentHasAnError(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
	doc := strings.Replace(filesInto(dir, asynchronous, ""), "<stream>orders</stream>", "<stream/>", 1)
	code, _, errOut := command(t, "run", write(t, filepath.Join(dir, "a.xml"), doc))
	if code != exitFailed || !strings.Contains(errOut, "<stream> of aws-kinesis-stream-producer is blank") || !strings.Contains(errOut, "nothing was started") {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	if left := inputs(t, dir); len(left) != 1 || left[0] != "a.json" {
		t.Errorf("the source holds %v", left)
	}
}

func TestRunEndsAJobWhenEverySourceIsEmpty(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		write(t, filepath.Join(dir, "in", fmt.Sprintf("%d.json", i)), fmt.Sprintf(`{"id":"%d"}`, i))
	}
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	code, _, errOut := command(t, "run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "200ms", "--log-format", "json")
	if code != exitDone {
		t.Fatalf("exit %d\n%s", code, errOut)
	}
	if left := inputs(t, dir); len(left) > 0 {
		t.Errorf("the source holds %v", left)
	}
	var last struct {
		Level, Msg          string
		Consumed, Delivered int
	}
	lines := strings.Split(strings.TrimSpace(errOut), "\n")
	for _, line := range lines {
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Errorf("no JSON: %s", line)
		}
	}
	if last.Msg != "adapter stopped" || last.Consumed != 50 || last.Delivered != 50 || last.Level != "info" {
		t.Errorf("last line %+v", last)
	}
}

func TestRunDrainsWhenItIsStopped(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	dir := t.TempDir()
	for i := range 20 {
		write(t, filepath.Join(dir, "in", fmt.Sprintf("%d.json", i)), fmt.Sprintf(`{"id":"%d"}`, i))
	}
	config := fmt.Sprintf(`<key-value-pair><key>KinesisEndpoint</key><value>%s</value></key-value-pair><key-value-pair><key>RecordMaxBufferedTime</key><value>60000</value></key-value-pair><key-value-pair><key>RecordTtl</key><value>90000</value></key-value-pair>`, server.URL())
	b := start(t, "run", write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, config)), "--log-level", "debug")
	await(t, "the files to be under way", func() bool {
		left := inputs(t, dir)
		for _, name := range left {
			if !strings.HasSuffix(name, ".wip") {
				return false
			}
		}
		return len(left) == 20
	})
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
	if left := inputs(t, dir); len(left) > 0 {
		t.Errorf("the source holds %v", left)
	}
	if len(server.Records("orders")) == 0 {
		t.Error("no record arrived")
	}
}

// A job that could not deliver everything has failed, and says so to whoever waits for it.
func TestRunFailsWhenAJobEndsWithFailedMessages(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "good.json"), `{"id":"1"}`)
	write(t, filepath.Join(dir, "in", "bad.json"), `{}`)
	path := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	code, _, errOut := command(t, "run", path, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "100ms")
	if code != exitFailed || !strings.Contains(errOut, "adapterd: 1 of 2 messages failed; what failed stays with its source, and the log says why\n") {
		t.Errorf("exit %d\n%s", code, errOut)
	}
	handler := `<message-error-handler class="null-processing-exception-handler"/><workflow>`
	write(t, path, strings.Replace(filesInto(dir, asynchronous, ""), "<workflow>", handler, 1))
	write(t, filepath.Join(dir, "in", "bad.json"), `{}`)
	if err := os.Remove(filepath.Join(dir, "in", "bad.json.wip")); err != nil {
		t.Fatal(err)
	}
	if code, _, errOut := command(t, "run", path, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "100ms"); code != exitDone || !strings.Contains(errOut, `"handled": 1`) {
		t.Errorf("with an error handler: exit %d\n%s", code, errOut)
	}
}

func TestRunGivesBackWhatItCannotDeliver(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	if _, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
	config := fmt.Sprintf(`<key-value-pair><key>KinesisEndpoint</key><value>%s</value></key-value-pair><key-value-pair><key>RecordTtl</key><value>600000</value></key-value-pair>`, server.URL())
	b := start(t, "run", write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, config)), "--drain-timeout", "500ms")
	await(t, "the first attempt", func() bool { return len(server.Requests()) > 1 })
	if code := b.end(t); code != exitFailed {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
	await(t, "the file to get its name back", func() bool {
		left := inputs(t, dir)
		return len(left) == 1 && left[0] == "a.json"
	})
}

func TestRunSaysWhyItDidNotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	good := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"no document", "cannot be", []string{"run", filepath.Join(dir, "none.xml")}},
		{"directory missing", "does not exist; make it, or set create-dirs to true", []string{"run", good}},
		{"address taken", "--embedded-kinesis: ", []string{"run", good, "--embedded-kinesis", taken.Addr().String()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, errOut := command(t, c.args...)
			if code != exitFailed || !strings.Contains(errOut, c.want) {
				t.Errorf("exit %d\n%s", code, errOut)
			}
		})
	}
}

func TestTheSynchronousProducerLogsItsResult(t *testing.T) {
	for format, traced := range map[string]string{formatConsole: "  TRACE  Attempt [1]: ", formatJSON: `{"level":"trace",`} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
		doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, synchronous, ""))
		code, _, errOut := command(t, "run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "100ms", "--log-level", "trace", "--log-format", format)
		if code != exitDone {
			t.Errorf("%s: exit %d\n%s", format, code, errOut)
		}
		for _, want := range []string{"KPL Result: isSuccessful [true], sequenceNumber [4", "shardId [shardId-00000000000", "attempts [1]", traced} {
			if !strings.Contains(errOut, want) {
				t.Errorf("%s: no %q in\n%s", format, want, errOut)
			}
		}
	}
}

// Every line that run writes must be one that a machine can read, also where it does not come to run.
func TestRunLogsWhatMachinesRead(t *testing.T) {
	dir := t.TempDir()
	for name, document := range map[string]string{
		"a document with errors": "<channel><bogus/></channel>",
		"a start that fails":     filesInto(filepath.Join(dir, "nowhere"), asynchronous, ""),
	} {
		code, out, errOut := command(t, "run", write(t, filepath.Join(dir, "a.xml"), document), "--log-format", "json")
		if code != exitFailed || out != "" {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
		errors := 0
		for line := range strings.Lines(errOut) {
			var entry struct{ Level, Time, Msg string }
			if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Msg == "" {
				t.Errorf("%s: %v: %s", name, err, line)
			}
			if _, err := time.Parse(time.RFC3339Nano, entry.Time); err != nil {
				t.Error(err)
			}
			if entry.Level == "error" {
				errors++
			}
		}
		if errors == 0 {
			t.Errorf("%s: no error among\n%s", name, errOut)
		}
	}
}

func TestRunLogsForPeople(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, synchronous, ""))
	code, out, errOut := command(t, "run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "20ms", "--log-level", "trace")
	if code != exitDone || out != "" {
		t.Errorf("exit %d\n%s", code, out)
	}
	entry := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  (TRACE|DEBUG|INFO|WARN|ERROR)  [^{]+(  (\{.*\}))?\n$`)
	levels := make(map[string]int)
	for line := range strings.Lines(errOut) {
		m := entry.FindStringSubmatch(line)
		if m == nil || m[3] != "" && !json.Valid([]byte(m[3])) {
			t.Errorf("not an entry: %s", line)
			continue
		}
		levels[m[1]]++
	}
	if levels["TRACE"] == 0 || levels["DEBUG"] == 0 || levels["INFO"] == 0 {
		t.Errorf("levels %v in\n%s", levels, errOut)
	}
}

// LogLevel of the connection leaves out what its engine says; --log-level is for everything.
func TestLogLevelOfTheConnectionIsForItsEngine(t *testing.T) {
	// Without a shard map the engine says so as an error, of a request that failed as a warning. The producer tells its result at debug.
	const noMap, noAnswer, producer, program = "cannot list the shards", "PutRecords failed", "KPL Result: ", "adapter started"
	for _, c := range []struct {
		flag, key string
		want      []string
	}{
		{"debug", "trace", []string{noMap, noAnswer, producer, program}},
		{"debug", "info", []string{noMap, noAnswer, producer, program}},
		{"debug", "error", []string{noMap, producer, program}},
		{"info", "warning", []string{noMap, noAnswer, program}},
		{"warn", "error", []string{noMap}},
		{"error", "trace", []string{noMap}},
	} {
		t.Run("--log-level "+c.flag+", LogLevel="+c.key, func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			for _, f := range []kinesislocal.Fault{{Operations: []string{"ListShards"}, Code: "AccessDeniedException"}, {Operations: []string{"PutRecords"}, Code: "InternalFailure", Count: 1}} {
				if _, err := server.Inject(f); err != nil {
					t.Fatal(err)
				}
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
			doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, synchronous, pair("KinesisEndpoint", server.URL())+pair("LogLevel", c.key)))
			code, _, errOut := command(t, "run", doc, "--until-idle", "20ms", "--log-level", c.flag)
			if code != exitDone {
				t.Errorf("exit %d\n%s", code, errOut)
			}
			for _, line := range []string{noMap, noAnswer, producer, program} {
				if got := strings.Contains(errOut, line); got != slices.Contains(c.want, line) {
					t.Errorf("%q is said: %v\n%s", line, got, errOut)
				}
			}
		})
	}
}
