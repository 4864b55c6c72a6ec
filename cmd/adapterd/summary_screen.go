package main

import (
	"bytes"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

// eraseLine takes the line that the cursor stands in off a terminal.
const eraseLine = "\r\x1b[2K"

// screen is where a run writes to. On a terminal it may show one line below all that is written, which moves down with it. Whatever is
// written goes out in one piece with the line, so that neither tears the other. It is safe for concurrent use.
type screen struct {
	out io.Writer

	mu sync.Mutex // guards the fields below and out
	// line is what is shown; empty for nothing.
	line string
	// unended says that what was written last does not end with a line's end: what follows belongs to it.
	unended bool
	closed  bool
	buffer  bytes.Buffer
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	unended := s.unended
	s.unended = p[len(p)-1] != '\n'
	if s.line == "" {
		return s.out.Write(p)
	}
	s.buffer.Reset()
	if !unended {
		s.buffer.WriteString(eraseLine)
	}
	s.buffer.Write(p)
	if !s.unended {
		s.buffer.WriteString(s.line)
	}
	if _, err := s.out.Write(s.buffer.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show shows a line in place of the last one; an empty one shows none.
func (s *screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || line == s.line {
		return
	}
	before := s.line
	s.line = line
	if s.unended { // the end of what is being written brings it
		return
	}
	if before != "" {
		line = eraseLine + line
	}
	_, _ = io.WriteString(s.out, line) // nobody would read why a terminal is gone
}

// close shows nothing any more. Write goes on.
func (s *screen) close() {
	s.show("")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// terminal is the terminal that the screen writes to; nil if it is none on which a line can be drawn anew.
func (s *screen) terminal() *os.File {
	f, ok := s.out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || !drawable(f) {
		return nil
	}
	return f
}
