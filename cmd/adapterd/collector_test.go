package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestHeapGrowsByHalfAboveItsFloor(t *testing.T) {
	for _, c := range []struct {
		name string
		live uint64
		want int
	}{
		{"nothing", 0, firstGrowth},
		{"configuration only", 5 << 20, 700},
		{"half the floor", 20 << 20, 100},
		{"near the floor", 35 << 20, heapGrowth},
		{"backlog", 64 << 20, heapGrowth},
		{"huge", 8 << 30, heapGrowth},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := growth(c.live); got != c.want {
				t.Errorf("growth(%d) = %d, want %d", c.live, got, c.want)
			}
		})
	}
}

func TestCollectorIsPacedByWhatIsInUse(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	t.Setenv("GOGC", "")
	t.Cleanup(paceCollector())
	backlog := make([]byte, 64<<20)
	for limit := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		runtime.GC()
		if got := debug.SetGCPercent(heapGrowth); got == heapGrowth {
			break
		} else if debug.SetGCPercent(got); time.Now().After(limit) {
			t.Fatalf("the heap may grow by %d percent with %d bytes in use", got, len(backlog))
		}
	}
	runtime.KeepAlive(backlog)
}

func TestGOGCIsObeyed(t *testing.T) {
	before := debug.SetGCPercent(123)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	t.Setenv("GOGC", "123")
	t.Cleanup(paceCollector())
	if got := debug.SetGCPercent(123); got != 123 {
		t.Errorf("the heap may grow by %d percent", got)
	}
}
