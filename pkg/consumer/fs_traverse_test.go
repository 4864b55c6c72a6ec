package consumer

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

func traversing(t testing.TB, dir, fields string) (*TraversingFS, *taker) {
	t.Helper()
	f := decode[*TraversingFS](t, `<traversing-fs-consumer><base-directory-url>`+dir+`</base-directory-url><poller class="test-never-poller"/><file-sorter class="fs-sort-alphabetic"/>`+fields+`</traversing-fs-consumer>`)
	k := new(taker)
	start(t, f, k.handle)
	return f, k
}

// tree makes a/1, a/b/2, c/3 and 4 in a directory.
func tree(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700), os.Mkdir(filepath.Join(dir, "c"), 0o700)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a"), "1")
	write(t, filepath.Join(dir, "a", "b"), "2")
	write(t, filepath.Join(dir, "c"), "3")
	write(t, dir, "4")
	return dir
}

// paths lists the files below a directory.
func paths(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			out = append(out, filepath.ToSlash(name))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTraversingTakesTheFilesOfAllDirectories(t *testing.T) {
	dir := tree(t)
	f, k := traversing(t, dir, "")
	f.poll(t.Context(), 0)
	offers := wantOffers(t, k, "4", "1", "2", "3")
	if got := offers[2].metadata("fsParentDir"); got != "b" {
		t.Errorf("fsParentDir is %s", got)
	}
	if got := offers[2].metadata("fsConsumeDir"); runtime.GOOS != "windows" && got != dir+"/a/b/" {
		t.Errorf("fsConsumeDir is %s", got)
	}
	if diff := cmp.Diff([]string{"4.wip", "a/1.wip", "a/b/2.wip", "c/3.wip"}, paths(t, dir)); diff != "" {
		t.Error(diff)
	}
	for i, err := range []error{nil, nil, errors.New("failed"), component.ErrStopped} {
		offers[i].done(err)
	}
	if diff := cmp.Diff([]string{"a/b/2.wip", "c/3"}, paths(t, dir)); diff != "" {
		t.Error(diff)
	}
	stop(t, f)
	again, k := traversing(t, dir, "<reset-wip-files>true</reset-wip-files>")
	again.poll(t.Context(), 0)
	for _, o := range wantOffers(t, k, "2", "3") {
		o.done(nil)
	}
	stop(t, again)
	if got := paths(t, dir); got != nil {
		t.Errorf("left: %v", got)
	}
}

func TestTraversingHonoursLimitAndFilter(t *testing.T) {
	dir := tree(t)
	f, k := traversing(t, dir, "<filter-expression>[123]</filter-expression>")
	if !f.poll(t.Context(), 2) {
		t.Error("the poll had no work")
	}
	offers := wantOffers(t, k, "1", "2")
	f.poll(t.Context(), 2)
	for _, o := range append(offers, wantOffers(t, k, "3")...) {
		o.done(nil)
	}
	if f.poll(t.Context(), 2) {
		t.Error("a poll without files had work")
	}
	stop(t, f)
}

func TestTraversingDoesNotRunInCircles(t *testing.T) {
	dir, other := tree(t), t.TempDir()
	write(t, other, "5")
	if err := errors.Join(os.Symlink(dir, filepath.Join(dir, "a", "up")), os.Symlink(other, filepath.Join(dir, "other"))); err != nil {
		t.Skip(err)
	}
	f, k := traversing(t, dir, "")
	f.poll(t.Context(), 0)
	got := payloads(k.offers)
	slices.Sort(got)
	if strings.Join(got, "") != "12345" {
		t.Errorf("offered %v", got)
	}
	for _, o := range k.take() {
		o.done(nil)
	}
	stop(t, f)
	if got := len(f.directories()); got != 5 { // a, b, c, other and itself
		t.Errorf("%d directories: %v", got, f.directories())
	}
}

func TestLargeFilesAreConsumedAsOthers(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a")
	f := decode[*LargeFS](t, `<large-fs-consumer><base-directory-url>`+dir+`</base-directory-url><poller class="test-never-poller"/><message-factory class="file-backed-message-factory"/></large-fs-consumer>`)
	k := new(taker)
	start(t, f, k.handle)
	f.poll(t.Context(), 0)
	wantFiles(t, dir, "a.wip=a")
	wantOffers(t, k, "a")[0].done(nil)
	wantFiles(t, dir)
	stop(t, f)
}

// What an error handler keeps beside the messages that it writes are no messages.
func TestTraversingLeavesDetailsOfFailedMessagesAlone(t *testing.T) {
	dir := tree(t)
	for _, d := range []string{dir, filepath.Join(dir, "a")} {
		if err := os.Mkdir(filepath.Join(d, ".adapterd"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(d, ".adapterd"), "details.json", "details.json.wip")
	}
	f, k := traversing(t, dir, "<reset-wip-files>true</reset-wip-files>")
	f.poll(t.Context(), 0)
	wantOffers(t, k, "4", "1", "2", "3")
	if n := len(f.directories()); n != 4 {
		t.Errorf("%v are watched", f.directories())
	}
	if !slices.Contains(paths(t, dir), "a/.adapterd/details.json.wip") {
		t.Errorf("left %v", paths(t, dir))
	}
}
