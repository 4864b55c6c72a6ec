package service

import (
	"bytes"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// LineCount cuts a message after every so many lines. Interlok: LineCountSplitter.
//
// Lines end with LF, CR LF or CR, as Java reads them; in the parts all end with LF, the last one too. Parts are slices of the payload
// and cost no copy, unless they have header lines, or blank lines inside are left out, or the last line has no end. A payload with CR is
// copied once. Parts of a character set in which bytes below 0x80 need not be ASCII, such as UTF-16, are UTF-8, as in Interlok; others
// keep theirs. Of a payload that is still with its source no more is in memory than what its parts hold and what is being cut.
type LineCount struct {
	splitting
	SplitOnLine      int  `xml:"split-on-line" default:"10" min:"1" doc:"lines in a part, header lines not counted"`
	KeepHeaderLines  int  `xml:"keep-header-lines" default:"0" min:"0" doc:"lines at the beginning of the message that lead every part"`
	IgnoreBlankLines bool `xml:"ignore-blank-lines" default:"false" doc:"true leaves out lines without any character; blanks are characters"`

	BufferSize int `xml:"buffer-size" default:"8192" effect:"none" doc:"accepted for compatibility: nothing is buffered"`
}

// Split implements component.Splitter. A message without lines after its header has no parts.
func (s *LineCount) Split(m *message.Message, yield func(*message.Message) error) error {
	origin := s.origin(m)
	if !keepsLineEnds(m.Encoding()) {
		if err := m.Load(); err != nil {
			return fmt.Errorf("line-count-splitter: %w", err)
		}
		decoded, err := m.Text()
		if err != nil {
			return fmt.Errorf("line-count-splitter: %w", err)
		}
		origin.SetEncoding("UTF-8")
		return s.split(origin, wholeLines([]byte(decoded)), yield)
	}
	if payload, ok := m.Stream(); ok {
		return s.split(origin, &lineSource{from: payload, piece: lineBytes}, yield)
	}
	return s.split(origin, wholeLines(m.Payload()), yield)
}

// Streams implements component.Streamer.
func (s *LineCount) Streams() bool { return true }

func (s *LineCount) split(origin *message.Message, text *lineSource, yield func(*message.Message) error) error {
	var header, part, rest []byte
	for {
		if header, rest = s.header(text.lines); len(rest) > 0 || text.ended() {
			break
		}
		if err := text.more(); err != nil {
			return fmt.Errorf("line-count-splitter: %w", err)
		}
	}
	for text.lines = rest; ; text.lines = rest {
		// What ends with the text, or reaches no end at all, may go on in what was not read yet.
		for part, rest = s.cut(text.lines); len(rest) == 0 && !text.ended(); part, rest = s.cut(text.lines) {
			if err := text.more(); err != nil {
				return fmt.Errorf("line-count-splitter: %w", err)
			}
		}
		if len(part) == 0 {
			return nil
		}
		if err := yield(origin.Child(lead(header, part))); err != nil {
			return err
		}
	}
}

// header takes the header lines off the text.
func (s *LineCount) header(text []byte) (header, rest []byte) {
	rest = text
	for range s.KeepHeaderLines {
		rest = rest[lineLength(rest):]
	}
	return text[:len(text)-len(rest)], rest
}

// cut takes the next part off the text; it is empty when only blank lines are left that do not count.
func (s *LineCount) cut(text []byte) (part, rest []byte) {
	// text[from:at] is what the part has besides joined, which is nil until a blank line is left out between two others.
	var joined []byte
	from, at := 0, 0
	for lines := 0; lines < s.SplitOnLine && at < len(text); {
		n := lineLength(text[at:])
		if s.IgnoreBlankLines && text[at] == '\n' {
			if at > from {
				joined = append(joined, text[from:at]...)
			}
			at += n
			from = at
			continue
		}
		at += n
		lines++
	}
	part, rest = text[from:at:at], text[at:]
	if joined != nil {
		part = append(joined, part...)
	}
	return part, rest
}

// lineLength is the length of the first line with its end; 0 of an empty text.
func lineLength(text []byte) int {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return i + 1
	}
	return len(text)
}

// lead puts the header before a part and an end after a last line that has none. A part that needs neither is returned as it is.
func lead(header, part []byte) []byte {
	const end = '\n'
	complete := part[len(part)-1] == end
	if complete && len(header) == 0 {
		return part
	}
	out := make([]byte, 0, len(header)+len(part)+1)
	out = append(append(out, header...), part...)
	if !complete {
		out = append(out, end)
	}
	return out
}

func init() {
	component.Register[LineCount]("line-count-splitter", "com.adaptris.core.services.splitter.LineCountSplitter", component.KindSplitter,
		"cuts after every so many lines")
}
