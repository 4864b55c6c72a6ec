package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// watchQuiet is how long files must stay as they are before they are read: editors and copies write in several steps, and half a file may
// well be readable.
const watchQuiet = 300 * time.Millisecond

// watcher tells when one of some files has another content than before. It watches their directories: most programs that change a file
// put another one in its place, and some directories, as those of a Kubernetes ConfigMap, are links that are changed as a whole.
type watcher struct {
	log *zap.Logger
	// files asks for the files to watch, each time anew: a reload may bring others.
	files func() []string
	// again asks run to look at files now.
	again chan struct{}
	// changed has room for one: several changes before a reload are one.
	changed chan struct{}

	events *fsnotify.Watcher
	ended  chan struct{}
}

// watchFiles begins to watch, until close. What is read of the files from then on is what a change is a change of.
func watchFiles(log *zap.Logger, files func() []string) (*watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("--watch: the system does not tell of changed files: %w; send SIGHUP after a change instead", err)
	}
	w := &watcher{log: log, files: files, again: make(chan struct{}, 1), changed: make(chan struct{}, 1), events: events, ended: make(chan struct{})}
	first := files()
	w.follow(first)
	go w.run(contentsOf(first))
	return w, nil
}

// reloaded says that the files may be others now. If some are, it is told as a change: what was read of them may be of the time before they
// were watched.
func (w *watcher) reloaded() {
	select {
	case w.again <- struct{}{}:
	default: // it will look anyway
	}
}

// close ends the watch and waits for it.
func (w *watcher) close() {
	if err := w.events.Close(); err != nil {
		w.log.Warn("the watch for changed files did not end cleanly", zap.Error(err))
	}
	<-w.ended
}

// run compares contents some time after something happened in one of the directories, until they stay as they are.
func (w *watcher) run(last contents) {
	defer close(w.ended)
	timer := time.NewTimer(watchQuiet)
	timer.Stop()
	defer timer.Stop()
	var pending contents
	waiting := false
	wait := func(files []string) {
		waiting, pending = true, contentsOf(files)
		timer.Reset(watchQuiet)
	}
	for {
		select {
		case <-w.again:
			files := w.files()
			w.follow(files)
			if !waiting {
				wait(files)
			}
		case _, ok := <-w.events.Events:
			if !ok {
				return
			}
			if !waiting {
				wait(w.files())
			}
		case err, ok := <-w.events.Errors:
			if !ok {
				return
			}
			w.log.Warn("a change of a file may have been missed; send SIGHUP if so", zap.Error(err))
		case <-timer.C:
			files := w.files()
			w.follow(files)
			now := contentsOf(files)
			if !maps.Equal(now, pending) {
				pending = now
				timer.Reset(watchQuiet)
				continue
			}
			waiting = false
			another := now.differs(last)
			last = now
			if another {
				select {
				case w.changed <- struct{}{}:
				default:
				}
			}
		}
	}
}

// follow watches the directories of files, those of the files that links lead to as well.
func (w *watcher) follow(files []string) {
	var directories []string
	for _, f := range files {
		directories = append(directories, filepath.Dir(f))
		if target, err := filepath.EvalSymlinks(f); err == nil {
			directories = append(directories, filepath.Dir(target))
		}
	}
	slices.Sort(directories)
	for _, d := range slices.Compact(directories) {
		if err := w.events.Add(d); err != nil { // which does nothing for one that is watched
			w.log.Warn("a directory can not be watched for changed files; send SIGHUP after a change in it", zap.String("directory", d), zap.Error(err))
		}
	}
}

// contents are hashes of what stands in files, by their names; zero for one that can not be read.
type contents map[string][sha256.Size]byte

// differs says whether one of the files is another than before, or was not among them. One that is only missing is of no concern any more.
func (c contents) differs(before contents) bool {
	for name, sum := range c {
		if was, known := before[name]; !known || was != sum {
			return true
		}
	}
	return false
}

func contentsOf(files []string) contents {
	c := make(contents, len(files))
	for _, name := range files {
		c[name] = sumOf(name)
	}
	return c
}

func sumOf(name string) (sum [sha256.Size]byte) {
	f, err := os.Open(name)
	if err != nil {
		return sum
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err == nil {
		h.Sum(sum[:0])
	}
	return sum
}
