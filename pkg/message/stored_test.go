package message_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/message"
)

// countedReads is a source that counts how often it is read, and fails while it is broken.
type countedReads struct {
	*strings.Reader
	reads  int
	broken error
}

func (c *countedReads) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	if c.broken != nil {
		return 0, c.broken
	}
	return c.Reader.ReadAt(p, off)
}

func TestAStoredPayloadIsReadOnceForAllClones(t *testing.T) {
	source := &countedReads{Reader: strings.NewReader("payload")}
	m := message.NewStored(source, 7)
	clone := m.Clone()
	if m.Size() != 7 || source.reads != 0 {
		t.Errorf("size %d after %d reads", m.Size(), source.reads)
	}
	if err := clone.Load(); err != nil {
		t.Fatal(err)
	}
	text, err := m.Text()
	if err != nil || text != "payload" || string(clone.Payload()) != "payload" {
		t.Errorf("%q and %q, %v", text, clone.Payload(), err)
	}
	if source.reads != 1 {
		t.Errorf("it was read %d times", source.reads)
	}
	if _, ok := m.Stream(); ok {
		t.Error("what is in memory is still to be streamed")
	}
}

func TestAStoredPayloadIsStreamed(t *testing.T) {
	m := message.NewStored(strings.NewReader("payload and more"), 7)
	for range 2 {
		from, ok := m.Stream()
		if !ok {
			t.Fatal("there is no stream")
		}
		if text, err := io.ReadAll(from); err != nil || string(text) != "payload" {
			t.Errorf("%q, %v", text, err)
		}
	}
	if _, ok := message.New([]byte("x")).Stream(); ok {
		t.Error("a payload in memory is streamed")
	}
}

func TestAStoredPayloadThatEndsTooEarlyIsAnError(t *testing.T) {
	const want = "ended after 7 of 9 bytes"
	m := message.NewStored(strings.NewReader("payload"), 9)
	if err := m.Load(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("load: %v", err)
	}
	from, _ := m.Stream()
	if text, err := io.ReadAll(from); err == nil || !strings.Contains(err.Error(), want) || string(text) != "payload" {
		t.Errorf("stream: %q, %v", text, err)
	}
}

func TestAStoredPayloadCanBeLoadedAfterAFailure(t *testing.T) {
	broken := errors.New("input/output error")
	source := &countedReads{Reader: strings.NewReader("payload"), broken: broken}
	m := message.NewStored(source, 7)
	if err := m.Load(); !errors.Is(err, broken) {
		t.Errorf("load: %v", err)
	}
	source.broken = nil
	if err := m.Load(); err != nil || string(m.Payload()) != "payload" {
		t.Errorf("load: %v", err)
	}
}

func TestAnotherPayloadTakesTheStoredOnesPlace(t *testing.T) {
	m := message.NewStored(strings.NewReader("payload"), 7)
	clone := m.Clone()
	m.SetPayload([]byte("other"))
	if string(m.Payload()) != "other" || m.Size() != 5 || string(clone.Payload()) != "payload" {
		t.Errorf("%q (%d) and %q", m.Payload(), m.Size(), clone.Payload())
	}
}

func TestAParsedFormIsNoCloneOfAnothers(t *testing.T) {
	m := message.New([]byte("a"))
	text := func(payload []byte) (any, error) { return string(payload), nil }
	if v, err := m.Parsed(message.JSON, text); v != "a" || err != nil {
		t.Errorf("%v, %v", v, err)
	}
	clone := m.Clone()
	if !clone.HasParsed(message.JSON) || clone.HasParsed(message.XML) {
		t.Error("a clone has not the same parsed forms")
	}
	_, _ = clone.Parsed(message.XML, text)
	if m.HasParsed(message.XML) {
		t.Error("what a clone parses later is the message's too")
	}
	clone.SetPayload([]byte("b"))
	if v, _ := clone.Parsed(message.JSON, text); v != "b" || !m.HasParsed(message.JSON) {
		t.Errorf("the clone's is %v", v)
	}
}
