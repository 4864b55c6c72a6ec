package sim

import (
	"slices"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// lie is what a model does on purpose that no service may do: for proving that the checks see it.
type lie string

const (
	truthful   lie = ""
	lieDropped lie = "says stored and drops"
	lieTwice   lie = "stores twice"
	lieFailed  lie = "says failed and stores"
	lieMoved   lie = "stores in another shard than it says"
	lieChanged lie = "stores other data"
)

// liesEvery is how many Kinesis records pass between two lies.
const liesEvery = 5

// keep holds a record that is to be stored, or does what the lie is. It returns the sequence number to be told.
func (m *model) keep(s *stream, h *shard, e entry, now time.Time) uint64 {
	m.kept++
	if m.kept%liesEvery != 0 {
		return m.hold(s, h, e, now)
	}
	switch m.lie {
	case lieDropped:
		m.sequence++
		return m.sequence
	case lieTwice:
		m.hold(s, h, e, now)
	case lieMoved:
		open := s.open(now)
		h = open[(slices.Index(open, h)+1)%len(open)]
	case lieChanged:
		e.users = slices.Clone(e.users)
		e.users[0] = aggregation.Record{PartitionKey: e.users[0].PartitionKey, Data: append(slices.Clone(e.users[0].Data), '?')}
	}
	return m.hold(s, h, e, now)
}
