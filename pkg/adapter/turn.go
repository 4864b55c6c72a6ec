package adapter

import (
	"context"
	"fmt"
)

// turn is a mutex whose waiting can be given up.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// Lock waits for its turn.
func (t turn) Lock() { t <- struct{}{} }

// Unlock ends the turn.
func (t turn) Unlock() { <-t }

// wait is Lock, until ctx ends.
func (t turn) wait(ctx context.Context) error {
	if ctx.Err() == nil {
		select {
		case t <- struct{}{}:
			return nil
		case <-ctx.Done():
		}
	}
	return fmt.Errorf("another start, stop or reload is under way and did not end in time: %w", context.Cause(ctx))
}
