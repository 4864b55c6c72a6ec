package service

import (
	"bytes"
	"errors"
	"io"
)

// lineBytes is how much of a payload a lineSource reads at a time. Each piece is memory of its own, which lives as long as the parts cut
// from it: small enough for many to be let go while others are under way, large enough that few lines are copied because a piece ends
// inside them.
const lineBytes = 256 << 10

// lineSource is text with LF at the end of its lines, which comes piece by piece.
type lineSource struct {
	// lines is what was read and not taken off yet. Memory that parts may share is never written again.
	lines []byte
	// from is the rest; nil at the end. piece is how many bytes of it are read at a time, at least 1.
	from  io.Reader
	piece int
	// held says that the last byte read was a CR, of which it is not known whether LF follows.
	held bool
}

// wholeLines is a lineSource of text that is in memory.
func wholeLines(text []byte) *lineSource {
	if bytes.IndexByte(text, '\r') >= 0 {
		text = unixLines(make([]byte, 0, len(text)), text)
	}
	return &lineSource{lines: text}
}

// ended says that nothing comes after lines.
func (s *lineSource) ended() bool { return s.from == nil }

// more adds the next piece to lines, which moves. A piece is at least as long as what is there, so that a long line is not copied often.
func (s *lineSource) more() error {
	before := len(s.lines)
	text := append(make([]byte, 0, 2*before+s.piece+1), s.lines...)
	if s.held { // the one byte more
		text = append(text, '\r')
	}
	var err error
	for n := 0; err == nil && len(text) < cap(text); {
		n, err = s.from.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
	}
	if errors.Is(err, io.EOF) {
		s.from, err = nil, nil
	}
	if err != nil {
		return err
	}
	if s.held = !s.ended() && text[len(text)-1] == '\r'; s.held {
		text = text[:len(text)-1]
	}
	if bytes.IndexByte(text[before:], '\r') >= 0 {
		text = unixLines(text[:before], text[before:])
	}
	s.lines = text
	return nil
}

// unixLines appends text to out with LF in place of CR LF and CR. The two may share their memory if text does not begin before out ends.
func unixLines(out, text []byte) []byte {
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
