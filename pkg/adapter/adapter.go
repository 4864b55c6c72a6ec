// Package adapter turns a document into channels, runs them, and replaces those that changed when the document does.
package adapter

import (
	"context"
	"sync"
	"time"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// Adapter is a checked document that can run. It is safe for concurrent use.
type Adapter struct {
	path      string
	options   Options
	throttles workflow.Throttles

	// reloads makes reloads follow each other. It is taken before lifecycle, and held while a document is read: that may hang, and must keep
	// nobody from stopping.
	reloads turn
	// lifecycle makes Start, Stop, what a reload changes and what steers a channel follow each other.
	lifecycle turn
	// running is guarded by lifecycle.
	running bool

	// mu guards the fields below, for those who look at an adapter that runs.
	mu      sync.RWMutex
	current *configuration
	// redirect is where connections to Kinesis go instead; empty for where the document says.
	redirect string
	// past are channels that a reload took away while messages of theirs had no outcome, gone the counts of all others.
	past []*channel.Channel
	gone workflow.Counts
	// reloading says that channels are being replaced.
	reloading bool
	// hurry ends the drain of a reload; nil while there is none.
	hurry context.CancelFunc
	// late says that the stop has no time left.
	late bool
	// base carries the logger and what else comes with it to what an operator starts; nil before Start.
	base      context.Context
	startedAt time.Time
	// stopping says that a Stop has begun.
	stopping bool
	// halt ends the start of a channel by an operator, which a Stop has no use for; nil while there is none.
	halt       context.CancelFunc
	lastReload *ReloadStatus

	failures failures
	hot      hotShards
}

func (a *Adapter) configuration() *configuration {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.current
}

// ID is the adapter's unique-id.
func (a *Adapter) ID() string { return a.configuration().root.UniqueID }

// Fragment says that the document is only a part of a channel, which can be checked but not run.
func (a *Adapter) Fragment() bool { return a.configuration().fragment != "" }

// Channels are the document's channels, in its order. A reload replaces some of them.
func (a *Adapter) Channels() []*channel.Channel { return a.configuration().root.Channels() }

// Components are all components of the document, for the command line and the status page. A reload replaces some of them.
func (a *Adapter) Components() []component.Decoded { return a.configuration().components() }

// Files are those that the document was read from, with what it includes, its variables and the files of its connections; those that come
// over HTTP are left out. Some may not exist.
func (a *Adapter) Files() []string { return a.configuration().files }

// Redirect sends every connection to Kinesis to the endpoint at url, also those that a reload brings. Call it before Start.
func (a *Adapter) Redirect(url string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.redirect = url
	redirect(a.current.components(), url)
}

func redirect(components []component.Decoded, url string) {
	for _, d := range components {
		if r, ok := d.Component.(component.Redirectable); ok {
			r.Redirect(url)
		}
	}
}

// surroundings are what the adapter's channels need of it.
func (a *Adapter) surroundings(c *configuration) channel.Surroundings {
	return channel.Surroundings{ErrorHandler: c.root.ErrorHandler, Flush: a.flush, Failed: a.failed, Throttles: &a.throttles}
}

// IdleSince is the time since when every source of a started channel has been empty and no message is under way; zero while that is not
// so, when a source can not tell, or while an operator has paused a channel.
func (a *Adapter) IdleSince() time.Time {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if a.reloading {
		return time.Time{}
	}
	var latest time.Time
	for _, p := range a.current.parts {
		c, ok := p.component.(*channel.Channel)
		if !ok || !p.running.Load() && !p.starts() {
			continue
		}
		if c.Paused() {
			return time.Time{}
		}
		for _, w := range c.All() {
			i, ok := w.Source().(component.Idler)
			if !ok || w.Counts().InFlight > 0 {
				return time.Time{}
			}
			since := i.IdleSince()
			if since.IsZero() {
				return time.Time{}
			}
			if since.After(latest) {
				latest = since
			}
		}
	}
	return latest
}

// Counts are the sums over all channels, those that a reload took away included.
func (a *Adapter) Counts() workflow.Counts {
	a.mu.RLock()
	defer a.mu.RUnlock()
	sum := a.gone
	for _, c := range append(a.past[:len(a.past):len(a.past)], a.current.root.Channels()...) {
		sum.Add(c.Counts())
	}
	return sum
}

// partWith is called with mu held, with channels that have stopped for good. Of those whose messages all have their outcome, nothing but the
// counts, which do not change any more, is kept: they hold all that they were made of.
func (a *Adapter) partWith(stopped []*channel.Channel) {
	all := append(a.past, stopped...)
	a.past = nil
	for _, c := range all {
		if n := c.Counts(); n.InFlight == 0 {
			a.gone.Add(n)
		} else {
			a.past = append(a.past, c)
		}
	}
}
