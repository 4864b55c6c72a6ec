package consumer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// EventPoller is Interlok's FsImmediateEventPoller: the first poll comes at once, each following one when the system tells of a new or
// changed file. While there are files that are not quiet yet, or more than a poll may take, it polls after each creation-complete-check.
//
// File systems that are shared over a network tell of nothing, and a system that is asked too much forgets: so there is a poll each minute
// in any case.
type EventPoller struct {
	CompleteCheck component.Interval `xml:"creation-complete-check" default:"500ms" min:"1ms" doc:"time after which a file that was not quiet yet is looked at again"`

	// The consumer says which directories to watch, and which names mean nothing.
	directories func() []string
	ignores     func(name string) bool
	// watcher is nil while the consumer does not run; the polling goroutine owns it.
	watcher *fsnotify.Watcher
	log     *zap.Logger
}

// sweep is how often an EventPoller polls without an event.
const sweep = time.Minute

// Next implements component.Poller for whoever knows of no events: a poll each creation-complete-check.
func (p *EventPoller) Next(now, previous time.Time) time.Time {
	if previous.IsZero() {
		return now
	}
	return previous.Add(p.CompleteCheck.Duration)
}

// open begins to watch.
func (p *EventPoller) open(log *zap.Logger) error {
	if p.directories == nil {
		return errors.New("fs-immediate-event-poller waits for files, and this consumer has none; use one such as fixed-interval-poller")
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("fs-immediate-event-poller can not watch files: %w; use fixed-interval-poller, or raise the system's limits for watching", err)
	}
	p.watcher, p.log = watcher, log
	directory := p.directories()[0]
	if err := watcher.Add(directory); err != nil {
		p.close()
		return fmt.Errorf("fs-immediate-event-poller can not watch %s: %w; use fixed-interval-poller, or raise the system's limits for watching", directory, err)
	}
	return nil
}

func (p *EventPoller) close() {
	_ = p.watcher.Close() // nothing hangs on it any more
	p.watcher = nil
}

// wait returns when it is time for a poll, with false when ctx ends. previous is when the poll before ended, and worked what it said.
func (p *EventPoller) wait(ctx context.Context, previous time.Time, worked bool) bool {
	if p.watch() || previous.IsZero() {
		return ctx.Err() == nil
	}
	delay := sweep
	if worked {
		delay = p.CompleteCheck.Duration
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case e := <-p.watcher.Events:
			if e.Op&(fsnotify.Create|fsnotify.Write) == 0 || p.ignores != nil && p.ignores(filepath.Base(e.Name)) {
				continue
			}
		case err := <-p.watcher.Errors:
			p.log.Debug("some events of the file system were lost; the directory is looked at instead", zap.Error(err))
		}
		// A file that is being written tells of each piece, and each poll reads the directory.
		rest := p.CompleteCheck.Duration - time.Since(previous)
		if rest <= 0 {
			return true
		}
		if rest < delay {
			delay = rest
			timer.Reset(rest)
		}
	}
}

// watch adds the directories that are not watched yet, since they are new or were removed in between, and says whether there were any: who
// knows what came into them before.
func (p *EventPoller) watch() (added bool) {
	watched := p.watcher.WatchList()
	for _, d := range p.directories() {
		if !slices.Contains(watched, filepath.Clean(d)) && p.watcher.Add(d) == nil {
			added = true
		}
	}
	return added
}

func init() {
	component.Register[EventPoller]("fs-immediate-event-poller", "com.adaptris.core.fs.FsImmediateEventPoller", component.KindPoller, "polls when the system tells of a new file")
}
