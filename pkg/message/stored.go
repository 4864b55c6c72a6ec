package message

import (
	"fmt"
	"io"
	"sync"
)

// stored is a payload that stays with its source until somebody wants it as a whole. Clones share it, so that it is read once for all.
type stored struct {
	from io.ReaderAt
	size int

	// mu guards the fields below: clones may be used side by side.
	mu      sync.Mutex
	payload []byte
	loaded  bool
}

// NewStored makes a message with a new id whose payload is the first size bytes of from. They stay there until Load or Payload is called
// on the message or a clone; who can work on a part of it at a time takes Stream. from must give the same bytes until the message's
// delivery is done, and may be read by several goroutines.
func NewStored(from io.ReaderAt, size int) *Message {
	return &Message{id: newID(), stored: &stored{from: from, size: size}}
}

// Size is the payload's length in bytes, wherever it is.
func (m *Message) Size() int {
	if m.stored != nil {
		return m.stored.size
	}
	return len(m.payload)
}

// Load reads the payload into memory if it is not there yet. After an error another call tries again.
func (m *Message) Load() error {
	if m.stored == nil {
		return nil
	}
	_, err := m.stored.load()
	return err
}

// Stream reads the payload from its beginning, Size bytes, if it is not in memory; otherwise there is nothing to gain, and ok is false.
// It is an error of the reader if the payload ends too early.
func (m *Message) Stream() (payload io.Reader, ok bool) {
	if m.stored == nil {
		return nil, false
	}
	m.stored.mu.Lock()
	defer m.stored.mu.Unlock()
	if m.stored.loaded {
		return nil, false
	}
	return &payloadReader{stored: m.stored}, true
}

func (s *stored) load() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded {
		return s.payload, nil
	}
	payload := make([]byte, s.size)
	if n, err := s.from.ReadAt(payload, 0); n < s.size {
		return nil, s.cut(n, err)
	}
	s.payload, s.loaded = payload, true
	return payload, nil
}

// cut is the error when the payload can be read up to n only.
func (s *stored) cut(n int, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // as io.Reader wants it
		return fmt.Errorf("the payload ended after %d of %d bytes: its source has changed meanwhile", n, s.size)
	}
	return fmt.Errorf("read the payload from its source, after %d of %d bytes: %w", n, s.size, err)
}

// payloadReader reads a stored payload from its beginning to its end.
type payloadReader struct {
	*stored
	at int
}

func (r *payloadReader) Read(p []byte) (int, error) {
	if r.at == r.size {
		return 0, io.EOF
	}
	p = p[:min(len(p), r.size-r.at)]
	n, err := r.from.ReadAt(p, int64(r.at))
	r.at += n
	if n < len(p) {
		return n, r.cut(r.at, err)
	}
	return n, nil
}
