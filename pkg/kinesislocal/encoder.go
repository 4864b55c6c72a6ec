package kinesislocal

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"math"
	"strconv"
	"time"
)

// format is how an answer is written.
type format int

const (
	formatJSON format = iota
	// formatCBOR11 is application/x-amz-cbor-1.1; its timestamps are milliseconds.
	formatCBOR11
	// formatRPCv2CBOR is Smithy RPC v2; its timestamps are seconds.
	formatRPCv2CBOR
	// formatXML is the AWS query protocol.
	formatXML
)

func (f format) cbor() bool { return f == formatCBOR11 || f == formatRPCv2CBOR }

// encoder appends an answer in any of the formats. It writes as it goes: CBOR
// maps and lists have indefinite length, so nothing is counted beforehand.
type encoder struct {
	format format
	buf    []byte

	// For XML: the element of the next value, and those that are open. A value
	// in a list is a <member>.
	next string
	path []string
}

const (
	cborText       = 3 << 5
	cborBytes      = 2 << 5
	cborTag        = 6 << 5
	cborMapOpen    = 0xbf
	cborListOpen   = 0x9f
	cborBreak      = 0xff
	cborFloat64    = 0xfb
	cborFalse      = 0xf4
	cborTrue       = 0xf5
	cborEpochTagID = 1
)

func (e *encoder) cborHead(major byte, n uint64) {
	switch {
	case n < 24:
		e.buf = append(e.buf, major|byte(n))
	case n <= math.MaxUint8:
		e.buf = append(e.buf, major|24, byte(n))
	case n <= math.MaxUint16:
		e.buf = binary.BigEndian.AppendUint16(append(e.buf, major|25), uint16(n))
	case n <= math.MaxUint32:
		e.buf = binary.BigEndian.AppendUint32(append(e.buf, major|26), uint32(n))
	default:
		e.buf = binary.BigEndian.AppendUint64(append(e.buf, major|27), n)
	}
}

// separate writes the comma that a JSON value or key may need before it.
func (e *encoder) separate() {
	if n := len(e.buf); n > 0 {
		switch e.buf[n-1] {
		case '{', '[', ':':
		default:
			e.buf = append(e.buf, ',')
		}
	}
}

func (e *encoder) element() string {
	if e.next == "" {
		return "member"
	}
	name := e.next
	e.next = ""
	return name
}

func (e *encoder) openXML(name string) {
	e.buf = append(append(append(e.buf, '<'), name...), '>')
}

func (e *encoder) closeXML(name string) {
	e.buf = append(append(append(e.buf, "</"...), name...), '>')
}

func (e *encoder) open(json, cbor byte) {
	switch {
	case e.format == formatJSON:
		e.separate()
		e.buf = append(e.buf, json)
	case e.format.cbor():
		e.buf = append(e.buf, cbor)
	default:
		name := e.element()
		e.path = append(e.path, name)
		e.openXML(name)
	}
}

func (e *encoder) close(json byte) {
	switch {
	case e.format == formatJSON:
		e.buf = append(e.buf, json)
	case e.format.cbor():
		e.buf = append(e.buf, cborBreak)
	default:
		last := len(e.path) - 1
		e.closeXML(e.path[last])
		e.path = e.path[:last]
	}
}

func (e *encoder) object()    { e.open('{', cborMapOpen) }
func (e *encoder) endObject() { e.close('}') }
func (e *encoder) list()      { e.open('[', cborListOpen) }
func (e *encoder) endList()   { e.close(']') }

// key names the next value.
func (e *encoder) key(name string) {
	switch {
	case e.format == formatJSON:
		e.separate()
		e.buf = append(append(append(e.buf, '"'), name...), '"', ':')
	case e.format.cbor():
		e.cborHead(cborText, uint64(len(name)))
		e.buf = append(e.buf, name...)
	default:
		e.next = name
	}
}

// mapping opens a map, whose entries are data and not members.
func (e *encoder) mapping() { e.object() }

func (e *encoder) endMapping() { e.endObject() }

// entry writes one entry of a map.
func (e *encoder) entry(name string, value func()) {
	if e.format != formatXML {
		e.key(name)
		value()
		return
	}
	e.key("entry")
	e.object()
	e.key("key")
	e.str(name)
	e.key("value")
	value()
	e.endObject()
}

func (e *encoder) str(s string) {
	switch {
	case e.format == formatJSON:
		e.separate()
		e.buf = appendJSONString(e.buf, s)
	case e.format.cbor():
		e.cborHead(cborText, uint64(len(s)))
		e.buf = append(e.buf, s...)
	default:
		name := e.element()
		e.openXML(name)
		e.xmlText(s)
		e.closeXML(name)
	}
}

func (e *encoder) xmlText(s string) {
	var b bytes.Buffer
	// A bytes.Buffer takes every write.
	_ = xml.EscapeText(&b, []byte(s))
	e.buf = append(e.buf, b.Bytes()...)
}

func (e *encoder) int(n int64) {
	switch {
	case e.format == formatJSON:
		e.separate()
		e.buf = strconv.AppendInt(e.buf, n, 10)
	case e.format.cbor():
		if n < 0 {
			e.cborHead(1<<5, uint64(-(n + 1)))
		} else {
			e.cborHead(0, uint64(n))
		}
	default:
		name := e.element()
		e.openXML(name)
		e.buf = strconv.AppendInt(e.buf, n, 10)
		e.closeXML(name)
	}
}

func (e *encoder) float(f float64) {
	switch {
	case e.format == formatJSON:
		e.separate()
		e.buf = strconv.AppendFloat(e.buf, f, 'g', -1, 64)
	case e.format.cbor():
		e.buf = binary.BigEndian.AppendUint64(append(e.buf, cborFloat64), math.Float64bits(f))
	default:
		name := e.element()
		e.openXML(name)
		e.buf = strconv.AppendFloat(e.buf, f, 'g', -1, 64)
		e.closeXML(name)
	}
}

func (e *encoder) bool(b bool) {
	switch {
	case e.format == formatJSON:
		e.separate()
		e.buf = strconv.AppendBool(e.buf, b)
	case e.format.cbor():
		if b {
			e.buf = append(e.buf, cborTrue)
		} else {
			e.buf = append(e.buf, cborFalse)
		}
	default:
		e.str(strconv.FormatBool(b))
	}
}

func (e *encoder) blob(b []byte) {
	switch {
	case e.format == formatJSON:
		e.separate()
		e.buf = append(e.buf, '"')
		e.buf = base64.StdEncoding.AppendEncode(e.buf, b)
		e.buf = append(e.buf, '"')
	case e.format.cbor():
		e.cborHead(cborBytes, uint64(len(b)))
		e.buf = append(e.buf, b...)
	default:
		e.str(base64.StdEncoding.EncodeToString(b))
	}
}

// time writes t in milliseconds' precision, which is that of the service.
func (e *encoder) time(t time.Time) {
	ms := t.UnixMilli()
	switch e.format {
	case formatJSON:
		e.separate()
		e.buf = strconv.AppendFloat(e.buf, float64(ms)/1e3, 'f', 3, 64)
	case formatCBOR11:
		e.cborHead(cborTag, cborEpochTagID)
		e.int(ms)
	case formatRPCv2CBOR:
		e.cborHead(cborTag, cborEpochTagID)
		e.float(float64(ms) / 1e3)
	default:
		e.str(t.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
}

func appendJSONString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			// A string always marshals.
			quoted, _ := json.Marshal(s)
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
