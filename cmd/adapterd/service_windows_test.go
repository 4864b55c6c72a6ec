package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows/svc"
)

func TestAServiceIsStartedWithTheFlagsThatItWasInstalledWith(t *testing.T) {
	var s serviceFlags
	c := runCommandFor(new(runFlags))
	s.register(c)
	if err := c.ParseFlags([]string{"--name", "orders", "--directory", `C:\a b`, "--log-file", `C:\l.log`, "--set", "A=1,2", "--set", "B=x y", "--drain-timeout", "10s", "--watch"}); err != nil {
		t.Fatal(err)
	}
	if err := s.complete(); err != nil {
		t.Fatal(err)
	}
	want := []string{"service", "run", "adapter.xml", "--name=orders", `--directory=C:\a b`, `--log-file=C:\l.log`, "--drain-timeout=10s", "--set=A=1,2", "--set=B=x y", "--watch=true"}
	if got := s.arguments(c, "adapter.xml"); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNamesThatNoServiceMayHave(t *testing.T) {
	for _, name := range []string{"", `a\b`, "a/b", strings.Repeat("a", 81)} {
		if code, _, errOut := command(t, "service", "install", "a.xml", "--name", name); code != exitUsage || !strings.Contains(errOut, "--name is") {
			t.Errorf("%q: exit %d, %s", name, code, errOut)
		}
	}
	if code, _, errOut := command(t, "service", "run", "a.xml", "--log-file", filepath.Join(t.TempDir(), "a.log")); code != exitFailed || !strings.Contains(errOut, "adapterd run does the same on a console") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}

func TestAServicesLogIsRenamedWhenItIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "a.log")
	l, err := openServiceLog(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range keptServiceLogs + 3 {
		l.most = 10
		if _, err := l.Write([]byte(strings.Repeat(string(rune('a'+i)), 8) + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"": "g", ".1": "f", ".2": "e", ".3": "d", ".4": "c"} {
		if text, err := os.ReadFile(path + name); err != nil || string(text) != strings.Repeat(want, 8)+"\n" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if files, _ := filepath.Glob(path + "*"); len(files) != keptServiceLogs+1 {
		t.Errorf("%q", files)
	}
}

func TestTheServiceManagerIsToldHowFarAServiceIs(t *testing.T) {
	h := &serviceHandler{state: &serviceState{}, asked: &requests{stop: make(chan os.Signal, 2), reload: make(chan os.Signal, 1)}, drain: new(10 * time.Second)}
	h.run = func() error {
		h.state.ready("")
		<-h.asked.reload
		<-h.asked.stop
		h.state.stopping()
		h.state.ready("too late")
		return errReported
	}
	asked, told, code := make(chan svc.ChangeRequest), make(chan svc.Status, 10), make(chan uint32, 1)
	go func() {
		_, c := h.Execute(nil, asked, told)
		code <- c
	}()
	if s := <-told; s.State != svc.StartPending || s.WaitHint != 120000 {
		t.Errorf("%+v", s)
	}
	if s := <-told; s.State != svc.Running || s.Accepts != accepted {
		t.Errorf("%+v", s)
	}
	asked <- svc.ChangeRequest{Cmd: svc.Interrogate}
	if s := <-told; s.State != svc.Running {
		t.Errorf("%+v", s)
	}
	asked <- svc.ChangeRequest{Cmd: svc.ParamChange}
	asked <- svc.ChangeRequest{Cmd: svc.Stop}
	if s := <-told; s.State != svc.StopPending || s.WaitHint != 40000 {
		t.Errorf("%+v", s)
	}
	if c := <-code; c != exitFailed || h.err != errReported {
		t.Errorf("%d, %v", c, h.err)
	}
	if len(told) > 0 {
		t.Errorf("after the end: %+v", <-told)
	}
}
