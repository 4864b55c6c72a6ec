package component

import "github.com/adapterd/adapterd/pkg/message"

// Streamer is what services, splitters and producers implement that can do with a message whose payload is still with its source: they
// take message.Stream, hand the message on with Apply or Load, or do not look at the payload at all.
type Streamer interface {
	// Streams says that it is so with this configuration.
	Streams() bool
}

// Streams says whether a component is a Streamer that streams.
func Streams(c any) bool {
	s, ok := c.(Streamer)
	return ok && s.Streams()
}

// Load brings the payload of m into memory, unless the component that gets m next streams. Apply calls it; whoever hands a message to a
// splitter or a producer by itself does so too.
func Load(next any, m *message.Message) error {
	if _, stored := m.Stream(); !stored || Streams(next) {
		return nil
	}
	return m.Load()
}
