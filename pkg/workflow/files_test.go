package workflow

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// engine is an asynchronous producer that takes up to room records and gives results when told, as the Kinesis connections do.
type engine struct {
	room chan struct{}

	mu     sync.Mutex
	held   []*message.Delivery
	keys   map[string]int
	flying int
	most   int
}

func (e *engine) produce(ctx context.Context, m *message.Message) error {
	select {
	case e.room <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	m.Delivery().Hold()
	e.held = append(e.held, m.Delivery())
	e.keys[string(m.Payload())]++
	e.flying++
	e.most = max(e.most, e.flying)
	return nil
}

// results gives everything that is held its result.
func (e *engine) results(outcome func(n int) error) int {
	e.mu.Lock()
	held := e.held
	e.held = nil
	e.flying = 0
	e.mu.Unlock()
	for i, d := range held {
		<-e.room
		d.Release(outcome(i))
	}
	return len(held)
}

func fileWorkflow(dir, more string) string {
	return `<standard-workflow><unique-id>w</unique-id>
		<consumer class="fs-consumer"><base-directory-url>` + dir + `</base-directory-url><poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>1</interval></poll-interval></poller></consumer>
		<producer class="test-sink"><name>sink</name></producer>` + more + `</standard-workflow>`
}

func makeFiles(t *testing.T, n int) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%05d", i)), []byte(fmt.Sprint(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func filesLeft(t *testing.T, dir string) (names, wip int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".wip") {
			wip++
		} else {
			names++
		}
	}
	return names, wip
}

// eventually waits for what other goroutines bring about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-limit:
			t.Fatal("waited in vain: " + what)
		}
	}
}

func TestThreeThousandFilesAndAnAsynchronousProducer(t *testing.T) {
	const n = 3000
	dir := makeFiles(t, n)
	e := &engine{room: make(chan struct{}, 500), keys: map[string]int{}}
	w, p := build[*Standard](t, fileWorkflow(dir, ""), Surroundings{})
	p.sinks["sink"].produce = e.produce
	start(t, w)
	// The engine's room bounds how many files are under way: the consumer waits, it does not read on.
	eventually(t, "a full engine", func() bool { return w.Counts().InFlight == 501 })
	if names, wip := filesLeft(t, dir); wip != 501 || names != n-501 {
		t.Errorf("%d files wait and %d are under way, want %d and 501", names, wip, n-501)
	}
	eventually(t, "all results", func() bool {
		e.results(func(int) error { return nil })
		return w.Counts().Delivered == n
	})
	eventually(t, "a poll that finds nothing", func() bool { return !w.Source().(component.Idler).IdleSince().IsZero() })
	stop(t, w)
	if names, wip := filesLeft(t, dir); names+wip != 0 {
		t.Errorf("%d files wait and %d are under way after the end", names, wip)
	}
	if len(e.keys) != n || e.most > 500 {
		t.Errorf("%d different files were produced, %d at once", len(e.keys), e.most)
	}
	for key, times := range e.keys {
		if times != 1 {
			t.Errorf("file %s was produced %d times", key, times)
		}
	}
}

// When the program stops, what has a result is gone, and what has none has its name back, also when the connection decides after the
// workflow has run out of time.
func TestFilesWithoutResultGetTheirNamesBack(t *testing.T) {
	const n = 300
	dir := makeFiles(t, n)
	e := &engine{room: make(chan struct{}, 100), keys: map[string]int{}}
	w, p := build[*Standard](t, fileWorkflow(dir, ""), Surroundings{})
	p.sinks["sink"].produce = e.produce
	start(t, w)
	eventually(t, "a full engine", func() bool { return w.Counts().InFlight == 101 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := w.Stop(ctx); err == nil {
		t.Error("stop: no error")
	}
	e.results(func(i int) error {
		if i%2 == 0 {
			return nil
		}
		return fmt.Errorf("closed: %w", component.ErrStopped)
	})
	if names, wip := filesLeft(t, dir); names != n-50 || wip != 0 {
		t.Errorf("%d files wait and %d are under way, want %d and 0", names, wip, n-50)
	}
	// The next start delivers the rest.
	start(t, w)
	eventually(t, "all results", func() bool {
		e.results(func(int) error { return nil })
		return w.Counts().Delivered == n
	})
	stop(t, w)
	if names, wip := filesLeft(t, dir); names+wip != 0 {
		t.Errorf("%d files wait and %d are under way after the end", names, wip)
	}
}

// A stream that is gone must not make the consumer read the whole directory into memory: failed messages that wait for their retry hold
// it up.
func TestRetriesBoundHowManyFilesAreUnderWay(t *testing.T) {
	const n = backlogMessages + 500
	dir := makeFiles(t, n)
	w, p := build[*Standard](t, fileWorkflow(dir, retryHandler("")), Surroundings{})
	p.sinks["sink"].produce = fails
	start(t, w)
	// The one more waits to begin its way; messages that were in the engine when the backlog filled up would come on top.
	eventually(t, "a full backlog", func() bool { return w.Counts().InFlight == backlogMessages+1 })
	if names, wip := filesLeft(t, dir); wip != backlogMessages+1 || names != n-backlogMessages-1 {
		t.Errorf("%d files wait and %d are under way", names, wip)
	}
	stop(t, w)
	if names, wip := filesLeft(t, dir); names != n || wip != 0 {
		t.Errorf("%d files wait and %d are under way after the stop", names, wip)
	}
}
