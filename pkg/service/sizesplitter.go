package service

import (
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// SizeSplitter cuts a message after every so many bytes, be it inside a character. Interlok: SizeBasedSplitter. Parts are slices of the
// payload and cost no copy. An empty message has no parts.
type SizeSplitter struct {
	splitting
	SplitSizeBytes int `xml:"split-size-bytes" default:"262144" min:"1" doc:"bytes in a part"`
}

// Split implements component.Splitter.
func (s *SizeSplitter) Split(m *message.Message, yield func(*message.Message) error) error {
	origin := s.origin(m)
	for rest := m.Payload(); len(rest) > 0; {
		n := min(s.SplitSizeBytes, len(rest))
		if err := yield(origin.Child(rest[:n:n])); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// WholeMessage makes one part, the message as it is. Interlok: NoOpSplitter.
type WholeMessage struct{}

// Split implements component.Splitter.
func (*WholeMessage) Split(m *message.Message, yield func(*message.Message) error) error {
	return yield(m.Child(m.Payload()))
}

func init() {
	component.Register[SizeSplitter]("size-based-splitter", "com.adaptris.core.services.splitter.SizeBasedSplitter", component.KindSplitter,
		"cuts after every so many bytes")
	component.Register[WholeMessage]("no-op-splitter", "com.adaptris.core.services.splitter.NoOpSplitter", component.KindSplitter,
		"makes one part, the message as it is")
}
