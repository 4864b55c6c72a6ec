package service

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// TestLinesAreTheSameInPieces is a property: wherever a payload is cut while it is read, its parts are those of one in memory.
func TestLinesAreTheSameInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &LineCount{
			SplitOnLine: rapid.IntRange(1, 4).Draw(t, "lines"), KeepHeaderLines: rapid.IntRange(0, 3).Draw(t, "header"),
			IgnoreBlankLines: rapid.Bool().Draw(t, "ignore blank lines"),
		}
		text := rapid.StringMatching(`([ab]{0,9}[\n\r]{0,3}){0,12}`).Draw(t, "text")
		var whole, pieces []string
		into := func(parts *[]string) func(*message.Message) error {
			return func(part *message.Message) error {
				*parts = append(*parts, string(part.Payload()))
				return nil
			}
		}
		origin := message.New(nil)
		if err := s.split(origin, wholeLines([]byte(text)), into(&whole)); err != nil {
			t.Fatal(err)
		}
		if err := s.split(origin, &lineSource{from: strings.NewReader(text), piece: rapid.IntRange(1, 9).Draw(t, "piece")}, into(&pieces)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, pieces); diff != "" {
			t.Error(diff)
		}
	})
}

// howFar is a source that knows up to where it was read.
type howFar struct {
	*bytes.Reader
	to int64
}

func (h *howFar) ReadAt(p []byte, off int64) (int, error) {
	h.to = max(h.to, off+int64(len(p)))
	return h.Reader.ReadAt(p, off)
}

func TestLinesAreReadAsTheyAreNeeded(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	source := &howFar{Reader: bytes.NewReader([]byte(strings.Repeat(line, 20_000)))}
	m := message.NewStored(source, int(source.Size()))
	s := splitterOf(t, "line-count-splitter", "<split-on-line>1</split-on-line>")
	parts, most := 0, int64(0)
	if err := s.Split(m, func(part *message.Message) error {
		if string(part.Payload()) != line {
			t.Fatalf("part %d is %q", parts+1, part.Payload())
		}
		parts++
		most = max(most, source.to-int64(parts*len(line)))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if parts != 20_000 || most > 2*lineBytes {
		t.Errorf("%d parts; %d bytes were read ahead", parts, most)
	}
	if _, stored := m.Stream(); !stored {
		t.Error("the whole payload is in memory")
	}
}

func TestLinesOfASourceThatFailsFail(t *testing.T) {
	m := message.NewStored(strings.NewReader("a\nb\n"), 6)
	s := splitterOf(t, "line-count-splitter", "<split-on-line>1</split-on-line>")
	err := s.Split(m, func(*message.Message) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "line-count-splitter: the payload ended after 4 of 6 bytes") {
		t.Errorf("%v", err)
	}
	stop := errors.New("enough")
	if err := s.Split(message.NewStored(strings.NewReader("a\nb\n"), 4), func(*message.Message) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func TestSplittersThatNeedAllOfAPayloadGetIt(t *testing.T) {
	for class, streams := range map[string]bool{"line-count-splitter": true, "size-based-splitter": false} {
		s := decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="`+class+`"/><service class="null-service"/></advanced-message-splitter-service>`)
		m := message.NewStored(strings.NewReader("a\nb\n"), 4)
		if err := component.Apply(t.Context(), s, m); err != nil {
			t.Fatal(err)
		}
		if _, stored := m.Stream(); stored != streams {
			t.Errorf("after %s the payload is with its source: %v", class, stored)
		}
		if parts, _ := m.Metadata(MetadataSplitCount); parts != "1" {
			t.Errorf("%s made %s parts", class, parts)
		}
	}
}

// BenchmarkStoredLines: what does it cost to cut a payload of 10 MB into lines of 200 bytes while it is read?
func BenchmarkStoredLines(b *testing.B) {
	text := bytes.Repeat(append(bytes.Repeat([]byte{'x'}, 199), '\n'), 50_000)
	s := &LineCount{SplitOnLine: 1}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Split(message.NewStored(bytes.NewReader(text), len(text)), func(*message.Message) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
