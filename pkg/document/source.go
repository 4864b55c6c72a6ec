package document

// source is a file's text in UTF-8, with what is needed to say where a byte of it stood in the file.
type source struct {
	file string
	text []byte
	// unit is the size of the columns of the file's encoding.
	unit columnUnit
}

// columnUnit says what one column is, in terms of the UTF-8 text.
type columnUnit int

const (
	columnBytes      columnUnit = iota // the file is UTF-8
	columnCharacters                   // one byte a character
	columnUTF16                        // one code unit
)

// mark is an offset into a source's text with its line and column.
type mark struct {
	offset, line, column int
}

var firstMark = mark{line: 1, column: 1}

// to moves forward to offset.
func (m mark) to(s *source, offset int) mark {
	for _, b := range s.text[m.offset:offset] {
		switch {
		case b == '\n':
			m.line++
			m.column = 1
		case s.unit == columnBytes, b < 0x80:
			m.column++
		case b >= 0xF0 && s.unit == columnUTF16: // the lead byte of a character that UTF-16 writes as two units
			m.column += 2
		case b >= 0xC0:
			m.column++
		}
	}
	m.offset = offset
	return m
}

func (s *source) position(m mark) Position {
	return Position{File: s.file, Line: m.line, Column: m.column}
}
