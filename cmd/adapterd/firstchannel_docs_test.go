//go:build unix

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// A newcomer does what docs/first-channel.md says, in an empty directory, and sees what it shows.
func TestTheFirstChannelIsAsItsPageShowsIt(t *testing.T) {
	page := sections(t, "first-channel.md", "##")
	blocks := regexp.MustCompile("(?s)```xml\n(.*?)```").FindAllStringSubmatch(page["1. Write the channel"]+page["5. See it fail"], -1)
	if len(blocks) != 2 {
		t.Fatalf("%d documents on the page, want the channel and its error handler", len(blocks))
	}
	document, handler := blocks[0][1], blocks[1][1]
	// said are the lines of a step that are no command.
	said := func(step string) (all []string) {
		for _, line := range shownLines(page[step]) {
			if !regexp.MustCompile(`^(adapterd [a-z]|echo |mv | *<)`).MatchString(line) {
				all = append(all, line)
			}
		}
		if len(all) == 0 {
			t.Fatalf("the page shows nothing in step %s", step)
		}
		return all
	}
	dir := t.TempDir()
	done := func(args ...string) string {
		p := spawn(t, dir, args...)
		p.wait(t)
		return p.out.String() + p.err.String()
	}
	file := filepath.Join(dir, "orders.xml")

	write(t, file, strings.ReplaceAll(document, "partition-key>", "partition-kee>"))
	wrong := done("check", "orders.xml")
	write(t, file, document)
	wantShown(t, done("check", "orders.xml")+wrong, said("2. Ask what it thinks of it")...)

	write(t, filepath.Join(dir, "order.json"), `{"customer":"ada","item":"soup","amount":4}`+"\n")
	explained := done("explain", "orders.xml", "--payload", "order.json", "--shards", "4")
	for _, line := range said("3. See what would happen to a message") {
		if !strings.Contains(explained, line+"\n") {
			t.Errorf("the page shows\n%s\nand the program says\n%s", line, explained)
		}
	}

	run := spawn(t, dir, "run", "orders.xml", "--embedded-kinesis", "127.0.0.1:0")
	run.says(t, "adapter started")
	endpoint := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(run.err.String())
	move := func(name, to string) {
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	move("order.json", "in/order-1.json")
	tail := done("tail", "orders", "--endpoint", endpoint, "--count", "1")
	wantShown(t, run.err.String()+tail, said("4. Run it, with a Kinesis in memory")...)
	await(t, "an empty directory", func() bool {
		left, err := os.ReadDir(filepath.Join(dir, "in"))
		return err == nil && len(left) == 0
	})

	write(t, filepath.Join(dir, "note"), "no json\n")
	move("note", "in/note")
	run.says(t, "file keeps its wip-suffix")
	run.signal(t, syscall.SIGINT)
	if code := run.wait(t); code != exitDone {
		t.Errorf("exit %d\n%s", code, run.err.String())
	}
	write(t, file, strings.Replace(document, "  <produce-connection", handler+"  <produce-connection", 1))
	job := done("run", "orders.xml", "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "1500ms")
	wantShown(t, run.err.String()+job+done("failed", "list", "orders.xml"), said("5. See it fail")...)
}
