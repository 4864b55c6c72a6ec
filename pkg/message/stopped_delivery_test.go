package message

import (
	"errors"
	"fmt"
	"testing"
)

// Who forgives failures must not be told of another one in place of a message that was given back: it was never sent.
func TestDeliveryTellsOfAGiveBackBeforeFailures(t *testing.T) {
	refused, stopped := errors.New("refused"), fmt.Errorf("kinesis: %w", ErrStopped)
	for name, ends := range map[string][]error{
		"failure first":   {refused, stopped},
		"give back first": {stopped, refused},
		"among others":    {refused, nil, stopped, refused},
	} {
		t.Run(name, func(t *testing.T) {
			var got error
			d := NewDelivery(func(err error) { got = err })
			inner := d.Child(func(err error) error {
				if errors.Is(err, ErrStopped) {
					return err
				}
				return nil
			})
			for range len(ends) - 1 {
				inner.Hold()
			}
			for _, err := range ends {
				inner.Release(err)
			}
			d.Release(nil)
			if !errors.Is(got, ErrStopped) {
				t.Errorf("outcome %v", got)
			}
		})
	}
}
