package document

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
)

// declaration finds the encoding that an XML declaration names. The XML declaration is ASCII in every encoding that is supported.
var declaration = regexp.MustCompile(`^<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["']`)

var (
	markUTF8    = []byte{0xEF, 0xBB, 0xBF}
	markUTF16BE = []byte{0xFE, 0xFF}
	markUTF16LE = []byte{0xFF, 0xFE}
	markUTF32BE = []byte{0, 0, 0xFE, 0xFF}
	markUTF32LE = []byte{0xFF, 0xFE, 0, 0}
)

// newSource decodes a file. A byte order mark decides the encoding, then the XML declaration; without both it is UTF-8.
func newSource(file string, data []byte) (*source, *Problem) {
	s := &source{file: file}
	switch {
	case bytes.HasPrefix(data, markUTF32BE), bytes.HasPrefix(data, markUTF32LE):
		return nil, s.encodingProblem(firstMark, "the file is UTF-32; convert it to UTF-8")
	case bytes.HasPrefix(data, markUTF16BE):
		return s, s.decodeUTF16(data[2:], binary.BigEndian)
	case bytes.HasPrefix(data, markUTF16LE):
		return s, s.decodeUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0, '<'}):
		return s, s.decodeUTF16(data, binary.BigEndian)
	case bytes.HasPrefix(data, []byte{'<', 0}):
		return s, s.decodeUTF16(data, binary.LittleEndian)
	case bytes.HasPrefix(data, markUTF8):
		return s, s.decodeUTF8(data[3:], "")
	}
	name := ""
	if m := declaration.FindSubmatch(data[:min(len(data), 1024)]); m != nil {
		name = string(m[1])
	}
	switch strings.ToUpper(name) {
	case "", "UTF-8", "UTF8", "US-ASCII", "ASCII":
		return s, s.decodeUTF8(data, name)
	case "UTF-16", "UTF-16LE", "UTF-16BE":
		return nil, s.encodingProblem(firstMark, "the XML declaration says %s, but the file is not; correct the declaration, or save the file as UTF-16 with a byte order mark", name)
	}
	e, err := ianaindex.IANA.Encoding(name)
	single, ok := e.(*charmap.Charmap)
	if err != nil || !ok || single.DecodeByte('<') != '<' {
		return nil, s.encodingProblem(firstMark, "the encoding %s is not supported; save the file as UTF-8 and say so in the XML declaration", name)
	}
	return s, s.decodeSingle(data, single, name)
}

func (s *source) decodeUTF8(data []byte, declared string) *Problem {
	s.text = data
	if utf8.Valid(data) {
		return nil
	}
	bad := 0
	for r, size := utf8.DecodeRune(data); r != utf8.RuneError || size != 1; r, size = utf8.DecodeRune(data[bad:]) {
		bad += size
	}
	said := "the file says nothing of its encoding, so it is taken for UTF-8"
	if declared != "" {
		said = "the XML declaration says " + declared
	}
	return s.encodingProblem(firstMark.to(s, bad), "the byte 0x%02X here is no UTF-8, but %s; save the file as UTF-8, or begin it with <?xml version=\"1.0\" encoding=\"ISO-8859-1\"?> if it is that", data[bad], said)
}

func (s *source) decodeSingle(data []byte, from *charmap.Charmap, name string) *Problem {
	s.unit = columnCharacters
	s.text = make([]byte, 0, len(data)+len(data)/8)
	for _, b := range data {
		r := from.DecodeByte(b)
		if r == utf8.RuneError {
			return s.encodingProblem(firstMark.to(s, len(s.text)), "the byte 0x%02X here stands for no character in %s; correct the encoding in the XML declaration", b, name)
		}
		s.text = utf8.AppendRune(s.text, r)
	}
	return nil
}

func (s *source) decodeUTF16(data []byte, order binary.ByteOrder) *Problem {
	s.unit = columnUTF16
	s.text = make([]byte, 0, len(data))
	for i := 0; i < len(data); i += 2 {
		var r rune = utf8.RuneError
		bad := len(data)-i < 2
		if !bad {
			r = rune(order.Uint16(data[i:]))
		}
		if utf16.IsSurrogate(r) {
			var second rune
			if len(data)-i >= 4 {
				second = rune(order.Uint16(data[i+2:]))
			}
			r = utf16.DecodeRune(r, second)
			bad = r == utf8.RuneError
			i += 2
		}
		if bad {
			return s.encodingProblem(firstMark.to(s, len(s.text)), "the file is UTF-16, but here is half a character; it was cut or mixed with another encoding, save it again")
		}
		s.text = utf8.AppendRune(s.text, r)
	}
	return nil
}

func (s *source) encodingProblem(at mark, format string, args ...any) *Problem {
	return &Problem{Severity: SeverityError, Code: "xml-encoding", Pos: s.position(at), Message: fmt.Sprintf(format, args...)}
}
