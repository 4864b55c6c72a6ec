package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// savedTo is an error handler that writes to a directory, files by their name.
func savedTo(directory string) string {
	return `<message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="standalone-producer"><producer class="fs-producer"><base-directory-url>` +
		filepath.ToSlash(directory) + `</base-directory-url><create-dirs>true</create-dirs></producer></processing-exception-service></message-error-handler>`
}

// refusing is an endpoint that stores nothing until its fault is removed, a document that takes files into it, and its directory.
func refusing(t *testing.T, fault kinesislocal.Fault) (*kinesislocal.Server, *kinesislocal.Injection, string, string) {
	t.Helper()
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	injected, err := server.Inject(fault)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	doc := filesInto(dir, asynchronous, pair("KinesisEndpoint", server.URL())+pair("RecordMaxBufferedTime", "10"))
	doc = strings.Replace(doc, "<workflow>", savedTo(filepath.Join(dir, "failed"))+"<workflow>", 1)
	return server, injected, write(t, filepath.Join(dir, "a.xml"), doc), dir
}

func validation() kinesislocal.Fault {
	return kinesislocal.Fault{Operations: []string{"PutRecords"}, Code: "ValidationException", Message: "the record is <wrong>"}
}

// runsDry runs a document until its files are taken.
func runsDry(t *testing.T, doc string) {
	t.Helper()
	if code, _, errOut := command(t, "run", doc, "--until-idle", "150ms", "--log-level", "error"); code != exitDone {
		t.Fatalf("exit %d\n%s", code, errOut)
	}
}

func failedNames(t *testing.T, args ...string) []failedMessage {
	t.Helper()
	code, out, errOut := command(t, append([]string{"failed", "list", "--json"}, args...)...)
	var all []failedMessage
	if err := json.Unmarshal([]byte(out), &all); code != exitDone || err != nil {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, errOut)
	}
	return all
}

func TestFailedFilesGoRound(t *testing.T) {
	server, fault, doc, dir := refusing(t, validation())
	code, out, _ := command(t, "failed", "list", doc)
	if code != exitDone || !strings.Contains(out, "no failed messages in "+dir+"/failed") {
		t.Errorf("before anything failed: exit %d, %q", code, out)
	}
	for i := range 5 {
		write(t, filepath.Join(dir, "in", fmt.Sprintf("%d.json", i)), fmt.Sprintf(`{"id":"%d"}`, i))
	}
	write(t, filepath.Join(dir, "in", "nokey.json"), `{}`)
	runsDry(t, doc)
	all := failedNames(t, doc)
	if len(all) != 6 || len(inputs(t, dir)) != 0 || len(server.Records("")) != 0 {
		t.Fatalf("%d failed: %+v", len(all), all)
	}
	refused := failedNames(t, doc, "--code", "ValidationException", "--channel", "wf@files", "--since", "1h", "--reason", "<wrong>")
	if len(refused) != 5 || len(failedNames(t, doc, "--channel", "other")) != 0 {
		t.Fatalf("%d were refused", len(refused))
	}
	m := refused[0]
	d := m.Details
	if d.Stream != "orders" || d.Tries < 1 || len(d.Attempts) != d.Tries || d.Attempts[0].Code != "ValidationException" || !strings.Contains(string(d.Remedy), "correct the record") ||
		d.Metadata["originalname"] != d.File || d.Added["kinesisErrorCode"] != "ValidationException" || d.Channel != "files" || d.Workflow != "wf" {
		t.Errorf("%+v", d)
	}
	if code, out, errOut := command(t, "failed", "list", doc, "--json", "--limit", "2"); code != exitDone || strings.Count(out, `"details"`) != 2 || errOut != "and 4 older ones; --limit 0 lists all\n" || !strings.Contains(out, "<wrong>") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	code, out, _ = command(t, "failed", "list", filepath.Join(dir, "failed"))
	if code != exitDone || !strings.Contains(out, "failed: 6 messages\n  NAME") || strings.Count(out, "ValidationException") < 5 || strings.Contains(out, "sEcReT") {
		t.Errorf("exit %d\n%s", code, out)
	}
	code, out, errOut := command(t, "failed", "show", doc, string(m.Name), "none")
	for _, want := range []string{"workflow    wf@files", "what to do  correct the record", "attempts    ", "took ", "originalname = ", "kinesisErrorCode = ValidationException", "payload, 10 bytes\n    {\"id\":"} {
		if !strings.Contains(out, want) {
			t.Errorf("show does not tell %q\n%s", want, out)
		}
	}
	if code != exitFailed || !strings.Contains(errOut, `there is no failed message "none"`) {
		t.Errorf("exit %d, %s", code, errOut)
	}

	code, out, errOut = command(t, "failed", "retry", doc, "--all", "--dry-run")
	if code != exitDone || strings.Count(out, ": would be put back as "+dir+"/in/") != 6 || errOut != "" || len(inputs(t, dir)) != 0 {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	fault.Remove()
	code, out, errOut = command(t, "failed", "retry", doc, "--all", "--code", "ValidationException")
	if code != exitDone || strings.Count(out, ": put back as "+dir+"/in/") != 5 {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	if got := inputs(t, dir); !slices.Equal(got, []string{"0.json", "1.json", "2.json", "3.json", "4.json"}) {
		t.Errorf("the source has %v", got)
	}
	runsDry(t, doc)
	var got []string
	for _, r := range server.Records("orders") {
		for _, u := range userRecords("orders", "", "", r.PartitionKey, r.Data) {
			got = append(got, u.Text)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{`{"id":"0"}`, `{"id":"1"}`, `{"id":"2"}`, `{"id":"3"}`, `{"id":"4"}`}) {
		t.Errorf("the stream has %v", got)
	}
	left := failedNames(t, doc)
	if len(left) != 1 {
		t.Fatalf("left %+v", left)
	}
	if code, _, errOut := command(t, "failed", "drop", doc, string(left[0].Name)); code != exitUsage || !strings.Contains(errOut, "there is nobody to ask; give --yes") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	code, out, _ = command(t, "failed", "drop", doc, string(left[0].Name), "--yes")
	if code != exitDone || !strings.Contains(out, "deleted "+dir+"/failed/"+string(left[0].Name)+" (2 bytes, wf@files, ") || len(failedNames(t, doc)) != 0 {
		t.Errorf("exit %d, %s", code, out)
	}
	if code, out, _ := command(t, "failed", "drop", doc, "--all"); code != exitDone || out != "nothing to drop\n" {
		t.Errorf("exit %d, %s", code, out)
	}
}

// The server of the run keeps the port, so a retry that started the consumer would fail.
func TestFailedRequestsAreSentThroughTheirWorkflow(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	fault, err := server.Inject(validation())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	doc := write(t, filepath.Join(dir, "a.xml"), fmt.Sprintf(`<adapter><shared-components>
<connections><aws-kinesis-kpl-inline-connection><unique-id>kinesis</unique-id>%s<config>%s</config></aws-kinesis-kpl-inline-connection></connections>
<services><add-metadata-service><unique-id>where</unique-id><metadata-element><key>to</key><value>orders</value></metadata-element></add-metadata-service></services></shared-components>
%s
<channel-list><channel><unique-id>http</unique-id>
<consume-connection class="jetty-http-connection"><port>%d</port><server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair></server-connector-properties></consume-connection>
<produce-connection class="shared-connection"><lookup-name>kinesis</lookup-name></produce-connection>
<workflow-list><pooling-workflow><unique-id>requests</unique-id><consumer class="jetty-message-consumer"><path>/*</path></consumer>
<service-collection class="service-list"><shared-service><lookup-name>where</lookup-name></shared-service></service-collection>
<producer class="aws-kinesis-stream-producer"><stream>%%message{to}</stream><partition-key>%%message{jettyURI}</partition-key></producer></pooling-workflow></workflow-list></channel></channel-list></adapter>`,
		keysOfFilesInto, pair("Region", "us-east-1")+pair("MetricsLevel", "none")+pair("KinesisEndpoint", server.URL())+pair("RecordMaxBufferedTime", "10"), savedTo(filepath.Join(dir, "failed")), port))
	b := start(t, "run", doc, "--admin", "127.0.0.1:0")
	o := operate(t, b)
	o.ready()
	for i := range 3 {
		answer, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/customer/%d", port, i), "text/plain", strings.NewReader(fmt.Sprintf("request %d", i)))
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	all := failedNames(t, doc)
	if len(all) != 3 || all[0].Details.File != "" || all[0].Details.Metadata["jettyURI"] == "" {
		t.Fatalf("%+v", all)
	}
	// What fails again stays, with all that is known of it.
	code, out, errOut := command(t, "failed", "retry", doc, "--all")
	if code != exitFailed || out != "" || strings.Count(errOut, "stays where it is: producer: ") != 0 || strings.Count(errOut, "stays where it is: ") != 3 || !strings.Contains(errOut, "ValidationException") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	if again := failedNames(t, doc); len(again) != 3 {
		t.Errorf("left %+v", again)
	}
	fault.Remove()
	// One by the program that runs, through the workflow that runs, the others by the command.
	o.wants("GET", "/api/failed", "", 200, string(all[2].Name))
	o.wants("POST", "/api/failed/0/"+string(all[2].Name)+"/retry", "", 200, `"action":"retry"`)
	code, out, errOut = command(t, "failed", "retry", doc, "--all")
	if code != exitDone || strings.Count(out, "delivered, through workflow requests@http") != 2 {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	got := make(map[string]string)
	for _, r := range server.Records("orders") {
		for _, u := range userRecords("orders", "", "", r.PartitionKey, r.Data) {
			got[u.PartitionKey] = u.Text
		}
	}
	if len(got) != 3 || got["/customer/2"] != "request 2" || len(failedNames(t, doc)) != 0 {
		t.Errorf("the stream has %v", got)
	}
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
}

func TestFailedFilesCanBeSentToo(t *testing.T) {
	server, fault, doc, dir := refusing(t, validation())
	write(t, filepath.Join(dir, "in", "1.json"), `{"id":"1"}`)
	runsDry(t, doc)
	fault.Remove()
	write(t, filepath.Join(dir, "in", "1.json"), `{"id":"another"}`) // which is neither replaced nor consumed
	code, out, errOut := command(t, "failed", "retry", doc, "--all")
	if code != exitFailed || !strings.Contains(errOut, "there is a file of that name, "+dir+"/in/1.json, which is not replaced") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	code, out, errOut = command(t, "failed", "retry", doc, "--all", "--send")
	if code != exitDone || !strings.Contains(out, "delivered, through workflow wf@files") || len(failedNames(t, doc)) != 0 {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	records := server.Records("orders")
	if len(records) != 1 || !strings.Contains(string(records[0].Data), `{"id":"1"}`) || len(inputs(t, dir)) != 1 {
		t.Errorf("%d records, the source has %v", len(records), inputs(t, dir))
	}
}

func TestFailedDirectoryWithoutADocument(t *testing.T) {
	dir := t.TempDir()
	in, saved := filepath.Join(dir, "in"), filepath.Join(dir, "saved")
	write(t, filepath.Join(in, "taken"), "x")
	write(t, filepath.Join(saved, "order-7"), "payload")
	write(t, filepath.Join(saved, "taken"), "y")
	write(t, filepath.Join(saved, "bad\x1b[2J\nname"), "\x00\x01")
	code, out, _ := command(t, "failed", "list", saved)
	if code != exitDone || !strings.Contains(out, "order-7") || !strings.Contains(out, "(nothing was kept with it)") || strings.Contains(out, "\x1b") || !strings.Contains(out, `"bad\x1b[2J\nname"`) {
		t.Errorf("exit %d\n%q", code, out)
	}
	code, out, _ = command(t, "failed", "show", saved, "bad\x1b[2J\nname")
	if code != exitDone || strings.Contains(out, "\x1b") || !strings.Contains(out, "in Base64\n    AAE=") {
		t.Errorf("exit %d\n%q", code, out)
	}
	code, _, errOut := command(t, "failed", "retry", saved, "order-7")
	if code != exitUsage || !strings.Contains(errOut, "only the document knows") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	code, out, errOut = command(t, "failed", "retry", saved, "--all", "--into", in)
	if code != exitFailed || !strings.Contains(out, "put back as "+in+"/order-7") || !strings.Contains(errOut, "there is a file of that name") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	write(t, filepath.Join(saved, "odd\x1b[2J"), "x")
	write(t, filepath.Join(in, "odd\x1b[2J"), "y")
	if _, out, errOut := command(t, "failed", "retry", saved, "--all", "--into", in); strings.Contains(out+errOut, "\x1b") || !strings.Contains(errOut, `/odd\x1b[2J, which is not replaced`) {
		t.Errorf("%q %q", out, errOut)
	}
	if text, err := os.ReadFile(filepath.Join(in, "taken")); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
	for _, name := range []string{"../in/taken", filepath.Join(in, "taken"), "..", "none", ".adapterd"} {
		if code, _, _ := command(t, "failed", "drop", saved, name, "--yes"); code != exitFailed {
			t.Errorf("drop of %q: exit %d", name, code)
		}
	}
	if code, out, _ := command(t, "failed", "drop", saved, saved+"/taken", "--yes"); code != exitDone || !strings.Contains(out, "deleted "+saved+"/taken (1 byte)") {
		t.Errorf("exit %d, %s", code, out)
	}
}

// A message that was written by something else has no workflow; the document's only one is meant, or the one that is named.
func TestFailedMessagesOfOthersAreRouted(t *testing.T) {
	dir := t.TempDir()
	saved := filepath.Join(dir, "failed")
	doc := `<adapter>` + savedTo(saved) + `<channel-list>`
	for _, id := range []string{"a", "b"} {
		doc += `<channel><unique-id>` + id + `</unique-id><workflow><unique-id>wf</unique-id><consumer class="fs-consumer"><base-directory-url>` + filepath.ToSlash(dir) + "/" + id + `</base-directory-url></consumer></workflow></channel>`
		if err := os.Mkdir(filepath.Join(dir, id), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	path := write(t, filepath.Join(dir, "a.xml"), doc+`</channel-list></adapter>`)
	write(t, filepath.Join(saved, "x"), "x")
	if code, _, errOut := command(t, "failed", "retry", path, "x"); code != exitFailed || !strings.Contains(errOut, "nothing was kept with it that says which workflow") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	if code, _, errOut := command(t, "failed", "retry", path, "x", "--to", "wf@c"); code != exitUsage || !strings.Contains(errOut, "one of wf@a, wf@b") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	if code, out, errOut := command(t, "failed", "retry", path, "x", "--to", "wf@b"); code != exitDone || !strings.Contains(out, "put back as "+dir+"/b/x, for workflow wf@b") {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
}

func TestFailedWrongUsage(t *testing.T) {
	dir := t.TempDir()
	plain := write(t, filepath.Join(dir, "plain.xml"), filesInto(dir, asynchronous, ""))
	for _, c := range []struct {
		name string
		code int
		args []string
		want string
	}{
		{"no document", exitUsage, []string{"list"}, "want one document or directory"},
		{"unknown command", exitUsage, []string{"lsit"}, "did you mean list?"},
		{"no name", exitUsage, []string{"show", dir}, "names of messages"},
		{"neither names nor all", exitUsage, []string{"retry", dir}, "want names of messages, or --all"},
		{"names and all", exitUsage, []string{"drop", dir, "a", "--all"}, "exclude each other"},
		{"filter without all", exitUsage, []string{"retry", dir, "a", "--code", "X"}, "choose among --all"},
		{"bad time", exitUsage, []string{"list", dir, "--since", "yesterday"}, `--since is "yesterday"`},
		{"future", exitUsage, []string{"list", dir, "--since", "-1h"}, `--since is "-1h"`},
		{"bad expression", exitUsage, []string{"list", dir, "--reason", "("}, "--reason: "},
		{"bad limit", exitUsage, []string{"list", dir, "--limit", "-1"}, "--limit takes"},
		{"bad bytes", exitUsage, []string{"show", dir, "a", "--bytes", "-1"}, "--bytes takes"},
		{"bad variable", exitUsage, []string{"list", plain, "--set", "x"}, "--set takes NAME=VALUE"},
		{"into and to", exitUsage, []string{"retry", dir, "--all", "--into", dir, "--to", "a@b"}, "leave out --to"},
		{"no such document", exitFailed, []string{"list", filepath.Join(dir, "none.xml")}, "does not run"},
		{"no handler", exitFailed, []string{"list", plain}, "writes failed messages to files"},
		{"no directory", exitFailed, []string{"list", plain, "--directory", filepath.Join(dir, "none")}, "does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, errOut := command(t, append([]string{"failed"}, c.args...)...)
			if code != c.code || !strings.Contains(errOut, c.want) {
				t.Errorf("exit %d, %q; want %d and %q", code, errOut, c.code, c.want)
			}
		})
	}
}

func TestSinceTakesSpansAndTimes(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90m": now.Add(-90 * time.Minute), "7d": now.AddDate(0, 0, -7), "2026-11-23": time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC),
		"2026-11-23T08:00:00+02:00": time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC), "2026-11-23 08:30": time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC),
	} {
		if got, err := sinceWhen(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestFailedTableFitsTheTerminal(t *testing.T) {
	p := &failedPlaces{paths: []string{"d"}}
	m := failed.Message{Directory: "d", Name: "a", Details: &failed.Details{Reason: failed.Text(strings.Repeat("ä", 200)), Workflow: "wf", Channel: "ch", Tries: 2}}
	var out strings.Builder
	if err := p.table(&out, [][]failed.Message{{m}}, 5, 60); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 60 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if !strings.Contains(out.String(), "…\nand 4 older ones; --limit 0 lists all\n") {
		t.Error(out.String())
	}
}

// Whoever asks may wait no longer while the record is under way. Nobody may send it a second time then, and its message goes when it is stored.
func TestARetryGoesOnWhenNobodyWaitsForIt(t *testing.T) {
	server, fault, _, dir := refusing(t, validation())
	doc := strings.Replace(filesInto(dir, asynchronous, pair("KinesisEndpoint", server.URL())+pair("RecordMaxBufferedTime", "600000")+pair("RecordTtl", "1200000")),
		`"fs-consumer">`, `"non-deleting-fs-consumer">`, 1)
	doc = strings.Replace(doc, "<workflow>", savedTo(filepath.Join(dir, "failed"))+"<workflow>", 1)
	a, problems := new(documentFlags).load(t.Context(), write(t, filepath.Join(dir, "b.xml"), doc))
	if a == nil {
		t.Fatal(problems)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	fault.Remove()
	write(t, filepath.Join(dir, "failed", "1.json"), `{"id":"1"}`)
	var f failedMessages
	f.attach(a)
	if all, err := f.List(t.Context()); err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	impatient, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(errors.New("impatient")) })
	if err := f.Retry(impatient, 0, "1.json"); err == nil || !strings.Contains(err.Error(), "under way still") {
		t.Fatal(err)
	}
	await(t, "the record in the producer", func() bool {
		for _, c := range a.Status().Connections {
			if c.Producer != nil && c.Producer.OutstandingRecords == 1 {
				return true
			}
		}
		return false
	})
	if err := f.Retry(t.Context(), 0, "1.json"); !errors.Is(err, failed.ErrBusy) {
		t.Error(err)
	}
	if err := f.Drop(t.Context(), 0, "1.json"); !errors.Is(err, failed.ErrBusy) {
		t.Error(err)
	}
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.settle(t.Context())
	if all, err := f.List(t.Context()); err != nil || len(all) != 0 || len(server.Records("orders")) != 1 {
		t.Errorf("left %+v, %v; %d records", all, err, len(server.Records("orders")))
	}
}
