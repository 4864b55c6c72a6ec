package failed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/adapterd/adapterd/pkg/message"
)

func toFiles(source string) func(*Message) (*Workflow, error) {
	return func(*Message) (*Workflow, error) {
		return &Workflow{Channel: "ch", ID: "wf", Consumer: "fs-consumer", Source: source, WIPSuffix: ".wip"}, nil
	}
}

func toHTTP(*Message) (*Workflow, error) {
	return &Workflow{Channel: "ch", ID: "wf", Consumer: "jetty-message-consumer"}, nil
}

func named(file string) func(*Details) { return func(d *Details) { d.File = Text(file) } }

// room is a directory of failed messages and one of new ones.
func room(t testing.TB) (dir, in string) {
	t.Helper()
	root := t.TempDir()
	dir, in = filepath.Join(root, "failed"), filepath.Join(root, "in")
	for _, d := range []string{dir, in} {
		if err := os.Mkdir(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return dir, in
}

func TestRetryPutsTheFileBackUnderItsName(t *testing.T) {
	dir, in := room(t)
	fail(t, dir, "id-7", "payload", named("7.json"))
	put(t, filepath.Join(dir, "foreign"), "other")
	var k Desk
	planned, err := k.Retry(t.Context(), dir, "id-7", Retry{Route: toFiles(in), DryRun: true})
	if err != nil || planned.File != filepath.Join(in, "7.json") || len(names(t, in)) > 0 {
		t.Fatalf("%+v, %v", planned, err)
	}
	for name, want := range map[string]string{"id-7": "7.json", "foreign": "foreign"} {
		done, err := k.Retry(t.Context(), dir, name, Retry{Route: toFiles(in)})
		if err != nil || done.File != filepath.Join(in, want) || done.Workflow.String() != "wf@ch" {
			t.Errorf("%+v, %v", done, err)
		}
	}
	if got := content(t, filepath.Join(in, "7.json")) + content(t, filepath.Join(in, "foreign")); got != "payloadother" {
		t.Error(got)
	}
	if left := names(t, dir); len(left) != 1 || keptFor(t, dir) != "" {
		t.Errorf("left %v, %s", left, keptFor(t, dir))
	}
	if _, err := k.Retry(t.Context(), dir, "id-7", Retry{Route: toFiles(in)}); !errors.Is(err, ErrNoMessage) {
		t.Error(err)
	}
}

func TestRetryReplacesNothing(t *testing.T) {
	for name, taken := range map[string]string{"same name": "7.json", "under way": "7.json.wip"} {
		t.Run(name, func(t *testing.T) {
			dir, in := room(t)
			fail(t, dir, "id-7", "payload", named("7.json"))
			put(t, filepath.Join(in, taken), "other")
			_, err := new(Desk).Retry(t.Context(), dir, "id-7", Retry{Route: toFiles(in)})
			if !errors.Is(err, ErrTaken) || !strings.Contains(err.Error(), filepath.Join(in, taken)) {
				t.Error(err)
			}
			if content(t, filepath.Join(in, taken)) != "other" || content(t, filepath.Join(dir, "id-7")) != "payload" || keptFor(t, dir) != "id-7" {
				t.Error("something was lost")
			}
		})
	}
}

func TestRetryRefusesWhatWouldLeadElsewhere(t *testing.T) {
	dir, in := room(t)
	for _, file := range []string{"../x", "/tmp/x", "a/b", "..", "x.wip", ".adapterd"} {
		fail(t, dir, "a", "payload", named(file))
		if done, err := new(Desk).Retry(t.Context(), dir, "a", Retry{Route: toFiles(in)}); err == nil || !strings.Contains(err.Error(), "no name of a file") {
			t.Errorf("%q: %+v, %v", file, done, err)
		}
	}
	put(t, filepath.Join(filepath.Dir(dir), "secret"), "secret")
	if err := os.Symlink("../secret", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "directory"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../secret", "/etc/passwd", "link", "directory", Subdirectory, ".ADAPTERD", Subdirectory + "/lock", "a/../a", "a\x00", "none", strings.Repeat("x", 300)} {
		var k Desk
		_, payload, err := k.Show(t.Context(), dir, name, 10)
		_, dropped := k.Drop(t.Context(), dir, name)
		_, retried := k.Retry(t.Context(), dir, name, Retry{Route: toFiles(in)})
		if err == nil || dropped == nil || retried == nil || payload != nil {
			t.Errorf("%q: show %v, drop %v, retry %v", name, err, dropped, retried)
		}
		if len(name) < 256 && !errors.Is(err, ErrNoMessage) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if content(t, filepath.Join(filepath.Dir(dir), "secret")) != "secret" || len(names(t, in)) > 0 {
		t.Error("it led elsewhere")
	}
	if _, err := new(Desk).Drop(t.Context(), filepath.Join(dir, "none"), "a"); !errors.Is(err, ErrNoMessage) {
		t.Error(err)
	}
}

func TestRetrySendsTheMessageAsItWasConsumed(t *testing.T) {
	dir, _ := room(t)
	fail(t, dir, "a", "pay\xe4", func(d *Details) {
		d.Metadata, d.Added, d.Encoding = map[string]Text{"k": "v"}, map[string]Text{"adp.error.message": "x", "k": "changed"}, "ISO-8859-1"
	})
	refusal := errors.New("refused again")
	outcome := refusal
	send := func(_ context.Context, w *Workflow, m *message.Message) error {
		if err := m.Load(); err != nil {
			return err
		}
		v, _ := m.Metadata("k")
		if _, marked := m.Metadata("adp.error.message"); m.ID() != "id-a" || string(m.Payload()) != "pay\xe4" || v != "v" || marked || m.Encoding() != "ISO-8859-1" || w.ID != "wf" {
			t.Errorf("sent %s %q %v", m.ID(), m.Payload(), m.MetadataKeys())
		}
		return outcome
	}
	var k Desk
	if _, err := k.Retry(t.Context(), dir, "a", Retry{Route: toHTTP}); !errors.Is(err, ErrCannotSend) {
		t.Error(err)
	}
	if _, err := k.Retry(t.Context(), dir, "a", Retry{Route: toHTTP, Send: send}); !errors.Is(err, refusal) || content(t, filepath.Join(dir, "a")) != "pay\xe4" || keptFor(t, dir) != "a" {
		t.Errorf("%v; what failed again is gone", err)
	}
	outcome = nil
	if done, err := k.Retry(t.Context(), dir, "a", Retry{Route: toHTTP, Send: send}); err != nil || done.File != "" || len(names(t, dir)) != 1 || keptFor(t, dir) != "" {
		t.Errorf("%v, left %v", err, names(t, dir))
	}
}

// The error handler of a running workflow may write the same message again, under the same name, while it is retried.
func TestRetryLeavesAnotherFileOfItsName(t *testing.T) {
	dir, _ := room(t)
	fail(t, dir, "a", "payload")
	_, err := new(Desk).Retry(t.Context(), dir, "a", Retry{Route: toHTTP, Send: func(context.Context, *Workflow, *message.Message) error {
		put(t, filepath.Join(dir, "again"), "again")
		return os.Rename(filepath.Join(dir, "again"), filepath.Join(dir, "a"))
	}})
	if err != nil || content(t, filepath.Join(dir, "a")) != "again" {
		t.Errorf("%v, left %v", err, names(t, dir))
	}
}

func TestRetryOfWhatTheErrorHandlerChanged(t *testing.T) {
	dir, in := room(t)
	fail(t, dir, "a", "changed", func(d *Details) { d.Payload.Changed = true })
	if _, err := new(Desk).Retry(t.Context(), dir, "a", Retry{Route: toFiles(in)}); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	if _, err := new(Desk).Retry(t.Context(), dir, "a", Retry{Into: in, Force: true}); err != nil || content(t, filepath.Join(in, "a")) != "changed" {
		t.Error(err)
	}
}

func TestRetryPutsBackIntoTheDirectoryBelow(t *testing.T) {
	_, in := room(t)
	for _, d := range []string{"x", "ä b"} {
		if err := os.Mkdir(filepath.Join(in, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(in, "out")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		deep       bool
		from, want string
	}{
		"its own":      {true, in + "/x/", in + "/x"},
		"escaped":      {true, in + "/%C3%A4%20b/", in + "/ä b"},
		"top":          {true, in + "/", in},
		"gone":         {true, in + "/none/", in},
		"outside":      {true, outside + "/", in},
		"above":        {true, in + "/../", in},
		"by a link":    {true, in + "/out/", in},
		"bad escape":   {true, in + "/%zz/", in},
		"unknown":      {true, "", in},
		"not its kind": {false, in + "/x/", in},
	} {
		t.Run(name, func(t *testing.T) {
			w := &Workflow{Source: in, Deep: c.deep}
			if got := w.directoryOf(&Details{SourceDirectory: Text(filepath.ToSlash(c.from))}); got != filepath.FromSlash(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The second name may be on another file system, where only a copy gets to.
func TestCopyInPlaceOfALink(t *testing.T) {
	dir, in := room(t)
	fail(t, dir, "a", strings.Repeat("payload", 1000))
	root, m, err := find(&Message{Directory: dir, Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, want := range []error{nil, ErrTaken} {
		f, err := m.open(root)
		if err != nil {
			t.Fatal(err)
		}
		if err := copyTo(f, &m, filepath.Join(in, "a")); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		_ = f.Close()
	}
	copied, err := os.Stat(filepath.Join(in, "a"))
	if err != nil || !copied.ModTime().Equal(m.info.ModTime()) || copied.Size() != 7000 || len(names(t, in)) != 1 {
		t.Errorf("%v, %v", err, names(t, in))
	}
}

// A program that runs may take the file at once, and fail with it again, before the retry is over: its name must be free by then.
func TestAFileThatIsPutBackHasLeftItsName(t *testing.T) {
	dir, in := room(t)
	fail(t, dir, "a", "payload")
	root, m, err := find(&Message{Directory: dir, Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	switch err := moveNew(filepath.Join(dir, "none"), filepath.Join(in, "none")); {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS):
		t.Skipf("nothing can be moved so here: %v", err)
	}
	if err := putBack(root, &m, filepath.Join(in, "a")); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, dir, Query{}); got != "" || content(t, filepath.Join(in, "a")) != "payload" {
		t.Errorf("left %s", got)
	}
	if err := os.Rename(filepath.Join(in, "a"), filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(in, "a"), "other")
	if err := putBack(root, &m, filepath.Join(in, "a")); !errors.Is(err, ErrTaken) || content(t, filepath.Join(in, "a")) != "other" || content(t, filepath.Join(dir, "a")) != "payload" {
		t.Errorf("%v; something was replaced", err)
	}
}

// What an error handler puts in the place of a message that is being put back is another message.
func TestWhatTookThePlaceOfAMessageGoesBack(t *testing.T) {
	dir, in := room(t)
	fail(t, dir, "a", "payload")
	root, m, err := find(&Message{Directory: dir, Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	put(t, filepath.Join(in, "a"), "again")
	if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(filepath.Dir(dir), "kept")); err != nil { // or its inode may be used again
		t.Fatal(err)
	}
	if err := m.moved(filepath.Join(dir, "a"), filepath.Join(in, "a")); err != nil && (!errors.Is(err, ErrNoMessage) || content(t, filepath.Join(dir, "a")) != "again") {
		t.Error(err)
	}
	put(t, filepath.Join(dir, "a"), "once more")
	if other, err := m.unlink(root); !other || err != nil || content(t, filepath.Join(dir, "a")) != "once more" || keptFor(t, dir) != "a" {
		t.Errorf("%v, %v, left %v", other, err, names(t, dir))
	}
}

// Where nothing can be moved, a crash after the file was put back, and before it was deleted, leaves both. The message is neither lost nor
// put back twice while the file is there; when it has been consumed, nobody can know.
func TestACrashBetweenPuttingBackAndDeletingLosesNothing(t *testing.T) {
	for name, taken := range map[string]string{"waiting": "a", "under way": "a.wip", "consumed": ""} {
		t.Run(name, func(t *testing.T) {
			dir, in := room(t)
			fail(t, dir, "a", "payload")
			root, m, err := find(&Message{Directory: dir, Name: "a"})
			if err != nil {
				t.Fatal(err)
			}
			f, err := m.open(root)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(linkTo(f, &m, filepath.Join(in, "a")), f.Close(), root.Close()); err != nil {
				t.Fatal(err)
			}
			if got := listed(t, dir, Query{}); got != "a=refused" {
				t.Fatal(got)
			}
			if taken == "" {
				taken = "a"
				err = os.Remove(filepath.Join(in, "a"))
			} else {
				err = os.Rename(filepath.Join(in, "a"), filepath.Join(in, taken))
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := new(Desk).Retry(t.Context(), dir, "a", Retry{Route: toFiles(in)}); err != nil {
				t.Error(err)
			}
			if got := names(t, in); len(got) != 1 || got[0] != taken || content(t, filepath.Join(in, taken)) != "payload" || listed(t, dir, Query{}) != "" {
				t.Errorf("the source has %v, left %v", got, names(t, dir))
			}
		})
	}
}

// By another path the directory itself must not be taken for a place where the message is too.
func TestRetryIntoTheDirectoryItIsInKeepsTheMessage(t *testing.T) {
	dir, _ := room(t)
	fail(t, dir, "a", "payload")
	again := filepath.Join(filepath.Dir(dir), "again")
	if err := os.Symlink(dir, again); err != nil {
		t.Fatal(err)
	}
	for _, into := range []string{dir, again} {
		if _, err := new(Desk).Retry(t.Context(), dir, "a", Retry{Into: into}); !errors.Is(err, ErrTaken) || content(t, filepath.Join(dir, "a")) != "payload" {
			t.Errorf("%s: %v", into, err)
		}
	}
}

// Desks of their own stand for processes: what keeps them apart is the file system's lock.
func TestAMessageIsRetriedOnceHoweverManyTry(t *testing.T) {
	for name, desks := range map[string]int{"one process": 1, "many processes": 8} {
		t.Run(name, func(t *testing.T) {
			dir, _ := room(t)
			const messages, tries = 20, 8
			for i := range messages {
				fail(t, dir, fmt.Sprint(i), "payload")
			}
			all := make([]Desk, desks)
			var sent [messages]atomic.Int64
			var done atomic.Int64
			var wg sync.WaitGroup
			for i := range messages {
				for n := range tries {
					wg.Go(func() {
						for {
							_, err := all[n%desks].Retry(t.Context(), dir, fmt.Sprint(i), Retry{Route: toHTTP, Send: func(context.Context, *Workflow, *message.Message) error {
								sent[i].Add(1)
								return nil
							}})
							switch {
							case err == nil:
								done.Add(1)
								return
							case errors.Is(err, ErrNoMessage):
								return
							case !errors.Is(err, ErrBusy):
								t.Error(err)
								return
							}
						}
					})
				}
			}
			wg.Wait()
			for i := range sent {
				if sent[i].Load() != 1 {
					t.Errorf("message %d was sent %d times", i, sent[i].Load())
				}
			}
			if done.Load() != messages || len(names(t, dir)) != 1 {
				t.Errorf("%d retries succeeded, left %v", done.Load(), names(t, dir))
			}
		})
	}
}

func TestDropDeletesForGood(t *testing.T) {
	dir, _ := room(t)
	fail(t, dir, "a", "payload")
	fail(t, dir, "b", "payload")
	m, err := new(Desk).Drop(t.Context(), dir, "a")
	if err != nil || m.Bytes != 7 || m.Details.Reason != "refused" {
		t.Errorf("%+v, %v", m, err)
	}
	if got := keptFor(t, dir); got != "b" || listed(t, dir, Query{}) != "b=refused" {
		t.Errorf("left %s", got)
	}
	if _, err := os.Lstat(filepath.Join(dir, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// Opening a pipe would wait for somebody who writes to it.
func TestNothingWaitsForAPipe(t *testing.T) {
	dir, in := room(t)
	pipe(t, filepath.Join(dir, "pipe"))
	if _, _, err := new(Desk).Show(t.Context(), dir, "pipe", 10); !errors.Is(err, ErrNoMessage) {
		t.Error(err)
	}
	if _, err := new(Desk).Retry(t.Context(), dir, "pipe", Retry{Route: toFiles(in)}); !errors.Is(err, ErrNoMessage) {
		t.Error(err)
	}
	if got := listed(t, dir, Query{}); got != "" {
		t.Error(got)
	}
}
