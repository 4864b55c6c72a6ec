package failed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestListTellsWhatFailedTheNewestFirst(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	at := func(ago time.Duration) func(*Details) { return func(d *Details) { d.At = now.Add(-ago) } }
	fail(t, dir, "b", "2", at(time.Hour), func(d *Details) { d.Reason, d.Code, d.Channel = "throttled", "Expired", "other" })
	fail(t, dir, "a", "1", at(2*time.Hour), func(d *Details) { d.Attempts = []Attempt{{Code: "Throttled"}} })
	fail(t, dir, "c", "3", at(time.Minute), func(d *Details) { d.Workflow = "wf2" })
	put(t, filepath.Join(dir, "foreign"), "4")
	put(t, filepath.Join(dir, "consumed.wip"), "5")
	put(t, filepath.Join(dir, "."+strings.Repeat("A", 26)+".wip"), "6")
	fail(t, dir, "odd.wip", "7", at(3*time.Hour))
	put(t, filepath.Join(dir, "below", "d"), "8")
	if err := os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		q    Query
		want string
	}{
		"all":           {Query{}, "foreign=- c=refused b=throttled a=refused odd.wip=refused"},
		"newest":        {Query{Limit: 2}, "foreign=- c=refused"},
		"channel":       {Query{Channel: "ch"}, "c=refused a=refused odd.wip=refused"},
		"workflow":      {Query{Channel: "ch", Workflow: "wf2"}, "c=refused"},
		"code":          {Query{Code: "Expired"}, "b=throttled"},
		"earlier code":  {Query{Code: "Throttled"}, "a=refused"},
		"reason":        {Query{Reason: regexp.MustCompile("^thr")}, "b=throttled"},
		"since":         {Query{Since: now.Add(-90 * time.Minute)}, "foreign=- c=refused b=throttled"},
		"since, newest": {Query{Channel: "ch", Limit: 1}, "c=refused"},
		"nothing":       {Query{Code: "none"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := listed(t, dir, c.q); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if _, matching, err := List(t.Context(), dir, Query{Limit: 1}); err != nil || matching != 5 {
		t.Errorf("%d match, %v", matching, err)
	}
}

func TestListOfADirectoryThatCanNotBeRead(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := List(t.Context(), filepath.Join(dir, "none"), Query{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "no message has failed yet") {
		t.Error(err)
	}
	fail(t, dir, "a", "1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := List(ctx, dir, Query{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	put(t, filepath.Join(dir, "x", Subdirectory), "no directory")
	if _, _, err := List(t.Context(), filepath.Join(dir, "x"), Query{}); err == nil || !strings.Contains(err.Error(), "is no directory") {
		t.Error(err)
	}
}

// The subdirectory must not be led to another place, neither to read nor to write there.
func TestALinkInPlaceOfTheSubdirectoryIsRefused(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(dir, Subdirectory)); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "a"), "1")
	if _, err := Keep(dir, &Details{Name: "a"}); err == nil {
		t.Error("details were kept through a link")
	}
	if _, _, err := List(t.Context(), dir, Query{}); err == nil {
		t.Error("details were read through a link")
	}
	if _, err := new(Desk).Drop(t.Context(), dir, "a"); err == nil {
		t.Error("dropped through a link")
	}
	if left := names(t, elsewhere); len(left) > 0 {
		t.Errorf("written elsewhere: %v", left)
	}
}

func TestDetailsAreFoundWhateverTheName(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"a", ".hidden", "with space", "a.json", "ü", "new\nline", "-rf", "a.QZ3F5QZ3F5QZ3F5QZ3F5QZ3F5Q.json", "\xff\xfe", "lock", "%2e%2e",
		strings.Repeat("x", 255), strings.Repeat("x", 254), strings.Repeat("x", 254) + "y", strings.Repeat("ü", 120), "~", "..a", "a..",
	} {
		fail(t, dir, name, name, func(d *Details) { d.Reason = "of " + d.Name })
		m, payload, err := new(Desk).Show(t.Context(), dir, name, 1000)
		if err != nil || m.Details == nil || string(m.Details.Reason) != "of "+name || string(payload) != name {
			t.Errorf("%q: %v, %+v", name, err, m)
		}
	}
	messages, _, err := List(t.Context(), dir, Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if m.Details == nil || string(m.Details.Reason) != "of "+m.Name {
			t.Errorf("%q has %+v", m.Name, m.Details)
		}
	}
}

func TestAPayloadHasItsOwnDetails(t *testing.T) {
	dir := t.TempDir()
	// Two were written one after the other, the second in place of the first; a third came no further than its details.
	fail(t, dir, "a", "first!", func(d *Details) { d.Reason = "first" })
	fail(t, dir, "a", "second", func(d *Details) { d.Reason = "second" })
	if _, err := Keep(dir, &Details{Name: "a", At: time.Now().Add(time.Second), Reason: "third", Payload: PayloadOf([]byte("third!"))}); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, dir, Query{}); got != "a=second" {
		t.Error(got)
	}
	// Somebody corrects the payload.
	put(t, filepath.Join(dir, "a"), "corrected")
	if got := listed(t, dir, Query{}); got != "a=third!" {
		t.Error(got)
	}
	// Details that can not be read are none.
	for _, file := range names(t, filepath.Join(dir, Subdirectory)) {
		put(t, filepath.Join(dir, Subdirectory, file), "{")
	}
	if got := listed(t, dir, Query{}); got != "a=-" {
		t.Error(got)
	}
}

func TestListOfThousands(t *testing.T) {
	dir := t.TempDir()
	const n = 3000
	var wg sync.WaitGroup
	for part := range 4 {
		wg.Go(func() {
			for i := part; i < n; i += 4 {
				put(t, filepath.Join(dir, fmt.Sprintf("m%05d", i)), "x")
			}
		})
	}
	wg.Wait()
	messages, matching, err := List(t.Context(), dir, Query{Limit: 100})
	if err != nil || len(messages) != 100 || cap(messages) > 400 || matching != n {
		t.Errorf("%d of %d, room for %d, %v", len(messages), matching, cap(messages), err)
	}
}

// Thousands are worked on as they were listed: each needs only its own files.
func TestListedMessagesAreFoundWithoutLookingThroughAll(t *testing.T) {
	dir, in := room(t)
	for i := range 50 {
		fail(t, dir, fmt.Sprint(i), "payload", named(fmt.Sprint(i)+".json"))
	}
	messages, _, err := List(t.Context(), dir, Query{Brief: true})
	if err != nil || len(messages) != 50 || messages[0].Details != nil {
		t.Fatalf("%v, %+v", err, messages[0])
	}
	var k Desk
	for i := range messages {
		m := &messages[i]
		if i%2 == 0 {
			if dropped, err := k.DropListed(t.Context(), m); err != nil || dropped.Details == nil {
				t.Errorf("%+v, %v", dropped, err)
			}
		} else if done, err := k.RetryListed(t.Context(), m, Retry{Route: toFiles(in)}); err != nil || done.File != filepath.Join(in, m.Name+".json") {
			t.Errorf("%+v, %v", done, err)
		}
		if _, err := k.DropListed(t.Context(), m); !errors.Is(err, ErrNoMessage) {
			t.Error(err)
		}
	}
	if keptFor(t, dir) != "" || len(names(t, in)) != 25 {
		t.Errorf("left %s, put back %d", keptFor(t, dir), len(names(t, in)))
	}
}
