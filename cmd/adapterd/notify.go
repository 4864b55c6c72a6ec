package main

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// notifier tells whoever started the program how far it is: systemd, the service manager of Windows, or nobody. Its methods are called one
// after the other, return at once, and never fail the run: what can not be told is logged.
type notifier interface {
	// ready says that everything runs, first after the start and again after each reload; status says in a line what runs.
	ready(status string)
	// reloading says that a reload has begun; ready follows.
	reloading()
	// stopping says that the drain has begun.
	stopping()
	// beats is when alive is due; nil where nobody asks for signs of life.
	beats() <-chan time.Time
	// alive is a sign of life, with a line that says what has been done so far.
	alive(status string)
	// close ends the beats.
	close()
}

// silent tells nobody.
type silent struct{}

func (silent) ready(string)            {}
func (silent) reloading()              {}
func (silent) stopping()               {}
func (silent) beats() <-chan time.Time { return nil }
func (silent) alive(string)            {}
func (silent) close()                  {}

// notifier is the one that the run was given, or the one that its environment asks for.
func (f *runFlags) notifier(log *zap.Logger) notifier {
	if f.told != nil {
		return f.told
	}
	return environmentNotifier(log)
}

// doneSoFar is an adapter in a line. It takes the adapter's locks, so that an adapter in which one is never given back shows no sign of life.
func doneSoFar(a *adapter.Adapter) string {
	n := a.Counts()
	return fmt.Sprintf("%s; %d consumed, %d delivered, %d handled, %d failed, %d under way",
		count(len(a.Channels()), "channel"), n.Consumed, n.Delivered, n.Handled, n.Failed, n.InFlight)
}
