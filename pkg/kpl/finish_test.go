package kpl

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
)

// t.Fatal in a callback ends its goroutine. The results that the goroutine still had to give are given all the same, and Flush and Close end.
func TestACallbackThatEndsItsGoroutineHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		b := start(t, testConfig(f))
		const records = 20
		got := make(chan int, records)
		for i := range records {
			if err := b.Put(t.Context(), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")}, func(r Result) {
				if r.Err != nil {
					t.Errorf("record %d: %v", i, r.Err)
				}
				got <- i
				if i%3 == 0 {
					runtime.Goexit()
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(got) != records {
			t.Errorf("%d results of %d", len(got), records)
		}
		b.close()
	})
}
