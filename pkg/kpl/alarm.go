package kpl

import (
	"container/heap"
	"sync"
	"time"
)

// alarm is the clock of a stream: one goroutine with one timer that calls whatever is due. Without entries it sleeps for good.
type alarm struct {
	now  func() instant
	kick chan struct{} // holds one token when the earliest entry changed

	mu      sync.Mutex // guards entries and the at and index of each entry
	entries alarmHeap
}

// alarmEntry is something that is due at a time. Its fire is called from the alarm's goroutine with no lock held.
type alarmEntry struct {
	at    instant
	index int // place in the heap, -1 when not in it
	fire  func(now instant)
}

func newAlarm(now func() instant) *alarm {
	return &alarm{now: now, kick: make(chan struct{}, 1)}
}

// set makes the entry due at that time, in place of what was set before.
func (a *alarm) set(e *alarmEntry, at instant) {
	a.mu.Lock()
	switch {
	case at == never && e.index >= 0:
		heap.Remove(&a.entries, e.index)
	case at == never:
	case e.index >= 0:
		e.at = at
		heap.Fix(&a.entries, e.index)
	default:
		e.at = at
		heap.Push(&a.entries, e)
	}
	first := e.index == 0
	a.mu.Unlock()
	if first {
		select {
		case a.kick <- struct{}{}:
		default:
		}
	}
}

// run calls what is due until stop is closed.
func (a *alarm) run(stop <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		now := a.now()
		var due *alarmEntry
		wait := time.Duration(-1)
		a.mu.Lock()
		if len(a.entries) > 0 {
			if first := a.entries[0]; first.at <= now {
				due = heap.Pop(&a.entries).(*alarmEntry)
			} else {
				wait = first.at.since(now)
			}
		}
		a.mu.Unlock()
		if due != nil {
			due.fire(now)
			continue
		}
		var ring <-chan time.Time
		if wait >= 0 {
			timer.Reset(wait)
			ring = timer.C
		}
		select {
		case <-ring:
		case <-a.kick:
			timer.Stop()
		case <-stop:
			return
		}
	}
}

// alarmHeap orders entries by time.
type alarmHeap []*alarmEntry

func (h alarmHeap) Len() int           { return len(h) }
func (h alarmHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h alarmHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *alarmHeap) Push(x any) {
	e := x.(*alarmEntry)
	e.index = len(*h)
	*h = append(*h, e)
}

func (h *alarmHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.index = -1
	return e
}
