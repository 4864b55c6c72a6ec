package kpl

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What is put while a stream is being given up goes to the one that takes its place.
func TestPutsIntoAStreamThatIsGivenUpAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(3)
		b := start(t, testConfig(f))
		var putters sync.WaitGroup
		for g := range 4 {
			putters.Go(func() {
				for i := range 500 {
					b.put(fmt.Sprint(g, " ", i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
					if i%100 == 0 {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		for range 20 {
			if s := (*b.streams.Load())["s"]; s != nil {
				b.forget(s)
			}
			time.Sleep(time.Millisecond)
		}
		putters.Wait()
		if err := b.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		for g := range 4 {
			for i := range 500 {
				if r := b.result(fmt.Sprint(g, " ", i)); r.Err != nil {
					t.Fatal(r.Err)
				}
			}
		}
		if len(f.userRecords(t)) != 2000 {
			t.Errorf("%d stored", len(f.userRecords(t)))
		}
		b.close()
	})
}
