package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// operator asks the admin server of a run.
type operator struct {
	t    *testing.T
	base string
	// token is empty for none.
	token  string
	client *http.Client
}

var adminURL = regexp.MustCompile(`"url": ?"(http[^"]*)"`)

// operate waits for the admin server of a run.
func operate(t *testing.T, b *background) *operator {
	t.Helper()
	var found []string
	await(t, "the admin server", func() bool {
		found = adminURL.FindStringSubmatch(b.err.String())
		return found != nil
	})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &operator{t: t, base: found[1], client: &http.Client{Transport: transport, Timeout: 30 * time.Second}}
}

// ask asks again when there were too many requests: tests that wait for something make many.
func (o *operator) ask(method, path, body string) (status int, text string) {
	o.t.Helper()
	for {
		if status, text = o.once(method, path, body); status != http.StatusTooManyRequests {
			return status, text
		}
		time.Sleep(20 * time.Millisecond) // the server's time for one more
	}
}

func (o *operator) once(method, path, body string) (status int, text string) {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.base+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("X-Adapterd", "1")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if o.token != "" {
		r.Header.Set("Authorization", "Bearer "+o.token)
	}
	got, err := o.client.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer got.Body.Close()
	all, err := io.ReadAll(got.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return got.StatusCode, string(all)
}

// wants is ask, of which a status and a part of the answer are expected.
func (o *operator) wants(method, path, body string, status int, part string) string {
	o.t.Helper()
	got, text := o.ask(method, path, body)
	if got != status || !strings.Contains(text, part) {
		o.t.Errorf("%s %s: %d %s; want %d with %q", method, path, got, text, status, part)
	}
	return text
}

func (o *operator) status() adapter.Status {
	o.t.Helper()
	var st adapter.Status
	if err := json.Unmarshal([]byte(o.wants("GET", "/api/status", "", 200, "")), &st); err != nil {
		o.t.Fatal(err)
	}
	return st
}

// ready waits until the adapter runs.
func (o *operator) ready() {
	o.t.Helper()
	await(o.t, "the adapter to be ready", func() bool {
		code, _ := o.ask("GET", "/readyz", "")
		return code == 200
	})
}

func TestOperatorsSeeAndSteerARun(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	dir := t.TempDir()
	good := prefixed(dir, server.URL())
	doc := write(t, filepath.Join(dir, "a.xml"), good)
	write(t, filepath.Join(dir, "in", "1.json"), `{"id":"1"}`)
	b := start(t, "run", doc, "--set", "stream=orders", "--admin", "127.0.0.1:0")
	o := operate(t, b)
	o.ready()
	arrived(t, server, "orders", 1)
	await(t, "the count", func() bool { return o.status().Counts.Delivered == 1 })

	o.wants("GET", "/livez", "", 200, `"status":"alive"`)
	o.wants("GET", "/workflow-health-check", "", 200, `"status":"ready"`)
	o.wants("GET", "/", "", 200, "<!doctype html>")
	o.wants("GET", "/api/streams", "", 200, `"stream":"orders"`)
	for _, metric := range []string{`adapterd_messages_total{channel="files",outcome="delivered",workflow="wf"} 1`, `adapterd_channel_state{channel="files",state="started"} 1`, `kpl_user_records_put_total{connection=`} {
		o.wants("GET", "/metrics", "", 200, metric)
	}
	st := o.status()
	if st.Version != versionText() || st.Document != doc || st.State != adapter.StateStarted || len(st.Channels) != 1 || st.Channels[0].ID != "files" {
		t.Errorf("%+v", st)
	}

	// A channel that is stopped takes nothing; started again it does.
	o.wants("POST", "/api/channels/files/stop", "", 200, `"state":"stopped"`)
	o.wants("GET", "/api/channels/files", "", 200, `"state":"stopped"`)
	write(t, filepath.Join(dir, "in", "2.json"), `{"id":"2"}`)
	o.wants("POST", "/api/channels/files/start", "", 200, `"state":"started"`)
	o.wants("POST", "/api/channels/files/start", "", 409, "started already")
	o.wants("POST", "/api/channels/nope/start", "", 404, "there is no channel nope")
	arrived(t, server, "orders", 2)
	o.wants("POST", "/api/channels/files/pause", "", 200, `"state":"paused"`)
	o.wants("POST", "/api/channels/files/resume", "", 200, `"state":"started"`)
	o.wants("POST", "/api/channels/files/restart", "", 200, `"state":"started"`)
	o.wants("POST", "/api/flush", "", 200, `{"flushed":true}`)

	// A document with errors is refused with their places, one without is taken over.
	write(t, doc, strings.Replace(good, "<stream>", "<straem/><stream>", 1))
	var refused admin.ReloadRefused
	if err := json.Unmarshal([]byte(o.wants("POST", "/api/reload", "", 422, "everything goes on as it was")), &refused); err != nil {
		t.Fatal(err)
	}
	if len(refused.Problems) == 0 || refused.Problems[0].File != doc || refused.Problems[0].Line != 7 || !strings.Contains(refused.Problems[0].Message, "did you mean <stream>?") {
		t.Errorf("%+v", refused.Problems)
	}
	await(t, "the refusal in the log", func() bool { return strings.Contains(b.err.String(), "is not taken over") })
	write(t, doc, strings.Replace(good, "${stream}", "others", 1))
	o.wants("POST", "/reload", "", 200, `"started":["files"],"stopped":["files"]`)
	write(t, filepath.Join(dir, "in", "3.json"), `{"id":"3"}`)
	arrived(t, server, "others", 1)
	if st := o.status(); st.LastReload == nil || st.LastReload.Error != "" {
		t.Errorf("%+v", st.LastReload)
	}

	o.wants("GET", "/api/log-level", "", 200, `{"level":"info"}`)
	for _, level := range []string{"trace", "error"} {
		o.wants("POST", "/api/log-level", `{"level":"`+level+`"}`, 200, `{"level":"`+level+`"}`)
		before := b.err.String()
		o.wants("POST", "/api/flush", "", 200, "true")
		if said := strings.Contains(strings.TrimPrefix(b.err.String(), before), "/api/flush"); said != (level == "trace") {
			t.Errorf("at level %s the action is logged: %v", level, said)
		}
	}
	o.wants("POST", "/api/log-level", `{"level":"info"}`, 200, `{"level":"info"}`)

	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
	if _, err := net.DialTimeout("tcp", strings.TrimPrefix(o.base, "http://"), time.Second); err == nil {
		t.Error("the server is still there")
	}
}

// While the document is being read, and while the adapter drains, the server says so.
func TestTheServerIsThereFromTheBeginningToTheEnd(t *testing.T) {
	kinesis := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "1.json"), `{"id":"1"}`)
	let := make(chan struct{})
	config := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-let:
		case <-r.Context().Done():
		}
		io.WriteString(w, filesInto(dir, asynchronous, pair("KinesisEndpoint", kinesis.URL())))
	}))
	defer config.Close()
	const hidden = "zq7-location-SeCrEt"
	location := strings.Replace(config.URL, "http://", "http://user:"+hidden+"@", 1) + "/a.xml"
	b := start(t, "run", location, "--admin", "127.0.0.1:0")
	o := operate(t, b)
	defer func() {
		if t.Failed() {
			t.Log(b.err.String())
		}
	}()
	o.wants("GET", "/livez", "", 200, "alive")
	o.wants("GET", "/readyz", "", 503, "the document is being read")
	o.wants("POST", "/api/flush", "", 503, "the document is being read")
	mustNotShow(t, o.wants("GET", "/api/status", "", 200, `"state":"starting"`), hidden)
	close(let)
	o.ready()
	mustNotShow(t, o.wants("GET", "/api/status", "", 200, `"state":"started"`), hidden)
	arrived(t, kinesis, "orders", 1)

	// Who listens to events sees the end.
	got, err := o.client.Get(o.base + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	lines := bufio.NewScanner(got.Body)
	b.stop()
	last := ""
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			last = lines.Text()
		}
	}
	if !strings.Contains(last, `"state":"stopped"`) {
		t.Errorf("the last that is seen is %s", last)
	}
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
}

// Reloads of operators follow each other and each gets its own answer. One that hangs keeps nobody from stopping, and says why it ended.
func TestReloadsOfOperatorsTakeTurns(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o750); err != nil {
		t.Fatal(err)
	}
	reads, let := make(chan struct{}), make(chan struct{})
	go func() { <-reads; let <- struct{}{} }() // the start
	config := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads <- struct{}{}
		select {
		case <-let:
		case <-r.Context().Done():
		}
		io.WriteString(w, filesInto(dir, asynchronous, ""))
	}))
	defer config.Close()
	b := start(t, "run", config.URL+"/a.xml", "--embedded-kinesis", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	o := operate(t, b)
	o.ready()
	var g sync.WaitGroup
	for range 3 {
		g.Go(func() { o.wants("POST", "/api/reload", "", 200, `"kept":["files"]`) })
	}
	for range 3 {
		<-reads
		let <- struct{}{}
	}
	g.Wait()
	if n := strings.Count(b.err.String(), "an operator asks for it"); n != 3 {
		t.Errorf("%d reloads are in the log", n)
	}
	g.Go(func() {
		o.wants("POST", "/api/reload", "", 503, "the program is stopping, which cut the action short")
	})
	<-reads
	b.stop()
	g.Wait()
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, b.err.String())
	}
}

// No answer has a secret of the document, wherever it has one and whatever the service repeats.
func TestAdminShowsNoSecret(t *testing.T) {
	server := echo(t, http.StatusBadRequest)
	for place, p := range secretPlaces(t, server.URL) {
		t.Run(place, func(t *testing.T) {
			for name, value := range p.env {
				t.Setenv(name, value)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
			doc := strings.Replace(filesInto(dir, synchronous, pair("KinesisEndpoint", server.URL)+pair("RecordTtl", "100")+pair("RecordMaxBufferedTime", "10")+p.config), keysOfFilesInto, p.credentials, 1)
			path, args := write(t, filepath.Join(dir, "a.xml"), doc), p.args
			if place == "SEED" {
				path = write(t, filepath.Join(dir, "bootstrap.properties"), "adapterConfigUrl=file://localhost/"+filepath.ToSlash(path)+"\nsysprop."+document.SeedProperty+"="+p.args[0]+"\n")
				args = nil
			}
			token := secret("token")
			args = append([]string{"run", path, "--admin", "127.0.0.1:0", "--admin-token-file", write(t, filepath.Join(dir, "token"), token+"\n")}, args...)
			b := start(t, args...)
			o := operate(t, b)
			o.wants("GET", "/api/status", "", 401, "needs the header Authorization: Bearer")
			o.token = token
			failures := ""
			await(t, "a failure", func() bool {
				_, failures = o.ask("GET", "/api/failures", "")
				return strings.Contains(failures, `"reason"`)
			})
			answers := failures
			for _, path := range []string{"/api/status", "/api/channels", "/api/channels/files", "/api/streams", "/api/failed", "/metrics", "/readyz", "/api/log-level"} {
				_, text := o.ask("GET", path, "")
				answers += text
			}
			for _, path := range []string{"/api/channels/files/restart", "/api/reload", "/api/flush", "/api/channels/files/stop", "/api/channels/none/stop"} {
				_, text := o.ask("POST", path, "")
				answers += text
			}
			b.end(t)
			mustNotShow(t, answers+b.out.String()+b.err.String(), append(p.secrets, token)...)
		})
	}
}

func TestFailedMessagesOfARun(t *testing.T) {
	server := echo(t, http.StatusBadRequest)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "failed"), 0o755); err != nil {
		t.Fatal(err)
	}
	handler := `<message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="service-list"><services>
<standalone-producer><producer class="fs-producer"><base-directory-url>` + filepath.ToSlash(dir) + `/failed</base-directory-url><filename-creator class="formatted-filename-creator"><filename-format>%1$s</filename-format></filename-creator></producer></standalone-producer>
</services></processing-exception-service></message-error-handler><workflow>`
	doc := strings.Replace(filesInto(dir, synchronous, pair("KinesisEndpoint", server.URL)+pair("RecordTtl", "100")+pair("RecordMaxBufferedTime", "10")), "<workflow>", handler, 1)
	path := write(t, filepath.Join(dir, "a.xml"), doc)
	write(t, filepath.Join(dir, "in", "one.json"), `{"id":"1"}`)
	b := start(t, "run", path, "--admin", "127.0.0.1:0")
	o := operate(t, b)
	o.ready()
	var all []admin.FailedMessage
	list := func() []admin.FailedMessage {
		all = nil
		_, text := o.ask("GET", "/api/failed", "")
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return all
	}
	await(t, "a failed message", func() bool { return len(list()) == 1 })
	m := all[0]
	if m.Directory != dir+"/failed" || m.Bytes != 10 || m.At.IsZero() {
		t.Errorf("%+v", m)
	}
	at := fmt.Sprintf("/api/failed/%d/%s", m.Dir, m.Name)
	o.wants("GET", at, "", 200, `"payload":"{\"id\":\"1\"}"`)
	o.wants("GET", at+"x", "", 404, "there is no such failed message")
	o.wants("GET", fmt.Sprintf("/api/failed/%d/%s", m.Dir+1, m.Name), "", 404, "there is no such failed message")

	o.wants("POST", "/api/channels/files/stop", "", 200, "stopped")
	o.wants("POST", at+"/retry", "", 200, `"action":"retry"`)
	if in, err := os.ReadDir(filepath.Join(dir, "in")); err != nil || len(in) != 1 {
		t.Errorf("%d files are back, %v", len(in), err)
	}
	if len(list()) != 0 {
		t.Errorf("%+v", all)
	}
	o.wants("POST", "/api/channels/files/start", "", 200, "started")
	await(t, "it to fail again", func() bool { return len(list()) == 1 })
	o.wants("POST", fmt.Sprintf("/api/failed/%d/%s/drop", all[0].Dir, all[0].Name), "", 200, `"action":"drop"`)
	if len(list()) != 0 {
		t.Errorf("%+v", all)
	}
	b.end(t)
}

func TestShownPayloadsEndWithAWholeCharacter(t *testing.T) {
	for _, c := range []struct {
		name, text string
		cut        bool
		want       string
	}{
		{"whole", "aü", false, "aü"}, {"cut behind one", "aü", true, "aü"}, {"cut in one", "a\xc3", true, "a"}, {"cut in a long one", "a\xf0\x9f\x98", true, "a"},
		{"no text", "a\xff", true, "a\xff"}, {"nothing", "", true, ""}, {"not cut, but broken", "a\xc3", false, "a\xc3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(wholeRunes([]byte(c.text), c.cut)); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestAdminFlagsThatAreWrong(t *testing.T) {
	dir := t.TempDir()
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	empty, two := write(t, filepath.Join(dir, "empty"), "\n"), write(t, filepath.Join(dir, "two"), "0123456789abcdef\n0123456789abcdef\n")
	short := write(t, filepath.Join(dir, "short"), "hunter2\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no port", []string{"--admin", "localhost"}, exitUsage, `--admin is "localhost"; it takes host:port`},
		{"nowhere", []string{"--admin", ""}, exitUsage, `--admin is ""`},
		{"a token for nothing", []string{"--admin-token-file", short}, exitUsage, "give --admin with its address, too"},
		{"keys of nothing", []string{"--admin-show-keys"}, exitUsage, "give --admin with its address, too"},
		{"a certificate without a key", []string{"--admin", "127.0.0.1:0", "--admin-tls-cert", "c.pem"}, exitUsage, "belong together"},
		{"client certificates without TLS", []string{"--admin", "127.0.0.1:0", "--admin-client-ca", "c.pem"}, exitUsage, "client certificates come with TLS"},
		{"off loopback without a token", []string{"--admin", "0.0.0.0:0"}, exitFailed, "--admin: 0.0.0.0:0 can be reached from other machines, and anyone there could stop channels: give a token"},
		{"a token that is not there", []string{"--admin", ":0", "--admin-token-file", filepath.Join(dir, "none")}, exitFailed, "--admin-token-file: open"},
		{"an empty token", []string{"--admin", ":0", "--admin-token-file", empty}, exitFailed, "does not have one line"},
		{"two tokens", []string{"--admin", ":0", "--admin-token-file", two}, exitFailed, "does not have one line"},
		{"a short token", []string{"--admin", ":0", "--admin-token-file", short}, exitFailed, "the token has 7 bytes; it needs 16 or more"},
		{"a certificate that is not there", []string{"--admin", ":0", "--admin-tls-cert", filepath.Join(dir, "c"), "--admin-tls-key", filepath.Join(dir, "k")}, exitFailed, "--admin-tls-cert: the certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, errOut := command(t, append([]string{"run", doc}, c.args...)...)
			if code != c.code || !strings.Contains(errOut, c.want) || strings.Contains(errOut, "hunter2") {
				t.Errorf("exit %d, %q; want %d and %q", code, errOut, c.code, c.want)
			}
		})
	}
}
