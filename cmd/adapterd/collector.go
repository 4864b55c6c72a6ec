package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// heapFloor is up to which size the heap may grow before it is collected: a small one, of a few megabytes, would be collected a hundred
	// times a second under load, for nothing that anybody notices.
	heapFloor = 40 << 20
	// heapGrowth is by how many percent a larger heap grows before it is collected. Go's own default, 100, makes a backlog of data, which is
	// most of what a busy adapter holds, cost twice its size.
	heapGrowth = 50
	// firstGrowth is for the start, when a heap of nothing but configuration is made.
	firstGrowth = 800
)

// paceCollector makes the garbage collector keep to heapFloor and heapGrowth until stop is called, unless GOGC says what is wanted.
func paceCollector() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	pace := &collectorPace{percent: firstGrowth, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	before := debug.SetGCPercent(firstGrowth)
	pace.afterNext()
	return func() {
		pace.mu.Lock()
		defer pace.mu.Unlock()
		pace.stopped = true
		debug.SetGCPercent(before)
	}
}

// collectorPace is adjusted after each collection, by the goroutine that runs finalizers.
type collectorPace struct {
	live []metrics.Sample

	mu      sync.Mutex // guards the fields below
	percent int
	stopped bool
}

// afterNext makes adjust come once the next collection is over.
func (c *collectorPace) afterNext() {
	runtime.SetFinalizer(&collected{c: c}, func(s *collected) {
		if s.c.adjust() {
			s.c.afterNext()
		}
	})
}

// collected is garbage from the beginning.
type collected struct{ c *collectorPace }

// adjust says whether to go on.
func (c *collectorPace) adjust() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return false
	}
	metrics.Read(c.live)
	want := growth(c.live[0].Value.Uint64())
	if d := want - c.percent; d > c.percent/8 || -d > c.percent/8 { // setting it stops the program for a moment
		c.percent = want
		debug.SetGCPercent(want)
	}
	return true
}

// growth is by how many percent a heap with so many bytes in use may grow.
func growth(live uint64) int {
	live = max(live, heapFloor/(firstGrowth/100+1))
	if live >= heapFloor {
		return heapGrowth
	}
	return max(heapGrowth, int((heapFloor-live)*100/live))
}
