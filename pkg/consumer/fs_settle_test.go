package consumer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestFileIsDeletedWhenItsMessageIsDone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in box")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f, k := startFS(t, "file://"+strings.ReplaceAll(filepath.ToSlash(dir), " ", "%20"), "")
	write(t, dir, "a.txt=content", "empty=")
	modified := time.UnixMilli(1_700_000_000_123)
	if err := os.Chtimes(filepath.Join(dir, "a.txt"), modified, modified); err != nil {
		t.Fatal(err)
	}
	if !f.poll(t.Context(), 0) {
		t.Error("the poll had no work")
	}
	offers := k.take()
	slices.SortFunc(offers, func(a, b offer) int { return strings.Compare(a.metadata("originalname"), b.metadata("originalname")) })
	if len(offers) != 2 {
		t.Fatalf("%d messages", len(offers))
	}
	got := map[string]string{}
	for _, key := range offers[0].m.MetadataKeys() {
		got[key] = offers[0].metadata(key)
	}
	want := map[string]string{"originalname": "a.txt", "lastmodified": "1700000000123", "fsFileSize": "7", "fsParentDir": "in box",
		"fsConsumeDir": strings.ReplaceAll(filepath.ToSlash(dir), " ", "%20") + "/"}
	if runtime.GOOS != "windows" {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"content", ""}, payloads(offers)); diff != "" {
		t.Errorf("payloads (-want +got):\n%s", diff)
	}
	wantFiles(t, dir, "a.txt.wip=content", "empty.wip=")
	if f.poll(t.Context(), 0) || len(k.take()) > 0 {
		t.Error("files under way are consumed again")
	}
	if !f.IdleSince().IsZero() {
		t.Error("idle while messages have no outcome")
	}
	offers[0].done(nil)
	offers[1].done(nil)
	wantFiles(t, dir)
	stop(t, f)
	stop(t, f)
}

func TestOutcomeDecidesAboutTheFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "delivered", "failed", "stopped", "taken")
	f, k := startFS(t, dir, `<file-sorter class="fs-sort-alphabetic"/>`)
	f.poll(t.Context(), 0)
	offers := k.take()
	write(t, dir, "taken=another")
	for i, err := range []error{nil, errors.New("failed"), fmt.Errorf("given back: %w", component.ErrStopped), component.ErrStopped} {
		offers[i].done(err)
	}
	wantFiles(t, dir, "failed.wip=failed", "stopped=stopped", "taken=another", "taken.wip=taken")
	stop(t, f)
}

// A consumer that stopped without time hears of its message when another consumer of the directory is at work there.
func TestALateOutcomeLeavesOtherFilesAlone(t *testing.T) {
	for name, outcome := range map[string]error{"delivered": nil, "given back": component.ErrStopped, "failed": errors.New("failed")} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			old, k := startFS(t, dir, "")
			write(t, dir, "a=one")
			before := time.UnixMilli(1_700_000_000_123)
			if err := os.Chtimes(filepath.Join(dir, "a"), before, before); err != nil {
				t.Fatal(err)
			}
			old.poll(t.Context(), 0)
			late := k.take()[0]
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := old.Stop(ctx); err == nil {
				t.Error("stopped with a message under way")
			}
			next, k := startFS(t, dir, "<reset-wip-files>true</reset-wip-files>")
			next.poll(t.Context(), 0)
			wantOffers(t, k, "one")[0].done(nil)
			write(t, dir, "a=two")
			next.poll(t.Context(), 0)
			two := wantOffers(t, k, "two")[0]
			late.done(outcome)
			two.done(errors.New("failed"))
			if outcome != component.ErrStopped {
				wantFiles(t, dir, "a.wip=two")
			} else if left := files(t, dir); len(left) != 1 || !strings.HasSuffix(left[0], "=two") {
				t.Errorf("left: %q", left) // it may have its name back where the system gave it the number of the first one
			}
			stop(t, next)
		})
	}
}

func TestAFileThatChangesUnderWayIsNotDeleted(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "delivered", "stopped")
	f, k := fsConsumer(t, dir, `<file-sorter class="fs-sort-alphabetic"/>`), new(taker)
	ctx, logs := observed(t)
	f.Bind(k.handle)
	if err := errors.Join(f.Init(ctx), f.Start(ctx)); err != nil {
		t.Fatal(err)
	}
	f.poll(ctx, 0)
	offers := wantOffers(t, k, "delivered", "stopped")
	write(t, dir, "delivered.wip=delivered and more", "stopped.wip=stopped and more")
	offers[0].done(nil)
	offers[1].done(component.ErrStopped)
	wantFiles(t, dir, "delivered.wip=delivered and more", "stopped=stopped and more")
	if logs.FilterMessageSnippet("has changed since").Len() != 1 {
		t.Errorf("log: %v", logs.All())
	}
	stop(t, f)
}

func TestResetWIP(t *testing.T) {
	before := []string{"a.wip=a", "b=new", "b.wip=old", "c=c", ".wip=only the suffix", "." + strings.Repeat("A", 26) + ".wip=half"}
	for _, c := range []struct {
		fields string
		want   []string
		told   string
	}{
		{`<reset-wip-files>true</reset-wip-files>`, []string{"." + strings.Repeat("A", 26) + ".wip=half", ".wip=only the suffix", "a=a", "b=new", "b.wip=old", "c=c"}, "another file has its name now"},
		{``, []string{"." + strings.Repeat("A", 26) + ".wip=half", ".wip=only the suffix", "a.wip=a", "b=new", "b.wip=old", "c=c"}, "reset-wip-files is not set"},
	} {
		t.Run(c.fields, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, before...)
			if err := os.Mkdir(filepath.Join(dir, "d.wip"), 0o700); err != nil {
				t.Fatal(err)
			}
			f := fsConsumer(t, dir, c.fields)
			ctx, logs := observed(t)
			if err := f.Init(ctx); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, dir, append(c.want, "d.wip=(d---------)")...)
			if logs.FilterMessageSnippet(c.told).Len() != 1 {
				t.Errorf("the log: %v", logs.All())
			}
		})
	}
}

func TestStopWaitsForOutcomesAndEndsThePoll(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprint(i))
	}
	write(t, dir, names...)
	f := decode[*FS](t, `<fs-consumer><base-directory-url>`+dir+`</base-directory-url><poller class="test-always-poller"/></fs-consumer>`)
	got := make(chan offer)
	start(t, f, func(_ context.Context, m *message.Message, done func(error)) { got <- offer{m, done} })
	first := <-got
	stopped := make(chan error)
	go func() { stopped <- f.Stop(context.Background()) }()
	select {
	case err := <-stopped:
		t.Fatalf("stopped before the outcome: %v", err)
	case second := <-got: // offered before the poll saw the stop
		second.done(component.ErrStopped)
	case <-time.After(50 * time.Millisecond):
	}
	first.done(nil)
	for {
		select {
		case o := <-got:
			o.done(component.ErrStopped)
			continue
		case err := <-stopped:
			if err != nil {
				t.Error(err)
			}
		}
		break
	}
	if left := files(t, dir); len(left) != 49 {
		t.Errorf("%d files are left: %v", len(left), left)
	}
	for _, name := range files(t, dir) {
		if strings.Contains(name, ".wip") {
			t.Errorf("%s keeps its suffix", name)
		}
	}
}

func TestStartWhileThePollStillRunsIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a")
	f := decode[*FS](t, `<fs-consumer><base-directory-url>`+dir+`</base-directory-url></fs-consumer>`)
	inside, let := make(chan struct{}), make(chan struct{})
	start(t, f, func(_ context.Context, _ *message.Message, done func(error)) {
		close(inside)
		<-let
		done(nil)
	})
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Stop(ctx); err == nil {
		t.Error("stop: no error")
	}
	if err := f.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "can not start") {
		t.Errorf("start: %v", err)
	}
	close(let)
	stop(t, f)
	wantFiles(t, dir)
}

func TestRenameNewReplacesNothing(t *testing.T) {
	for name, rename := range map[string]func(from, to string) error{"system": renameNew, "fallback": renameIfFree} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a", "b")
			path := func(name string) string { return filepath.Join(dir, name) }
			if err := rename(path("a"), path("b")); !errors.Is(err, os.ErrExist) {
				t.Errorf("taken: %v", err)
			}
			if err := rename(path("x"), path("y")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("missing: %v", err)
			}
			if err := rename(path("a"), path("c")); err != nil {
				t.Error(err)
			}
			wantFiles(t, dir, "b=b", "c=a")
		})
	}
}
