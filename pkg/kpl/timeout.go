package kpl

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const codeUserRecordTimeout = "UserRecordTimeout"

// overdue gives records their result when UserRecordTimeout is over, though they go on their way (KPL: FutureTimedOutException).
type overdue struct {
	p     *Producer
	after time.Duration
	alarm *alarm
	stop  chan struct{}

	mu    sync.Mutex // guards all below
	queue []*promise // by time
	armed bool
	entry alarmEntry
	// sweepAt is the length of queue at which what has its result is looked for in all of it.
	sweepAt int
}

// promise is a result that was not given yet.
type promise struct {
	given  atomic.Bool // by the record's end or by the time-out, whichever is first
	done   func(Result)
	stream string
	put    instant
}

func newOverdue(p *Producer) *overdue {
	o := &overdue{p: p, after: p.cfg.UserRecordTimeout, alarm: newAlarm(p.now), stop: make(chan struct{})}
	o.entry = alarmEntry{index: -1, fire: o.tick}
	p.crew.start(func() { o.alarm.run(o.stop) })
	return o
}

// watch returns what calls a callback in its place, at the latest when the time is over.
func (o *overdue) watch(done func(Result), stream string, put instant) *promise {
	w := &promise{done: done, stream: stream, put: put}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, w)
	o.trim()
	if len(o.queue) > o.sweepAt {
		o.queue = slices.DeleteFunc(o.queue, func(w *promise) bool { return w.given.Load() })
		o.sweepAt = max(1000, 2*len(o.queue))
	}
	if !o.armed {
		o.armed = true
		o.alarm.set(&o.entry, put.add(o.after))
	}
	return w
}

// give calls the callback unless the time-out did.
func (w *promise) give(r Result) {
	if w.given.CompareAndSwap(false, true) {
		w.done(r)
	}
}

// trim forgets the oldest that have their result.
func (o *overdue) trim() {
	n := 0
	for n < len(o.queue) && o.queue[n].given.Load() {
		n++
	}
	clear(o.queue[:n])
	o.queue = o.queue[n:]
}

func (o *overdue) tick(now instant) {
	var late []*promise
	o.mu.Lock()
	for o.trim(); len(o.queue) > 0 && o.queue[0].put.add(o.after) <= now; o.trim() {
		late = append(late, o.queue[0])
		o.queue[0] = nil
		o.queue = o.queue[1:]
	}
	o.armed = len(o.queue) > 0
	if o.armed {
		o.alarm.set(&o.entry, o.queue[0].put.add(o.after))
	}
	o.mu.Unlock()
	if len(late) > 0 {
		o.p.crew.start(func() {
			for _, w := range late {
				o.giveLate(w, now)
			}
		})
	}
}

func (o *overdue) giveLate(w *promise, now instant) {
	defer func() {
		if v := recover(); v != nil {
			o.p.panicked(v)
		}
	}()
	a := Attempt{Delay: now.since(w.put), ErrorCode: codeUserRecordTimeout, ErrorMessage: fmt.Sprintf("no result within UserRecordTimeout of %v", o.after)}
	w.give(Result{Stream: w.stream, Attempts: []Attempt{a}, Err: &RecordError{
		Stream: w.stream, Code: a.ErrorCode, Message: a.ErrorMessage, Attempts: []Attempt{a}, Age: now.since(w.put),
		Remedy: "the record is still on its way and may be stored yet; look at Stats for what holds it up",
	}})
}
