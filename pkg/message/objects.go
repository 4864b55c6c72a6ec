package message

import (
	"maps"
	"slices"
)

// PassObjects makes m give its in-memory values to the children that it makes from now on; their own children do not get them. The values
// are the same ones, so they must be safe for use side by side.
func (m *Message) PassObjects() { m.passesObjects = true }

// ObjectKeys lists the keys of the in-memory values in order.
func (m *Message) ObjectKeys() []string { return slices.Sorted(maps.Keys(m.objects)) }
