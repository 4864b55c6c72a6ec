package consumer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

func startKeeping(t testing.TB, dir, fields string) (*NonDeletingFS, *taker) {
	t.Helper()
	f := decode[*NonDeletingFS](t, `<non-deleting-fs-consumer><base-directory-url>`+dir+`</base-directory-url><poller class="test-never-poller"/><file-sorter class="fs-sort-alphabetic"/>`+fields+`</non-deleting-fs-consumer>`)
	k := new(taker)
	start(t, f, k.handle)
	return f, k
}

func wantOffers(t testing.TB, k *taker, want ...string) []offer {
	t.Helper()
	offers := k.take()
	if got := payloads(offers); !slices.Equal(got, want) {
		t.Errorf("offered %q, want %q", got, want)
	}
	return offers
}

func TestKeptFilesAreConsumedWhenTheyAreNewOrChanged(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", "b")
	f, k := startKeeping(t, dir, "")
	if !f.poll(t.Context(), 0) {
		t.Error("the poll had no work")
	}
	offers := wantOffers(t, k, "a", "b")
	f.poll(t.Context(), 0)
	wantOffers(t, k) // under way
	offers[0].done(nil)
	offers[1].done(nil)
	if f.poll(t.Context(), 0) {
		t.Error("a poll without news had work")
	}
	wantOffers(t, k)
	write(t, dir, "a=larger", "c")
	if err := os.Chtimes(filepath.Join(dir, "b"), time.Time{}, time.UnixMilli(1_700_000_000_123)); err != nil {
		t.Fatal(err)
	}
	f.poll(t.Context(), 0)
	for _, o := range wantOffers(t, k, "larger", "b", "c") {
		o.done(nil)
	}
	stop(t, f)
	stop(t, f)
	wantFiles(t, dir, "a=larger", "b=b", "c=c")
}

func TestAKeptFileThatChangesUnderWayComesAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a")
	f, k := startKeeping(t, dir, "")
	f.poll(t.Context(), 0)
	offers := wantOffers(t, k, "a")
	write(t, dir, "a=changed")
	f.poll(t.Context(), 0)
	wantOffers(t, k)
	offers[0].done(nil)
	f.poll(t.Context(), 0)
	for _, o := range wantOffers(t, k, "changed") {
		o.done(nil)
	}
	stop(t, f)
}

func TestOutcomeDecidesWhetherAFileIsRemembered(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "delivered", "failed", "stopped")
	f, k := startKeeping(t, dir, "")
	f.poll(t.Context(), 0)
	for i, err := range []error{nil, errors.New("failed"), fmt.Errorf("given back: %w", component.ErrStopped)} {
		k.offers[i].done(err)
	}
	k.take()
	f.poll(t.Context(), 0)
	again := wantOffers(t, k, "stopped")
	again[0].done(nil)
	write(t, dir, "failed=mended by hand")
	f.poll(t.Context(), 0)
	wantOffers(t, k, "mended by hand")[0].done(errors.New("failed"))
	f.poll(t.Context(), 0)
	wantOffers(t, k)
	stop(t, f)
	// Another start tries again what had failed.
	start(t, f, k.handle)
	f.poll(t.Context(), 0)
	wantOffers(t, k, "mended by hand")[0].done(nil)
	stop(t, f)
}

const storeField = `<processed-item-cache class="fs-xstream-processed-item-cache"><persistent-store>%s</persistent-store></processed-item-cache>`

// A crash is a consumer that is never stopped, and another one of the same directory.
func TestAfterACrashOnlyRememberedFilesStayAway(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "new", "processed.xml")
	fields := fmt.Sprintf(storeField, store)
	write(t, dir, "a", "b", "c")
	crashed, k := startKeeping(t, dir, fields)
	crashed.poll(t.Context(), 0)
	offers := wantOffers(t, k, "a", "b", "c")
	offers[0].done(nil)
	crashed.poll(t.Context(), 0) // keeps what is remembered
	offers[1].done(nil)          // too late for that

	f, k := startKeeping(t, dir, fields)
	f.poll(t.Context(), 0)
	for _, o := range wantOffers(t, k, "b", "c") {
		o.done(nil)
	}
	stop(t, f)
	next, k := startKeeping(t, dir, fields)
	next.poll(t.Context(), 0)
	wantOffers(t, k)
	stop(t, next)
	offers[2].done(nil)
	stop(t, crashed)
	wantFiles(t, dir, "a=a", "b=b", "c=c")
}

func TestStoreOfInterlokIsRead(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "processed.xml")
	write(t, dir, "a & b", "c")
	modified := time.UnixMilli(1_700_000_000_123)
	real, err := filepath.EvalSymlinks(dir)
	if err = errors.Join(err, os.Chtimes(filepath.Join(dir, "a & b"), modified, modified)); err != nil {
		t.Fatal(err)
	}
	text := `<processed-item-list>
  <processed-items>
    <processed-item>
      <absolute-path>` + real + `/a &amp; b</absolute-path>
      <last-modified>1700000000123</last-modified>
      <filesize>5</filesize>
      <last-processed>1</last-processed>
    </processed-item>
  </processed-items>
</processed-item-list>`
	if err := os.WriteFile(store, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, k := startKeeping(t, dir, fmt.Sprintf(storeField, store))
	f.poll(t.Context(), 0)
	wantOffers(t, k, "c")[0].done(nil)
	stop(t, f)
	written, err := os.ReadFile(store)
	if err != nil || !strings.Contains(string(written), "<absolute-path>"+real+"/a &amp; b</absolute-path>") || !strings.Contains(string(written), real+"/c<") {
		t.Errorf("store: %v %s", err, written)
	}
}

func TestBadStoreIsRefused(t *testing.T) {
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "processed.xml")
	for name, text := range map[string]string{
		"no XML":       "a\n",
		"other XML":    "<list/>",
		"empty":        "",
		"without path": "<processed-item-list><processed-items><processed-item><filesize>1</filesize></processed-item></processed-items></processed-item-list>",
		"no number":    "<processed-item-list><processed-items><processed-item><absolute-path>a</absolute-path><filesize>x</filesize></processed-item></processed-items></processed-item-list>",
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(store, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			f := decode[*NonDeletingFS](t, `<non-deleting-fs-consumer><base-directory-url>`+dir+`</base-directory-url>`+fmt.Sprintf(storeField, store)+`</non-deleting-fs-consumer>`)
			if err := f.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "move it away") {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestWithoutCacheEachPollConsumesAll(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a")
	f, k := startKeeping(t, dir, `<processed-item-cache class="fs-no-processed-item-cache"/>`)
	for range 2 {
		f.poll(t.Context(), 0)
		wantOffers(t, k, "a")[0].done(nil)
	}
	stop(t, f)
}

func TestCacheForgetsWhatIsGone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "gone", "there")
	synctest.Test(t, func(t *testing.T) {
		f, k := startKeeping(t, dir, `<processed-item-cache class="fs-inline-processed-item-cache"><age-before-eviction><unit>HOURS</unit><interval>1</interval></age-before-eviction></processed-item-cache>`)
		f.poll(t.Context(), 0)
		for _, o := range k.take() {
			o.done(nil)
		}
		if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
			t.Fatal(err)
		}
		for _, hours := range []time.Duration{0, 1, 1} {
			time.Sleep(hours*time.Hour + time.Second)
			f.poll(t.Context(), 0)
			wantOffers(t, k)
		}
		c := f.Cache.(*InlineCache)
		if len(c.items) != 1 {
			t.Errorf("remembered: %v", c.items)
		}
		stop(t, f)
	})
}

// Files behind the limit of a poll are there all the same.
func TestPollThatSawOnlyAPartForgetsNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", "z")
	f, k := startKeeping(t, dir, "")
	f.poll(t.Context(), 0)
	for _, o := range k.take() {
		o.done(nil)
	}
	c := f.Cache.(*InlineCache)
	for path, i := range c.items {
		i.Processed = 1
		c.items[path] = i
	}
	write(t, dir, "b", "c")
	f.poll(t.Context(), 1)
	wantOffers(t, k, "b")[0].done(nil)
	f.poll(t.Context(), 0)
	wantOffers(t, k, "c")[0].done(nil)
	stop(t, f)
}

func TestKeptFilesAreCopiedWhenTheirMessageIsDone(t *testing.T) {
	dir, proc := t.TempDir(), filepath.Join(t.TempDir(), "proc")
	write(t, dir, "a", "b", "c")
	modified := time.UnixMilli(1_700_000_000_123)
	if err := os.Chtimes(filepath.Join(dir, "a"), modified, modified); err != nil {
		t.Fatal(err)
	}
	f := decode[*MovingFS](t, `<moving-non-deleting-fs-consumer><base-directory-url>`+dir+`</base-directory-url><poller class="test-never-poller"/><file-sorter class="fs-sort-alphabetic"/><processed-path>`+proc+`</processed-path></moving-non-deleting-fs-consumer>`)
	k := new(taker)
	ctx, logs := observed(t)
	f.Bind(k.handle)
	if err := errors.Join(f.Init(ctx), f.Start(ctx)); err != nil {
		t.Fatal(err)
	}
	f.poll(ctx, 0)
	if _, err := os.Stat(proc); err == nil {
		t.Error("there are copies before the outcome")
	}
	offers := wantOffers(t, k, "a", "b", "c")
	offers[0].done(nil)
	write(t, proc, "b=old")
	offers[1].done(nil)
	offers[2].done(errors.New("failed"))
	wantFiles(t, proc, "a=a", "b=old")
	info, err := os.Stat(filepath.Join(proc, "a"))
	if err != nil || !info.ModTime().Equal(modified) {
		t.Errorf("copy: %v %v", info, err)
	}
	if logs.FilterMessageSnippet("not copied").Len() != 1 {
		t.Errorf("log: %v", logs.All())
	}
	f.poll(ctx, 0)
	wantOffers(t, k)
	stop(t, f)
	wantFiles(t, dir, "a=a", "b=b", "c=c")
}

func TestTheCopyIsWhatWasDelivered(t *testing.T) {
	dir, proc := t.TempDir(), t.TempDir()
	f := decode[*MovingFS](t, `<moving-non-deleting-fs-consumer><base-directory-url>`+dir+`</base-directory-url><poller class="test-never-poller"/><file-sorter class="fs-sort-alphabetic"/><processed-path>`+proc+`</processed-path></moving-non-deleting-fs-consumer>`)
	k := new(taker)
	start(t, f, k.handle)
	write(t, dir, "a=one", "b=two")
	f.poll(t.Context(), 0)
	offers := wantOffers(t, k, "one", "two")
	write(t, dir, "a=another")
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	for _, o := range offers {
		o.done(nil)
	}
	wantFiles(t, proc, "a=one", "b=two")
	f.poll(t.Context(), 0)
	wantOffers(t, k, "another")[0].done(nil)
	wantFiles(t, proc, "a=one", "b=two")
	stop(t, f)
}

func TestKeepingConsumersRefuse(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"wip-suffix":     {`<non-deleting-fs-consumer><base-directory-url>in</base-directory-url><wip-suffix>.x</wip-suffix></non-deleting-fs-consumer>`, "<wip-suffix> is no element of non-deleting-fs-consumer"},
		"same directory": {`<moving-non-deleting-fs-consumer><base-directory-url>in</base-directory-url><processed-path>./in</processed-path></moving-non-deleting-fs-consumer>`, "must stand in another directory"},
		"blank path":     {`<moving-non-deleting-fs-consumer><base-directory-url>in</base-directory-url><processed-path> </processed-path></moving-non-deleting-fs-consumer>`, "is blank"},
		"no directory":   {`<non-deleting-fs-consumer/>`, "has no <base-directory-url>"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decodeAny[component.Consumer](t, c.xml); !strings.Contains(problems, c.want) {
				t.Errorf("got %s\nwant %s", problems, c.want)
			}
		})
	}
	f := decode[*NonDeletingFS](t, `<non-deleting-fs-consumer><base-directory-url>`+t.TempDir()+`/none</base-directory-url></non-deleting-fs-consumer>`)
	if err := f.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "non-deleting-fs-consumer: the directory") {
		t.Errorf("error: %v", err)
	}
	if err := f.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func FuzzParseStore(f *testing.F) {
	f.Add([]byte("<processed-item-list><processed-items><processed-item><absolute-path>/a</absolute-path><last-modified>1</last-modified></processed-item></processed-items></processed-item-list>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		items, err := parseStore(text)
		if err != nil {
			return
		}
		c := &StoredCache{path: filepath.Join(t.TempDir(), "store")}
		for _, i := range items {
			c.put(i)
		}
		if err := c.save(); err != nil {
			t.Fatal(err)
		}
		again := &StoredCache{path: c.path}
		written, err := os.ReadFile(c.path)
		if len(items) == 0 {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if again.items, err = parseStore(written); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(items, again.items); diff != "" {
			t.Error(diff)
		}
	})
}

// What comes from the consumer before is newer than what stands in the file of the cache, if that could not be written at its end.
func TestTheLaterOfTwoMemoriesCounts(t *testing.T) {
	old, next := &NonDeletingFS{Cache: new(InlineCache)}, &NonDeletingFS{Cache: new(InlineCache)}
	for _, i := range []item{{Path: "newer", Size: 2, Processed: 2}, {Path: "older", Size: 2, Processed: 2}, {Path: "only", Size: 2, Processed: 2}} {
		old.Cache.put(i)
	}
	next.Cache.put(item{Path: "newer", Size: 1, Processed: 1})
	next.Cache.put(item{Path: "older", Size: 3, Processed: 3})
	next.takeOver(old)
	for path, size := range map[string]int64{"newer": 2, "older": 3, "only": 2} {
		if got := next.Cache.known()[path].Size; got != size {
			t.Errorf("%s: size %d, want %d", path, got, size)
		}
	}
}
