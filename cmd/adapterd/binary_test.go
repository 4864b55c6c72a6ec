//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAStartThatFailsConsumesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	manyFiles(t, dir, 5)
	files := filesInto(dir, asynchronous, "")
	httpChannel := fmt.Sprintf(`<channel><unique-id>http</unique-id><consume-connection class="jetty-http-connection"><port>%d</port>
<server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair></server-connector-properties></consume-connection>
<workflow><consumer class="jetty-message-consumer"><path>/x</path></consumer></workflow></channel>`, taken.Addr().(*net.TCPAddr).Port)
	missing := strings.Replace(strings.Replace(files, "/in</base", "/nowhere</base", 1), "<unique-id>files<", "<unique-id>missing<", 1)
	for name, c := range map[string]struct{ channels, want string }{
		"port taken":        {files + httpChannel, "can not listen on"},
		"directory missing": {files + missing, "does not exist; make it, or set create-dirs to true"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(dir, "a.xml"), "<adapter><channel-list>"+c.channels+"</channel-list></adapter>")
			p := spawn(t, dir, "run", path, "--embedded-kinesis", "127.0.0.1:0")
			if code := p.wait(t); code != exitFailed || !strings.Contains(p.err.String(), c.want) || !strings.Contains(p.err.String(), "adapterd: "+path+" did not start, and consumed nothing: ") {
				t.Errorf("exit %d\n%s", code, p.err.String())
			}
			if left := inputs(t, dir); len(left) != 5 || strings.Contains(strings.Join(left, " "), ".wip") {
				t.Errorf("the source holds %v", left)
			}
		})
	}
}

func TestTheBinaryDoesWhatItsExitCodesSay(t *testing.T) {
	dir := t.TempDir()
	good, bad := write(t, filepath.Join(dir, "good.xml"), "<channel><workflow/></channel>"), write(t, filepath.Join(dir, "bad.xml"), "<channel/>")
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitDone, nil, "Usage:"},
		{exitDone, []string{"version"}, "adapterd v1.2.3 "},
		{exitDone, []string{"check", good}, "runs: 0 errors"},
		{exitFailed, []string{"check", bad}, "does not run: 1 error"},
		{exitFailed, []string{"run", bad}, "nothing was started"},
		{exitUsage, []string{"chekc", good}, "did you mean check?"},
		{exitUsage, []string{"run"}, "want one document"},
		{exitFailed, []string{"components", "nothing"}, "there is no component"},
		{exitFailed, []string{"password", "decode"}, "standard input is empty"},
	} {
		p := spawn(t, dir, c.args...)
		if code := p.wait(t); code != c.code || !strings.Contains(p.out.String()+p.err.String(), c.want) {
			t.Errorf("%v: exit %d, want %d\n%s%s", c.args, code, c.code, p.out.String(), p.err.String())
		}
	}
}

// What a shell's user does: start Kinesis, put with run, look with tail, end all with Ctrl-C.
func TestKinesisRunAndTailWorkTogether(t *testing.T) {
	dir := t.TempDir()
	manyFiles(t, dir, 3)
	endpoint := spawn(t, dir, "kinesis", "127.0.0.1:0", "--stream", "orders:2")
	endpoint.says(t, "http://")
	url := regexp.MustCompile(`http://[^ ]+`).FindString(endpoint.out.String())
	tail := spawn(t, dir, "tail", "orders", "--endpoint", url)
	run := spawn(t, dir, "run", write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, pair("KinesisEndpoint", url))), "--until-idle", "100ms")
	if code := run.wait(t); code != exitDone {
		t.Errorf("run: exit %d\n%s", code, run.err.String())
	}
	for i := range 3 {
		tail.says(t, `  {"id":"`+strconv.Itoa(i)+`"}`)
	}
	for name, p := range map[string]*process{"tail": tail, "kinesis": endpoint} {
		p.signal(t, syscall.SIGINT)
		if code := p.wait(t); code != exitDone || p.err.String() != "" {
			t.Errorf("%s: exit %d\n%s", name, code, p.err.String())
		}
	}
}

func TestDemoStaysUpUntilItIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	p := spawn(t, dir, "demo")
	p.says(t, "Ctrl-C ends the demo")
	events := regexp.MustCompile(`http://\S+/events`).FindString(p.out.String())
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := post(ctx, events, `{"type":"order","id":"order-5"}`); err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
	p.says(t, "key order-5")
	p.signal(t, syscall.SIGINT)
	if code := p.wait(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.err.String())
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "adapterd-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
