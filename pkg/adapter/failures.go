package adapter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
)

const (
	// keptFailures bounds how many failures are remembered.
	keptFailures = 200
	// waitingFailures bounds how many wait for one who was given to OnFailure.
	waitingFailures = 256
	// reasonBytes bounds the text of one: 200 of them are in one answer.
	reasonBytes = 2000
	// tellingTime bounds how long a stop waits until all have been told.
	tellingTime = time.Second
)

// failures are the last messages that failed, of all channels. The zero value is ready; it is safe for concurrent use.
type failures struct {
	mu sync.Mutex
	// last is a ring; next is where the next one goes once it is full.
	last []Failure
	next int
	told []*listener
	// telling is how many listeners have a goroutine, which is there while something waits for them; quiet is closed when there is none, and
	// nil while nobody waits for that.
	telling int
	quiet   chan struct{}
}

// listener is who was given to OnFailure. What it is told waits in memory, so that it keeps no workflow waiting.
type listener struct {
	tell func(Failure)

	// mu guards the fields below.
	mu      sync.Mutex
	waiting []Failure
	telling bool
}

func (f *failures) add(failure Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.last) < keptFailures {
		f.last = append(f.last, failure)
	} else {
		f.last[f.next] = failure
		f.next = (f.next + 1) % keptFailures
	}
	for _, l := range f.told {
		if l.add(failure) {
			f.telling++
			go f.run(l)
		}
	}
}

func (f *failures) run(l *listener) {
	l.tellAll()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.telling--; f.telling == 0 && f.quiet != nil {
		close(f.quiet)
		f.quiet = nil
	}
}

// add lets a failure wait, and says whether that needs a goroutine.
func (l *listener) add(failure Failure) (begin bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == waitingFailures {
		return false
	}
	l.waiting = append(l.waiting, failure)
	begin, l.telling = !l.telling, true
	return begin
}

// tellAll tells what waits, until nothing does.
func (l *listener) tellAll() {
	for {
		l.mu.Lock()
		all := l.waiting
		l.waiting = nil
		l.telling = len(all) > 0
		l.mu.Unlock()
		if len(all) == 0 {
			return
		}
		for _, failure := range all {
			l.tell(failure)
		}
	}
}

// settle waits until all that failed has been told, for a short time: who keeps the program waiting is left behind.
func (f *failures) settle(ctx context.Context) {
	f.mu.Lock()
	if f.telling == 0 {
		f.mu.Unlock()
		return
	}
	if f.quiet == nil {
		f.quiet = make(chan struct{})
	}
	quiet := f.quiet
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, tellingTime)
	defer cancel()
	select {
	case <-quiet:
	case <-ctx.Done():
	}
}

// Failures are the last messages that failed for good, newest first, at most 200. One that its error handler sends again is none until that
// gives up. Safe for concurrent use.
func (a *Adapter) Failures() []Failure {
	f := &a.failures
	f.mu.Lock()
	defer f.mu.Unlock()
	all := append(append(make([]Failure, 0, len(f.last)), f.last[f.next:]...), f.last[:f.next]...)
	slices.Reverse(all)
	return all
}

// OnFailure has tell called with each message that fails for good from now on, in their order, one at a time, on a goroutine of its own. No
// workflow waits for it: while 256 failures wait for tell, it misses further ones. Safe for concurrent use.
func (a *Adapter) OnFailure(tell func(Failure)) {
	f := &a.failures
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, &listener{tell: tell})
}

// failed is what channels call.
func (a *Adapter) failed(channel string, f workflow.Failure) {
	failure := Failure{At: time.Now(), Channel: channel, Workflow: f.Workflow, Message: f.Message, Reason: short(f.Err.Error()), Handled: f.Handled}
	var record *kpl.RecordError
	if errors.As(f.Err, &record) {
		failure.Remedy, failure.Stream, failure.ShardID, failure.ErrorCode = record.Remedy, record.Stream, record.ShardID, record.Code
		for _, attempt := range record.Attempts {
			if attempt.ErrorCode != record.Code || record.Code != "Expired" && record.Code != "Closed" { // those are ends, and no attempts
				failure.Attempts++
			}
		}
	}
	a.failures.add(failure)
}

// short cuts a long text between two words: a part of one could be that of a secret, which is masked as a whole. A word that is half of the
// text is cut between two characters.
func short(text string) string {
	if len(text) <= reasonBytes {
		return text
	}
	end := reasonBytes
	if space := strings.LastIndexByte(text[:end], ' '); space >= end/2 {
		return text[:space+1] + "…"
	}
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
