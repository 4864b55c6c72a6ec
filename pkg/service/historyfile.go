package service

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unicode/utf16"
)

// historyHeader is how Java serialises a java.util.ArrayList, up to its size: Interlok keeps lists of values in that form, and so do we,
// that either can go on with the other's file.
var historyHeader = []byte("\xAC\xED\x00\x05\x73\x72\x00\x13java.util.ArrayList\x78\x81\xD2\x1D\x99\xC7\x61\x9D\x03\x00\x01\x49\x00\x04size\x78\x70")

// Type codes of Java's object serialisation, and the handle of the first text: class and list have two before it.
const (
	javaNull        = 0x70
	javaReference   = 0x71
	javaString      = 0x74
	javaBlock       = 0x77
	javaEnd         = 0x78
	javaLongString  = 0x7C
	javaFirstHandle = 0x7E0002
)

var errNoHistory = errors.New("is no list of values as Interlok and adapterd write it; move the file away to begin with an empty one")

// encodeHistory writes a list of texts as Java would.
func encodeHistory(values []string) []byte {
	out := bytes.Clone(historyHeader)
	out = binary.BigEndian.AppendUint32(out, uint32(len(values)))
	out = append(out, javaBlock, 4)
	out = binary.BigEndian.AppendUint32(out, uint32(len(values)))
	for _, v := range values {
		text := javaText(v)
		if len(text) <= 0xFFFF {
			out = append(out, javaString)
			out = binary.BigEndian.AppendUint16(out, uint16(len(text)))
		} else {
			out = append(out, javaLongString)
			out = binary.BigEndian.AppendUint64(out, uint64(len(text)))
		}
		out = append(out, text...)
	}
	return append(out, javaEnd)
}

// decodeHistory reads a list of texts that Java or encodeHistory wrote. No data is an empty list.
func decodeHistory(data []byte) ([]string, error) {
	if len(data) == 0 {
		return nil, nil
	}
	rest, ok := bytes.CutPrefix(data, historyHeader)
	if !ok || len(rest) < 10 || rest[4] != javaBlock || rest[5] != 4 {
		return nil, errNoHistory
	}
	size := binary.BigEndian.Uint32(rest)
	rest = rest[10:]
	var values, handles []string
	for range size {
		if len(rest) == 0 {
			return nil, errNoHistory
		}
		code := rest[0]
		rest = rest[1:]
		length, width := uint64(0), 0
		switch {
		case code == javaNull:
			continue
		case code == javaReference && len(rest) >= 4:
			n := int64(binary.BigEndian.Uint32(rest)) - javaFirstHandle
			if n < 0 || n >= int64(len(handles)) {
				return nil, errNoHistory
			}
			values = append(values, handles[n])
			rest = rest[4:]
			continue
		case code == javaString && len(rest) >= 2:
			length, width = uint64(binary.BigEndian.Uint16(rest)), 2
		case code == javaLongString && len(rest) >= 8:
			length, width = binary.BigEndian.Uint64(rest), 8
		default:
			return nil, errNoHistory
		}
		rest = rest[width:]
		if length > uint64(len(rest)) {
			return nil, errNoHistory
		}
		text, ok := textOfJava(rest[:length])
		if !ok {
			return nil, errNoHistory
		}
		values, handles = append(values, text), append(handles, text)
		rest = rest[length:]
	}
	if len(rest) != 1 || rest[0] != javaEnd {
		return nil, errNoHistory
	}
	return values, nil
}

// javaText is a text in Java's modified UTF-8: units of UTF-16, each in up to three bytes, and no byte is zero.
func javaText(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, u := range utf16.Encode([]rune(text)) {
		switch {
		case u > 0 && u < 0x80:
			out = append(out, byte(u))
		case u < 0x800:
			out = append(out, 0xC0|byte(u>>6), 0x80|byte(u&0x3F))
		default:
			out = append(out, 0xE0|byte(u>>12), 0x80|byte(u>>6&0x3F), 0x80|byte(u&0x3F))
		}
	}
	return out
}

// textOfJava reads modified UTF-8.
func textOfJava(data []byte) (string, bool) {
	units := make([]uint16, 0, len(data))
	follows := func(i int) bool { return i < len(data) && data[i]&0xC0 == 0x80 }
	for i := 0; i < len(data); {
		switch b := data[i]; {
		case b < 0x80:
			units = append(units, uint16(b))
			i++
		case b&0xE0 == 0xC0 && follows(i+1):
			units = append(units, uint16(b&0x1F)<<6|uint16(data[i+1]&0x3F))
			i += 2
		case b&0xF0 == 0xE0 && follows(i+1) && follows(i+2):
			units = append(units, uint16(b&0x0F)<<12|uint16(data[i+1]&0x3F)<<6|uint16(data[i+2]&0x3F))
			i += 3
		default:
			return "", false
		}
	}
	return string(utf16.Decode(units)), true
}

// readHistory reads a file of values; one that is not there has none.
func readHistory(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the values seen before cannot be read: %w", err)
	}
	values, err := decodeHistory(data)
	if err != nil {
		return nil, fmt.Errorf("the values seen before cannot be read: %s %w", path, err)
	}
	return values, nil
}
