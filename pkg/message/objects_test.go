package message

import (
	"slices"
	"testing"
)

func TestObjectKeysComeInOrder(t *testing.T) {
	m := New(nil)
	if keys := m.ObjectKeys(); len(keys) != 0 {
		t.Errorf("a new message has %q", keys)
	}
	m.SetObject("b", 1)
	m.SetObject("a", nil)
	if keys := m.ObjectKeys(); !slices.Equal(keys, []string{"a", "b"}) {
		t.Errorf("keys are %q", keys)
	}
}
