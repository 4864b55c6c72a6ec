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
// keep theirs.
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
	text := m.Payload()
	if !keepsLineEnds(m.Encoding()) {
		decoded, err := m.Text()
		if err != nil {
			return fmt.Errorf("line-count-splitter: %w", err)
		}
		text = []byte(decoded)
		origin.SetEncoding("UTF-8")
	}
	if bytes.IndexByte(text, '\r') >= 0 {
		text = unixLines(text)
	}
	header, text := s.header(text)
	for len(text) > 0 {
		var part []byte
		if part, text = s.cut(text); len(part) == 0 {
			break
		}
		if err := yield(origin.Child(lead(header, part))); err != nil {
			return err
		}
	}
	return nil
}

// unixLines is text with LF in place of CR LF and CR.
func unixLines(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			return append(out, text...)
		}
		out = append(append(out, text[:i]...), '\n')
		text = text[i+1:]
		if len(text) > 0 && text[0] == '\n' {
			text = text[1:]
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
