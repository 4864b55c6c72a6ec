package consumer

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestEventPollerConsumesFilesAsTheyCome(t *testing.T) {
	for name, c := range map[string]struct{ alias, subdirectory string }{
		"directory":     {"fs-consumer", ""},
		"new directory": {"traversing-fs-consumer", "new"},
		"kept files":    {"non-deleting-fs-consumer", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "before")
			f := decode[component.Consumer](t, `<`+c.alias+`><base-directory-url>`+dir+`</base-directory-url>
				<poller class="fs-immediate-event-poller"><creation-complete-check><unit>MILLISECONDS</unit><interval>5</interval></creation-complete-check></poller>
				<quiet-interval><unit>MILLISECONDS</unit><interval>2</interval></quiet-interval></`+c.alias+`>`)
			got := make(chan string)
			start(t, f, func(_ context.Context, m *message.Message, done func(error)) {
				got <- string(m.Payload())
				done(nil)
			})
			if first := <-got; first != "before" {
				t.Errorf("the first file is %s", first)
			}
			target := filepath.Join(dir, c.subdirectory)
			if err := os.MkdirAll(target, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, content := range []string{"one", "two"} {
				arrive(t, target, content)
				select {
				case next := <-got:
					if next != content {
						t.Errorf("the next file is %s", next)
					}
				case <-time.After(sweep / 2):
					t.Fatalf("%s is not consumed", content)
				}
			}
			stop(t, f)
			stop(t, f)
		})
	}
}

// arrive makes a file that is complete from its first moment on.
func arrive(t *testing.T, dir, content string) {
	t.Helper()
	aside := t.TempDir()
	write(t, aside, content)
	if err := os.Rename(filepath.Join(aside, content), filepath.Join(dir, content)); err != nil {
		t.Fatal(err)
	}
}

func TestEventPollerWatchesADirectoryThatCameBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p := &EventPoller{directories: func() []string { return []string{dir} }}
	if err := p.open(component.Logger(t.Context())); err != nil {
		t.Fatal(err)
	}
	defer p.close()
	if p.watch() {
		t.Error("the directory is watched anew")
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for len(p.watcher.WatchList()) > 0 { // until the watcher has heard of it
		<-p.watcher.Events
	}
	if p.watch() {
		t.Error("a directory is watched that is not there")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if !p.watch() {
		t.Error("the directory is not watched")
	}
}

func TestEventPollerRefuses(t *testing.T) {
	const poller = `<poller class="fs-immediate-event-poller"/>`
	for name, c := range map[string]struct{ xml, want string }{
		"no quiet interval": {`<fs-consumer><base-directory-url>in</base-directory-url>` + poller + `</fs-consumer>`, "<quiet-interval> of fs-consumer is needed with fs-immediate-event-poller"},
		"trigger":           {`<polling-trigger>` + poller + `</polling-trigger>`, "only consumers of files can have"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decodeAny[component.Consumer](t, c.xml); !strings.Contains(problems, c.want) {
				t.Errorf("got %s\nwant %s", problems, c.want)
			}
		})
	}
	f := decode[*FS](t, `<fs-consumer><base-directory-url>`+t.TempDir()+`/none</base-directory-url>`+poller+`<quiet-interval><interval>1</interval></quiet-interval></fs-consumer>`)
	if err := f.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "can not watch") {
		t.Errorf("error: %v", err)
	}
	stop(t, f)
}

func TestGaussianIntervalPoller(t *testing.T) {
	p := decode[*GaussianIntervalPoller](t, `<gaussian-interval-poller><mean-interval><unit>SECONDS</unit><interval>100</interval></mean-interval><standard-deviation-interval><interval>10</interval></standard-deviation-interval></gaussian-interval-poller>`)
	now := time.Unix(1_700_000_000, 0)
	const draws = 10_000
	var sum, squares float64
	for range draws {
		delay := p.Next(now, now).Sub(now).Seconds()
		sum += delay
		squares += delay * delay
	}
	mean := sum / draws
	deviation := math.Sqrt(squares/draws - mean*mean)
	if math.Abs(mean-100) > 1 || math.Abs(deviation-10) > 1 { // ten standard errors
		t.Errorf("mean %v, deviation %v", mean, deviation)
	}
	p = decode[*GaussianIntervalPoller](t, `<gaussian-interval-poller/>`)
	if p.Mean.Duration != 0 || p.Deviation.Duration != 20*time.Second {
		t.Errorf("defaults: %+v", p)
	}
	for range 1000 {
		if at := p.Next(now, now); !at.After(now) {
			t.Fatalf("a poll at %v", at)
		}
	}
	if _, problems := decodeAny[component.Poller](t, `<gaussian-interval-poller><standard-deviation-interval><interval>0</interval></standard-deviation-interval></gaussian-interval-poller>`); !strings.Contains(problems, "standard-deviation-interval") {
		t.Errorf("problems: %s", problems)
	}
}
