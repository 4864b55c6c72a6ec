package page

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	// What the program is made of: with it, go test runs these tests again when any of that has changed.
	_ "github.com/adapterd/adapterd/configs"
	_ "github.com/adapterd/adapterd/pkg/admin"
	_ "github.com/adapterd/adapterd/pkg/kinesislocal"
)

// program runs the demo's document with an in-memory Kinesis, and returns where its page is and the directory that it works in.
func program(t *testing.T, flags ...string) (url, directory string) {
	t.Helper()
	directory = t.TempDir()
	binary := filepath.Join(directory, "adapterd")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/adapterd").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	run := exec.Command(binary, append([]string{
		"run", "../../configs/demo.xml", "--embedded-kinesis", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json",
		"--set", "kinesis.endpoint=http://127.0.0.1:1", "--set", "demo.directory=" + filepath.ToSlash(directory), "--set", "demo.http.port=0",
	}, flags...)...)
	out, err := run.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	found, ended := make(chan string, 1), make(chan []string, 1)
	go func() {
		var lines []string
		where := regexp.MustCompile(`"url": ?"(http[^"]*)"`)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines = append(lines, s.Text())
			if m := where.FindStringSubmatch(s.Text()); m != nil && len(found) == 0 {
				found <- m[1]
			}
		}
		ended <- lines
	}()
	t.Cleanup(func() {
		if err := run.Process.Signal(os.Interrupt); err != nil {
			_ = run.Process.Kill() // a system without interrupts
		}
		lines := <-ended
		err := run.Wait()
		if t.Failed() {
			t.Logf("the program ended with %v; it said\n%s", err, strings.Join(lines, "\n"))
		}
	})
	select {
	case url = <-found:
	case <-time.After(patience):
		t.Fatal("the program does not say where its page is")
	}
	return url, directory
}

// The page and the program, with nothing between them made up.
func TestPageOfTheProgram(t *testing.T) {
	b := newTab(t, 1280, 1700, map[string]string{"prefers-color-scheme": "light"})
	token := filepath.Join(t.TempDir(), "token")
	const secret = "0123456789abcdef-the-token"
	if err := os.WriteFile(token, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url, directory := program(t, "--admin-token-file", token)
	b.do(chromedp.Navigate(url))
	b.wait("the question for the token", `document.querySelector("#token").open`)
	b.do(chromedp.SendKeys(chromedp.CSS("#token-field"), secret+kb.Enter))
	b.wait("the verdict", `/^(All|Both|Channel)/.test(document.querySelector("#verdict-head").textContent)`)

	// What cannot be sent ends in the demo's directory of failed messages.
	put := func(name, text string) {
		whole := filepath.Join(directory, name) // a file that is still written would be taken as it is
		if err := os.WriteFile(whole, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(whole, filepath.Join(directory, "in", name)); err != nil {
			t.Fatal(err)
		}
	}
	var lines strings.Builder
	for i := range 500 {
		fmt.Fprintf(&lines, `{"type":"order","id":"customer-%d"}`+"\n", i)
	}
	put("good", lines.String())
	put("bad", "this is no JSON\n")
	b.wait("the stream and its shards", `document.querySelectorAll("#streams article tbody").length > 0`)
	b.wait("what was stored", `[...document.querySelectorAll("#streams dl div")].some((d) => d.textContent === "Stored500")`)
	b.wait("the failure", `document.querySelector("#failure-list li .reason")`)
	b.wait("the failed message", `document.querySelector("#failed-list li")`)
	b.click("#failed-list li button")
	b.wait("its payload", `document.querySelector("#reader pre")?.textContent.includes("this is no JSON")`)
	b.press(kb.Escape)

	b.click(`[aria-label="Channel files"] button:nth-child(1)`)
	b.click("#confirm-yes")
	b.wait("that it is stopped", `document.querySelector("#notices").textContent.includes("Channel files is stopped.")`)
	b.wait("the verdict", `document.querySelector("#verdict-head").textContent.includes("files is stopped")`)
	b.click(`[aria-label="Channel files"] button:nth-child(1)`)
	b.has("#confirm", "Start channel files?")
	b.click("#confirm-yes")
	b.wait("that it runs", `document.querySelector("#notices").textContent.includes("Channel files runs.")`)
	b.click("#flush")
	b.click("#confirm-yes")
	b.wait("the flush", `document.querySelector("#notices").textContent.includes("Flushed")`)
	b.click("#reload")
	b.click("#confirm-yes")
	b.wait("the reload", `document.querySelector("#notices").textContent.includes("Reloaded: nothing has changed.")`)

	b.click("#failed-all")
	b.click("#failed-drop")
	b.click("#confirm-yes")
	b.wait("that nothing is left", `!document.querySelector("#failed-none").hidden`)
	if alerts := b.text("#alerts"); alerts != "" {
		t.Errorf("something went wrong: %s", alerts)
	}
}
