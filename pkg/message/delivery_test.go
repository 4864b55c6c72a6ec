package message

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

func TestDeliveryIsDoneWhenTheLastHolderLetsGo(t *testing.T) {
	var outcomes []error
	d := NewDelivery(func(err error) { outcomes = append(outcomes, err) })
	d.Hold()
	d.Release(nil)
	if len(outcomes) != 0 {
		t.Fatal("done while it is held")
	}
	d.Release(nil)
	if len(outcomes) != 1 || outcomes[0] != nil {
		t.Fatal(outcomes)
	}
	defer func() {
		if recover() == nil {
			t.Error("releasing too often goes unnoticed")
		}
	}()
	d.Release(nil)
}

func TestDeliveryReportsTheFirstFailure(t *testing.T) {
	first := errors.New("first")
	var got error
	d := NewDelivery(func(err error) { got = err })
	d.Hold()
	d.Hold()
	d.Release(first)
	d.Release(errors.New("second"))
	d.Release(nil)
	if !errors.Is(got, first) || !strings.Contains(got.Error(), "and 1 more failures") {
		t.Error(got)
	}
}

func TestDeliveryOfNobody(t *testing.T) {
	var d *Delivery
	d.Hold()
	d.Release(errors.New("nobody hears it"))
	called := 0
	c := d.Child(func(err error) error { called++; return nil })
	c.Release(errors.New("x"))
	if called != 1 {
		t.Error("the child of nobody does not report")
	}
}

func TestChildDeliveryDecidesWhatItsFailureMeans(t *testing.T) {
	boom := errors.New("boom")
	for _, c := range []struct {
		name    string
		outcome func(error) error
		want    error
	}{
		{"passed on", nil, boom},
		{"forgotten", func(error) error { return nil }, nil},
	} {
		done := 0
		var got error
		d := NewDelivery(func(err error) { done++; got = err })
		child := d.Child(c.outcome)
		d.Release(nil)
		if done != 0 {
			t.Fatal("done before its child")
		}
		child.Release(boom)
		if done != 1 || got != c.want {
			t.Errorf("%s: done %d times with %v", c.name, done, got)
		}
	}
}

// TestDeliveryIsDoneExactlyOnce grows a random tree of holds and children, lets go of all of it from several goroutines in a random
// order, and expects done once, last, with a failure if and only if one was not forgotten.
func TestDeliveryIsDoneExactlyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type hold struct {
			d *Delivery
			// swallowed says that a child on the way to the root forgets failures.
			swallowed bool
			err       error
		}
		var done, released atomic.Int64
		var outcome error
		total := 1
		root := NewDelivery(func(err error) {
			done.Add(1)
			outcome = err
			if int(released.Load()) != total {
				panic("done before all had let go")
			}
		})
		holds := []hold{{d: root}}
		for range rapid.IntRange(0, 30).Draw(t, "holders") {
			parent := rapid.SampledFrom(holds).Draw(t, "parent")
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				parent.d.Hold()
				holds = append(holds, hold{d: parent.d, swallowed: parent.swallowed})
			case 1:
				holds = append(holds, hold{d: parent.d.Child(nil), swallowed: parent.swallowed})
			case 2:
				holds = append(holds, hold{d: parent.d.Child(func(error) error { return nil }), swallowed: true})
			}
		}
		total = len(holds)
		failures := 0
		for i := range holds {
			if rapid.IntRange(0, 4).Draw(t, "fails") == 0 {
				holds[i].err = fmt.Errorf("holder %d", i)
				if !holds[i].swallowed {
					failures++
				}
			}
		}
		order := rapid.Permutation(holds).Draw(t, "order")
		const workers = 3
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(order); i += workers {
					released.Add(1)
					order[i].d.Release(order[i].err)
				}
			})
		}
		wg.Wait()
		if done.Load() != 1 {
			t.Fatalf("done %d times", done.Load())
		}
		if (outcome != nil) != (failures > 0) {
			t.Fatalf("%d failures, outcome %v", failures, outcome)
		}
	})
}

func BenchmarkDelivery(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		d := NewDelivery(func(error) {})
		d.Hold()
		d.Release(nil)
		d.Release(nil)
	}
}
