package service

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func partsOf(t testing.TB, s component.Splitter, m *message.Message) []string {
	t.Helper()
	var out []string
	if err := s.Split(m, func(p *message.Message) error {
		text, err := p.Text()
		out = append(out, text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestLineCountCutsAfterLines(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		every, header int
		skipBlank     bool
		want          []string
	}{
		{"one a part", "a\nb\n", 1, 0, false, []string{"a\n", "b\n"}},
		{"last line without an end gets one", "a\nb", 1, 0, false, []string{"a\n", "b\n"}},
		{"several a part", "a\nb\nc\n", 2, 0, false, []string{"a\nb\n", "c\n"}},
		{"several a part, no end", "a\nb\nc", 2, 0, false, []string{"a\nb\n", "c\n"}},
		{"CR LF and CR become LF", "a\r\nb\rc\r\n", 1, 0, false, []string{"a\n", "b\n", "c\n"}},
		{"CR CR LF is a line and a blank one", "a\r\r\nb", 1, 0, false, []string{"a\n", "\n", "b\n"}},
		{"blank lines are lines", "a\n\nb\n", 1, 0, false, []string{"a\n", "\n", "b\n"}},
		{"blank lines left out", "\n\na\n\n\nb\n\n", 1, 0, true, []string{"a\n", "b\n"}},
		{"blank lines inside a part left out", "a\n\nb\n\n\nc\nd\n\n", 3, 0, true, []string{"a\nb\nc\n", "d\n"}},
		{"blank lines inside a part left out, no end", "a\n\nb", 3, 0, true, []string{"a\nb\n"}},
		{"a line of blanks is not blank", "a\n \nb\n", 1, 0, true, []string{"a\n", " \n", "b\n"}},
		{"only blank lines", "\n\n\n", 2, 0, true, nil},
		{"header leads every part", "H\na\nb\nc\n", 2, 1, false, []string{"H\na\nb\n", "H\nc\n"}},
		{"two header lines, CR LF, no end", "H\r\nI\r\na\r\nb", 1, 2, false, []string{"H\nI\na\n", "H\nI\nb\n"}},
		{"blank header lines stay", "H\n\na\n\nb\n", 1, 2, true, []string{"H\n\na\n", "H\n\nb\n"}},
		{"header only", "H\n", 1, 1, false, nil},
		{"header longer than the text", "H\n", 1, 3, false, nil},
		{"empty", "", 1, 0, false, nil},
		{"one line without an end", "a", 10, 0, false, []string{"a\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*SplitMessage](t, fmt.Sprintf(`<advanced-message-splitter-service><splitter class="line-count-splitter"><split-on-line>%d</split-on-line>
				<keep-header-lines>%d</keep-header-lines><ignore-blank-lines>%t</ignore-blank-lines></splitter><service class="null-service"/></advanced-message-splitter-service>`,
				c.every, c.header, c.skipBlank)).Splitter
			m := newMessage(c.payload)
			if diff := cmp.Diff(c.want, partsOf(t, s, m)); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
			if string(m.Payload()) != c.payload {
				t.Error("the message's own payload changed")
			}
		})
	}
}

func TestLineCountDefaults(t *testing.T) {
	s := decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="line-count-splitter"/><service class="null-service"/></advanced-message-splitter-service>`)
	if parts := partsOf(t, s.Splitter, newMessage(strings.Repeat("x\n", 25))); len(parts) != 3 || len(parts[0]) != 20 {
		t.Errorf("parts are %q", parts)
	}
}

func TestLineCountKeepsCharacterSets(t *testing.T) {
	s := &LineCount{SplitOnLine: 1}
	latin := newMessage("\xe9\nb")
	latin.SetEncoding("ISO-8859-1")
	if diff := cmp.Diff([]string{"é\n", "b\n"}, partsOf(t, s, latin)); diff != "" {
		t.Error(diff)
	}
	wide := newMessage("\x00\xe9\x0a\x0d\x00\n\x00b") // U+0A0D has both line ends among its bytes
	wide.SetEncoding("UTF-16BE")
	if diff := cmp.Diff([]string{"é\u0a0d\n", "b\n"}, partsOf(t, s, wide)); diff != "" {
		t.Error(diff)
	}
	unknown := newMessage("a")
	unknown.SetEncoding("x-nothing")
	if err := s.Split(unknown, func(*message.Message) error { return nil }); err == nil {
		t.Error("an unknown character set passes")
	}
}

func TestLineCountSlicesThePayload(t *testing.T) {
	payload := []byte("a\nbb\nccc\n")
	s := &LineCount{SplitOnLine: 1, IgnoreBlankLines: true}
	at := 0
	_ = s.Split(message.New(payload), func(p *message.Message) error {
		if unsafe.SliceData(p.Payload()) != &payload[at] || cap(p.Payload()) != len(p.Payload()) {
			t.Errorf("part %q is a copy, or may grow into the next", p.Payload())
		}
		at += len(p.Payload())
		return nil
	})
}

func TestLineCountEndsWithYield(t *testing.T) {
	boom := errors.New("boom")
	n := 0
	err := (&LineCount{SplitOnLine: 1}).Split(newMessage("a\nb\n"), func(*message.Message) error { n++; return boom })
	if !errors.Is(err, boom) || n != 1 {
		t.Errorf("%v after %d parts", err, n)
	}
}

// splitSlowly is line-count-splitter as Java's reader and writer do it.
func splitSlowly(s *LineCount, text string) (parts []string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	all := strings.Split(text, "\n")
	if all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	header := ""
	for n := min(s.KeepHeaderLines, len(all)); n > 0; n-- {
		header += all[0] + "\n"
		all = all[1:]
	}
	part, n := header, 0
	for _, line := range all {
		if line == "" && s.IgnoreBlankLines {
			continue
		}
		part += line + "\n"
		if n++; n == s.SplitOnLine {
			parts, part, n = append(parts, part), header, 0
		}
	}
	if n > 0 {
		parts = append(parts, part)
	}
	return parts
}

func FuzzLineCount(f *testing.F) {
	f.Add([]byte("H\r\na\n\n\nb\rc"), uint8(2), uint8(1), true)
	f.Add([]byte("\n\r\r\n\nx"), uint8(1), uint8(0), false)
	f.Fuzz(func(t *testing.T, payload []byte, every, header uint8, skipBlank bool) {
		s := &LineCount{SplitOnLine: int(every)%7 + 1, KeepHeaderLines: int(header) % 4, IgnoreBlankLines: skipBlank}
		s.CopyMetadata = true
		before := bytes.Clone(payload)
		if diff := cmp.Diff(splitSlowly(s, string(payload)), partsOf(t, s, message.New(payload))); diff != "" {
			t.Errorf("parts (-want +got):\n%s", diff)
		}
		if !bytes.Equal(before, payload) {
			t.Error("the payload changed")
		}
	})
}
