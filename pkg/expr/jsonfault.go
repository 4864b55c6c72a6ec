package expr

import "fmt"

// SyntaxError says where and why a text is not JSON.
type SyntaxError struct {
	// Offset counts bytes from 0; Line and Column count from 1, Column in bytes.
	Offset, Line, Column int
	// Problem is what was wrong there.
	Problem string
}

// Error says where and why.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("not JSON: %s at line %d, column %d", e.Problem, e.Line, e.Column)
}

// fault is a SyntaxError in the making: it costs nothing while there is none. The zero fault is none.
type fault struct {
	pos  int
	what faultKind
}

type faultKind uint8

const (
	fine faultKind = iota
	faultEmpty
	faultEnd
	faultByte
	faultEscape
	faultControl
	faultNumber
	faultDepth
	faultTrailing
)

func (f fault) err(data []byte) error {
	if f.what == fine {
		return nil
	}
	e := &SyntaxError{Offset: f.pos, Line: 1, Column: 1}
	for _, b := range data[:min(f.pos, len(data))] {
		e.Column++
		if b == '\n' {
			e.Line, e.Column = e.Line+1, 1
		}
	}
	var at byte
	if f.pos < len(data) {
		at = data[f.pos]
	}
	switch f.what {
	case faultEmpty:
		e.Problem = "the text is empty"
	case faultEnd:
		e.Problem = "the text ends too early"
	case faultByte:
		e.Problem = fmt.Sprintf("unexpected %s", quoteByte(at))
	case faultEscape:
		e.Problem = "an escape that JSON does not know"
	case faultControl:
		e.Problem = fmt.Sprintf("a control character (0x%02x) in a string", at)
	case faultNumber:
		e.Problem = "a number that JSON does not allow"
	case faultDepth:
		e.Problem = fmt.Sprintf("more than %d arrays and objects inside each other", maxDepth)
	case faultTrailing:
		e.Problem = fmt.Sprintf("unexpected %s after the value", quoteByte(at))
	}
	return e
}

func quoteByte(b byte) string {
	if b < 0x20 || b >= 0x7f {
		return fmt.Sprintf("byte 0x%02x", b)
	}
	return fmt.Sprintf("%q", rune(b))
}
