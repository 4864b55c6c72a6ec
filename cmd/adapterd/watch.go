package main

import (
	"crypto/sha256"
	"fmt"
	"io"
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
	// changed has room for one: several changes before a reload are one.
	changed chan struct{}

	events *fsnotify.Watcher
	ended  chan struct{}
}

// watchFiles begins to watch, until close.
func watchFiles(log *zap.Logger, files func() []string) (*watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("--watch: the system does not tell of changed files: %w; send SIGHUP after a change instead", err)
	}
	w := &watcher{log: log, files: files, changed: make(chan struct{}, 1), events: events, ended: make(chan struct{})}
	w.follow(files())
	go w.run(sumOf(files()))
	return w, nil
}

// close ends the watch and waits for it.
func (w *watcher) close() {
	if err := w.events.Close(); err != nil {
		w.log.Warn("the watch for changed files did not end cleanly", zap.Error(err))
	}
	<-w.ended
}

// run compares contents some time after something happened in one of the directories, until they stay as they are.
func (w *watcher) run(last [sha256.Size]byte) {
	defer close(w.ended)
	timer := time.NewTimer(watchQuiet)
	timer.Stop()
	defer timer.Stop()
	var pending [sha256.Size]byte
	waiting := false
	for {
		select {
		case _, ok := <-w.events.Events:
			if !ok {
				return
			}
			if !waiting {
				waiting, pending = true, sumOf(w.files())
				timer.Reset(watchQuiet)
			}
		case err, ok := <-w.events.Errors:
			if !ok {
				return
			}
			w.log.Warn("a change of a file may have been missed; send SIGHUP if so", zap.Error(err))
		case <-timer.C:
			files := w.files()
			now := sumOf(files)
			if now != pending {
				pending = now
				timer.Reset(watchQuiet)
				continue
			}
			waiting = false
			w.follow(files)
			if now != last {
				last = now
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

// sumOf is a hash of the names and contents of files; one that can not be read has none.
func sumOf(files []string) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, name := range files {
		fmt.Fprintf(h, "%q ", name)
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		inner := sha256.New()
		_, err = io.Copy(inner, f)
		_ = f.Close() // it was only read
		if err == nil {
			h.Write(inner.Sum(nil))
		}
	}
	h.Sum(sum[:0])
	return sum
}
