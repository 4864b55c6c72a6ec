package adapter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaitingForATurnCanBeGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurn()
		turns.Lock()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := turns.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "is under way and did not end in time") {
			t.Errorf("error %v", err)
		}
		turns.Unlock()
		if err := turns.wait(ctx); err == nil {
			t.Error("it came to its turn when its time was over")
		}
		if err := turns.wait(context.Background()); err != nil {
			t.Error(err)
		}
		turns.Unlock()
	})
}

// Whoever asks for a reload has to wait for another one, and for a channel that drains, no longer than their time lasts. Nothing has changed then.
func TestAReloadGivesUpWaitingForItsTurn(t *testing.T) {
	for name, under := range map[string]func(*Adapter) turn{
		"another reload": func(a *Adapter) turn { return a.reloads },
		"a drain":        func(a *Adapter) turn { return a.lifecycle },
	} {
		t.Run(name, func(t *testing.T) {
			a := &Adapter{reloads: newTurn(), lifecycle: newTurn(), current: new(configuration)}
			under(a).Lock()
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			if r, err := a.Reload(ctx); !errors.Is(err, context.DeadlineExceeded) || r.Changed() {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
