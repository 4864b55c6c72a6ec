package message

import (
	"maps"
	"slices"
)

// ObjectKeys lists the keys of the in-memory values in order.
func (m *Message) ObjectKeys() []string { return slices.Sorted(maps.Keys(m.objects)) }
