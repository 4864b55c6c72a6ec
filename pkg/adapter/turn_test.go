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
