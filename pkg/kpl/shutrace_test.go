package kpl

import (
	"testing"
	"testing/synctest"
)

// A lane that drains into a collector that was shut before it keeps its records for whoever shuts the lane.
func TestLaneKeepsWhatAShutCollectorDoesNotTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		s := (*b.streams.Load())["s"]
		l := s.routes.Load().lanes[0]
		u := userRecord{partitionKey: "k", hash: HashKeyOf("k"), put: b.now(), since: b.now()}
		k := b.pools.newPlain(s, l, &u, []byte("x"))
		k.deadline, k.expiration = never, never
		s.collector.mu.Lock()
		s.collector.closed = true
		s.collector.mu.Unlock()
		l.mu.Lock()
		l.enqueue(k)
		l.drain(b.now())
		left := len(l.queue)
		l.queue = nil
		l.mu.Unlock()
		if left != 1 {
			t.Errorf("%d records are left in the lane, want 1", left)
		}
		s.collector.mu.Lock()
		s.collector.closed = false
		s.collector.mu.Unlock()
		b.close()
	})
}
