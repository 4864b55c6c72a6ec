package kpl

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
)

func TestGateCountsByGeneration(t *testing.T) {
	var on outstanding
	g := newGate(100, 1000, func() {}, func() bool { return false })
	enter := func() uint32 {
		n, err := g.enter(context.Background(), 1, &on)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	isClosed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	if n, done := g.mark(); n != 0 || !isClosed(done) {
		t.Errorf("a flush of nothing: generation %d, done %v", n, isClosed(done))
	}
	a := enter()
	first, doneA := g.mark()
	again, doneAgain := g.mark()
	if first != a || again != a || doneA != doneAgain {
		t.Error("a flush after a flush with nothing between waits for the same")
	}
	b := enter()
	second, doneB := g.mark()
	if second != b || b != a+1 {
		t.Errorf("generations %d and %d", a, b)
	}
	g.leave(1, 1)
	g.end(b, 1, 1)
	if isClosed(doneB) {
		t.Error("a later generation is done before an earlier one")
	}
	g.leave(1, 1)
	if isClosed(doneA) {
		t.Error("done before the callback has returned")
	}
	g.end(a, 1, 1)
	if !isClosed(doneA) || !isClosed(doneB) {
		t.Error("not done")
	}
	if records, bytes, waiting := g.outstanding(); records != 0 || bytes != 0 || waiting != 0 || len(g.generations) != 1 {
		t.Errorf("%d records, %d bytes, %d waiting, %d generations", records, bytes, waiting, len(g.generations))
	}
}

func TestGateIsFair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var on outstanding
		g := newGate(10, 100, func() {}, func() bool { return false })
		if _, err := g.enter(context.Background(), 100, &on); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order []int64
		for _, bytes := range []int64{60, 50, 10} {
			go func() {
				if _, err := g.enter(context.Background(), bytes, &on); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order = append(order, bytes)
			}()
			synctest.Wait()
		}
		g.leave(1, 100)
		g.end(1, 1, 100)
		synctest.Wait()
		if len(order) != 1 || order[0] != 60 {
			t.Fatalf("%v came in: the small one must not overtake", order)
		}
		g.leave(1, 60)
		g.end(1, 1, 60)
		synctest.Wait()
		if len(order) != 3 {
			t.Errorf("%v", order)
		}
		ctx, cancel := context.WithCancel(context.Background())
		blocked := make(chan error)
		go func() {
			_, err := g.enter(ctx, 100, &on)
			blocked <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-blocked; err != context.Canceled {
			t.Error(err)
		}
		g.close()
		if _, err := g.enter(context.Background(), 1, &on); err != ErrClosed {
			t.Error(err)
		}
	})
}
