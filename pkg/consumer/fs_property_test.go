package consumer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ledger says how the messages of files ended. Every file has a content of its own.
type ledger struct {
	mu        sync.Mutex
	delivered map[string]int
	pending   sync.WaitGroup
	fate      func() (err error, later bool)
}

func (l *ledger) handle(_ context.Context, m *message.Message, done func(error)) {
	content := string(m.Payload())
	end := func(err error) {
		if err == nil {
			l.mu.Lock()
			l.delivered[content]++
			l.mu.Unlock()
		}
		done(err)
	}
	l.mu.Lock()
	err, later := l.fate()
	l.mu.Unlock()
	if !later {
		end(err)
		return
	}
	l.pending.Go(func() { end(err) })
}

// No file is lost, none is delivered twice, and none replaces another, whatever the outcomes are, whenever the consumer stops and starts,
// and however names repeat.
func TestNoFileIsLostOrDeliveredTwice(outer *testing.T) {
	base := outer.TempDir()
	rapid.Check(outer, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		outcomes := rapid.SliceOfN(rapid.SampledFrom([]error{nil, nil, errors.New("failed"), component.ErrStopped}), 1, 8).Draw(t, "outcomes")
		l := &ledger{delivered: map[string]int{}, fate: func() (error, bool) {
			return outcomes[random.IntN(len(outcomes))], random.IntN(2) == 0
		}}
		f := fsConsumer(outer, dir, fmt.Sprintf("<reset-wip-files>%v</reset-wip-files><max-messages-per-poll>%d</max-messages-per-poll>",
			rapid.Bool().Draw(t, "reset"), rapid.IntRange(1, 20).Draw(t, "limit")))
		f.Poller = new(alwaysPoller)
		f.Bind(l.handle)
		names := rapid.IntRange(1, 12).Draw(t, "names")
		written := map[string]bool{}
		for round := range rapid.IntRange(1, 4).Draw(t, "rounds") {
			if err := errors.Join(f.Init(context.Background()), f.Start(context.Background())); err != nil {
				t.Fatal(err)
			}
			for i := range rapid.IntRange(0, 15).Draw(t, "files") {
				content := fmt.Sprint(round, "-", i)
				written[content] = true
				putFile(t, dir, fmt.Sprintf("f%d", (i+round)%names), content)
			}
			if err := f.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		l.pending.Wait()
		left := map[string]int{}
		for _, line := range files(outer, dir) {
			_, content, _ := strings.Cut(line, "=")
			left[content]++
		}
		for content := range written {
			if n := l.delivered[content] + left[content]; n != 1 {
				t.Errorf("file %s was delivered %d times and is there %d times", content, l.delivered[content], left[content])
			}
		}
		if len(left)+len(l.delivered) != len(written) {
			t.Errorf("%d files were written, %d delivered, %d are left", len(written), len(l.delivered), len(left))
		}
	})
}

// putFile lets a file appear at once, as those do who write for a consumer; it waits while its name is taken.
func putFile(t *rapid.T, dir, name, content string) {
	hidden := filepath.Join(dir, content+".wip")
	if err := os.WriteFile(hidden, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for {
		err := renameNew(hidden, filepath.Join(dir, name))
		if err == nil {
			return
		}
		if !errors.Is(err, os.ErrExist) {
			t.Fatal(err)
		}
		name += "x"
	}
}
