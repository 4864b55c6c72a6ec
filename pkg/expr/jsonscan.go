package expr

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth bounds how deep arrays and objects may nest, so that no payload can exhaust the stack.
const maxDepth = 1000

// start skips a byte order mark and blanks and reports an empty text.
func start(data []byte) (int, fault) {
	pos := 0
	if len(data) >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF {
		pos = 3
	}
	pos = blanks(data, pos)
	if pos == len(data) {
		return pos, fault{pos, faultEmpty}
	}
	return pos, fault{}
}

// finish reports what follows the value that ended at pos.
func finish(data []byte, pos int) fault {
	if pos = blanks(data, pos); pos < len(data) {
		return fault{pos, faultTrailing}
	}
	return fault{}
}

func blanks(data []byte, pos int) int {
	for pos < len(data) {
		switch data[pos] {
		case ' ', '\t', '\n', '\r':
			pos++
		default:
			return pos
		}
	}
	return pos
}

// skip walks over one value, judging it as strictly as the parser, and returns where it ends.
func skip(data []byte, pos, depth int) (int, fault) {
	if pos >= len(data) {
		return pos, fault{pos, faultEnd}
	}
	switch data[pos] {
	case '"':
		end, _, f := scanString(data, pos)
		return end, f
	case '{':
		return skipObject(data, pos, depth+1)
	case '[':
		return skipArray(data, pos, depth+1)
	}
	return scanScalar(data, pos)
}

func skipObject(data []byte, pos, depth int) (int, fault) {
	if depth > maxDepth {
		return pos, fault{pos, faultDepth}
	}
	for first := true; ; first = false {
		next, done, f := nextKey(data, pos, first)
		if f.what != fine || done {
			return next, f
		}
		pos, _, f = scanString(data, next)
		if f.what != fine {
			return pos, f
		}
		if pos, f = colon(data, pos); f.what != fine {
			return pos, f
		}
		if pos, f = skip(data, pos, depth); f.what != fine {
			return pos, f
		}
	}
}

func skipArray(data []byte, pos, depth int) (int, fault) {
	if depth > maxDepth {
		return pos, fault{pos, faultDepth}
	}
	for first := true; ; first = false {
		next, done, f := nextElement(data, pos, first)
		if f.what != fine || done {
			return next, f
		}
		if pos, f = skip(data, next, depth); f.what != fine {
			return pos, f
		}
	}
}

// nextKey goes from the opening brace (first) or the end of a value to the quote of the next key, or past the closing brace (done).
func nextKey(data []byte, pos int, first bool) (next int, done bool, f fault) {
	if first {
		pos++
	}
	pos = blanks(data, pos)
	if pos >= len(data) {
		return pos, false, fault{pos, faultEnd}
	}
	if data[pos] == '}' {
		return pos + 1, true, fault{}
	}
	if !first {
		if data[pos] != ',' {
			return pos, false, fault{pos, faultByte}
		}
		if pos = blanks(data, pos+1); pos >= len(data) {
			return pos, false, fault{pos, faultEnd}
		}
	}
	if data[pos] != '"' {
		return pos, false, fault{pos, faultByte}
	}
	return pos, false, fault{}
}

// nextElement goes from the opening bracket (first) or the end of a value to the next value, or past the closing bracket (done).
func nextElement(data []byte, pos int, first bool) (next int, done bool, f fault) {
	if first {
		pos++
	}
	pos = blanks(data, pos)
	if pos >= len(data) {
		return pos, false, fault{pos, faultEnd}
	}
	if data[pos] == ']' {
		return pos + 1, true, fault{}
	}
	if !first {
		if data[pos] != ',' {
			return pos, false, fault{pos, faultByte}
		}
		pos = blanks(data, pos+1)
	}
	return pos, false, fault{}
}

// colon goes from the end of a key to the value.
func colon(data []byte, pos int) (int, fault) {
	pos = blanks(data, pos)
	if pos >= len(data) {
		return pos, fault{pos, faultEnd}
	}
	if data[pos] != ':' {
		return pos, fault{pos, faultByte}
	}
	return blanks(data, pos+1), fault{}
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// scanString walks over the string whose quote is at pos. plain says that its bytes are its text: ASCII without escapes.
func scanString(data []byte, pos int) (end int, plain bool, f fault) {
	plain = true
	for pos++; ; {
		// Eight bytes at a time while none is a quote, a backslash, a control character or outside ASCII.
		for pos+8 <= len(data) {
			w := binary.LittleEndian.Uint64(data[pos:])
			quote := w ^ ones*'"'
			slash := w ^ ones*'\\'
			special := ((quote-ones)&^quote | (slash-ones)&^slash | (w - ones*0x20) | w) & highs
			if special != 0 {
				pos += bits.TrailingZeros64(special) >> 3
				break
			}
			pos += 8
		}
		if pos >= len(data) {
			return pos, plain, fault{len(data), faultEnd}
		}
		switch b := data[pos]; {
		case b == '"':
			return pos + 1, plain, fault{}
		case b == '\\':
			plain = false
			if pos, f = scanEscape(data, pos); f.what != fine {
				return pos, plain, f
			}
		case b < 0x20:
			return pos, plain, fault{pos, faultControl}
		default:
			if b >= 0x80 {
				plain = false
			}
			pos++
		}
	}
}

func scanEscape(data []byte, pos int) (int, fault) {
	if pos+1 >= len(data) {
		return pos, fault{len(data), faultEnd}
	}
	switch data[pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return pos + 2, fault{}
	case 'u':
		for i := pos + 2; i < pos+6; i++ {
			if i >= len(data) {
				return i, fault{len(data), faultEnd}
			}
			if hexValue(data[i]) < 0 {
				return i, fault{pos, faultEscape}
			}
		}
		return pos + 6, fault{}
	}
	return pos, fault{pos, faultEscape}
}

func hexValue(b byte) rune {
	switch {
	case '0' <= b && b <= '9':
		return rune(b - '0')
	case 'a' <= b && b <= 'f':
		return rune(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return rune(b-'A') + 10
	}
	return -1
}

// scanScalar walks over a number, true, false or null.
func scanScalar(data []byte, pos int) (int, fault) {
	if pos >= len(data) {
		return pos, fault{pos, faultEnd}
	}
	switch b := data[pos]; {
	case b == 't':
		return scanWord(data, pos, "true")
	case b == 'f':
		return scanWord(data, pos, "false")
	case b == 'n':
		return scanWord(data, pos, "null")
	case b == '-' || '0' <= b && b <= '9':
		return scanNumber(data, pos)
	}
	return pos, fault{pos, faultByte}
}

func scanWord(data []byte, pos int, word string) (int, fault) {
	for i := range len(word) {
		if pos+i >= len(data) {
			return pos, fault{len(data), faultEnd}
		}
		if data[pos+i] != word[i] {
			return pos, fault{pos + i, faultByte}
		}
	}
	return pos + len(word), fault{}
}

func scanNumber(data []byte, pos int) (int, fault) {
	begin := pos
	if data[pos] == '-' {
		pos++
	}
	switch {
	case pos < len(data) && data[pos] == '0':
		pos++
	default:
		next := digits(data, pos)
		if next == pos {
			return pos, numberFault(data, begin, pos)
		}
		pos = next
	}
	if pos < len(data) && data[pos] == '.' {
		next := digits(data, pos+1)
		if next == pos+1 {
			return next, numberFault(data, begin, next)
		}
		pos = next
	}
	if pos < len(data) && data[pos]|0x20 == 'e' {
		pos++
		if pos < len(data) && (data[pos] == '+' || data[pos] == '-') {
			pos++
		}
		next := digits(data, pos)
		if next == pos {
			return pos, numberFault(data, begin, pos)
		}
		pos = next
	}
	if pos < len(data) && '0' <= data[pos] && data[pos] <= '9' {
		return pos, fault{begin, faultNumber}
	}
	return pos, fault{}
}

func numberFault(data []byte, begin, pos int) fault {
	if pos >= len(data) {
		return fault{len(data), faultEnd}
	}
	return fault{begin, faultNumber}
}

func digits(data []byte, pos int) int {
	for pos < len(data) && '0' <= data[pos] && data[pos] <= '9' {
		pos++
	}
	return pos
}
