package consumer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"
)

func TestFileWaitsWhileOneOfItsNameHasTheSuffix(t *testing.T) {
	dir := t.TempDir()
	ctx, logs := observed(t)
	f, k := fsConsumer(t, dir, ""), new(taker)
	f.Bind(k.handle)
	if err := errors.Join(f.Init(ctx), f.Start(ctx)); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "a=first")
	f.poll(ctx, 0)
	first := k.take()[0]
	write(t, dir, "a=second")
	for range 3 {
		if f.poll(ctx, 0) {
			t.Error("a file that waits counts as work")
		}
	}
	wantFiles(t, dir, "a=second", "a.wip=first")
	if n := logs.FilterMessageSnippet("file is not consumed").Len(); n != 1 {
		t.Errorf("told %d times", n)
	}
	first.done(nil)
	f.poll(ctx, 0)
	second := k.take()
	if diff := cmp.Diff([]string{"second"}, payloads(second)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(f.told) > 0 {
		t.Errorf("still complains of %v", f.told)
	}
	second[0].done(nil)
	stop(t, f)
}

func TestQuietInterval(t *testing.T) {
	dir := t.TempDir()
	f, k := startFS(t, dir, `<quiet-interval><unit>MINUTES</unit><interval>1</interval></quiet-interval>`)
	write(t, dir, "young", "old", "future")
	for name, age := range map[string]time.Duration{"old": 2 * time.Minute, "future": -time.Hour} {
		at := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if !f.poll(t.Context(), 0) {
		t.Error("files that are too young are no work to come")
	}
	if diff := cmp.Diff([]string{"old"}, payloads(k.take())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	at := time.Now().Add(-61 * time.Second)
	if err := os.Chtimes(filepath.Join(dir, "young"), at, at); err != nil {
		t.Fatal(err)
	}
	f.poll(t.Context(), 0)
	if diff := cmp.Diff([]string{"young"}, payloads(k.take())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	<-f.finished
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Stop(ctx); err == nil || !strings.Contains(err.Error(), "2 messages have no outcome yet") {
		t.Errorf("stop: %v", err)
	}
}

func TestDirectoryThatVanishesIsTriedAgain(t *testing.T) {
	for _, create := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "in")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		f, k := startFS(t, dir, "<create-dirs>"+strconv.FormatBool(create)+"</create-dirs>")
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		f.poll(t.Context(), 0)
		if _, err := os.Stat(dir); (err == nil) != create {
			t.Errorf("create-dirs %v: %v", create, err)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, dir, "a")
		f.poll(t.Context(), 0)
		offers := k.take()
		if len(offers) != 1 {
			t.Fatalf("%d messages", len(offers))
		}
		offers[0].done(nil)
		stop(t, f)
	}
}

func TestMaxMessagesPerPoll(t *testing.T) {
	dir := t.TempDir()
	f, k := startFS(t, dir, `<max-messages-per-poll>2</max-messages-per-poll><file-sorter class="fs-sort-alphabetic"/>`)
	write(t, dir, "a", "b", "c", "d", "e", "a.wip=in the way")
	for _, want := range [][]string{{"b", "c"}, {"d", "e"}, nil} {
		f.poll(t.Context(), f.MaxPerPoll)
		offers := k.take()
		if diff := cmp.Diff(want, payloads(offers)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for _, o := range offers {
			o.done(nil)
		}
	}
	stop(t, f)
}

func TestSorters(t *testing.T) {
	for alias, want := range map[string][]string{
		"fs-sort-alphabetic":                                 {"B", "a", "b", "c"},
		"fs-sort-alphabetic-descending":                      {"c", "b", "a", "B"},
		"fs-sort-last-modified":                              {"c", "a", "B", "b"},
		"fs-sort-last-modified-descending":                   {"B", "b", "a", "c"},
		"fs-sort-size":                                       {"B", "c", "a", "b"},
		"fs-sort-size-descending":                            {"a", "b", "c", "B"},
		"com.adaptris.core.fs.enhanced.AlphabeticDescending": {"c", "b", "a", "B"},
	} {
		t.Run(alias, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a=333", "b=333", "B=1", "c=22")
			for name, age := range map[string]time.Duration{"c": 3 * time.Hour, "a": 2 * time.Hour, "b": time.Hour, "B": time.Hour} {
				at := time.Unix(1_700_000_000, 0).Add(-age)
				if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
					t.Fatal(err)
				}
			}
			f, k := startFS(t, dir, `<file-sorter class="`+alias+`"/>`)
			f.poll(t.Context(), 0)
			var got []string
			for _, o := range k.take() {
				got = append(got, o.metadata("originalname"))
				o.done(nil)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			stop(t, f)
		})
	}
}

// Other programs remove files too, at any moment of a poll.
func TestFilesThatVanishBotherNobody(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "gone", "there")
	ctx, logs := observed(t)
	f, k := fsConsumer(t, dir, ""), new(taker)
	f.Bind(k.handle)
	if err := errors.Join(f.Init(ctx), f.Start(ctx)); err != nil {
		t.Fatal(err)
	}
	entries, err := f.list(f.directory)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	all := make([]file, 0, 2)
	for _, e := range entries {
		all = append(all, file{name: e.Name(), directory: dir, entry: e, at: placeOf(dir)})
	}
	sorted := (&SortSize{}).sort(slices.Clone(all))
	if len(sorted) != 1 || sorted[0].name != "there" {
		t.Errorf("sorted: %v", sorted)
	}
	for _, c := range all {
		if f.consume(ctx, &c) != (c.name == "there") {
			t.Errorf("consumed %s", c.name)
		}
	}
	k.take()[0].done(nil)
	stop(t, f)
	if n := logs.FilterLevelExact(zapcore.WarnLevel).Len(); n > 0 {
		t.Errorf("the log: %v", logs.All())
	}
}

func TestFilesThatCanNotBeConsumedAreLeftAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("makes the files as Linux does")
	}
	dir := t.TempDir()
	long := strings.Repeat("n", 253)
	write(t, dir, "good", long+"=long")
	for name, target := range map[string]string{"unreadable": "/proc/self/mem", "dangling": "nowhere", "directory": "/tmp", "linked": filepath.Join(t.TempDir(), "elsewhere")} {
		if name == "linked" {
			if err := os.WriteFile(target, []byte("elsewhere"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	makePipe(t, filepath.Join(dir, "pipe"))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, logs := observed(t)
	f, k := fsConsumer(t, dir, `<file-sorter class="fs-sort-alphabetic"/>`), new(taker)
	f.Bind(k.handle)
	if err := errors.Join(f.Init(ctx), f.Start(ctx)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		f.poll(ctx, 0)
	}
	offers := k.take()
	if diff := cmp.Diff([]string{"good", "elsewhere"}, payloads(offers)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, o := range offers {
		o.done(nil)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"dangling", "directory", "folder", long, "pipe", "unreadable"}, names); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	complaints := logs.FilterMessageSnippet("file is not consumed")
	if complaints.Len() != 3 { // the long name, the pipe, the unreadable one; each once
		t.Errorf("the log: %v", complaints.All())
	}
	// A complaint is made again when the file was gone in between.
	if err := os.Remove(filepath.Join(dir, "pipe")); err != nil {
		t.Fatal(err)
	}
	f.poll(ctx, 0)
	makePipe(t, filepath.Join(dir, "pipe"))
	f.poll(ctx, 0)
	if n := logs.FilterMessageSnippet("file is not consumed").Len(); n != 4 {
		t.Errorf("%d complaints", n)
	}
	stop(t, f)
}
