package document

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// origin says where each byte of a text came from. The zero value knows nothing and answers with the fallback it is given.
type origin struct {
	src    *source
	pieces []piece // ordered by at
	// before is the text as written, if variables changed it.
	before  string
	changed bool
}

// piece is a run of text that came from one place.
type piece struct {
	at   int  // where the run begins in the text
	from mark // where it begins in the source
	kind pieceKind
}

type pieceKind byte

const (
	pieceText     pieceKind = iota // references are one character each, line ends are normalised
	pieceCDATA                     // line ends are normalised
	pieceVariable                  // the whole run stands at from
)

func (o origin) start(fallback Position) Position {
	if len(o.pieces) == 0 {
		return fallback
	}
	return o.src.position(o.pieces[0].from)
}

func (o origin) written(text string) string {
	if o.changed {
		return o.before
	}
	return text
}

func (o origin) position(offset int, fallback Position) Position {
	if len(o.pieces) == 0 {
		return fallback
	}
	w := newWalker(o)
	w.seek(offset)
	return o.src.position(w.from)
}

// walker moves forward over a text and its source.
type walker struct {
	o    origin
	i    int // the piece
	at   int // offset in the text
	from mark
}

func newWalker(o origin) *walker {
	w := &walker{o: o}
	if len(o.pieces) > 0 {
		w.from = o.pieces[0].from
	}
	return w
}

// seek moves to an offset of the text that is not before the last one; inside a reference it stays at its &.
func (w *walker) seek(offset int) {
	pieces := w.o.pieces
	if len(pieces) == 0 {
		return
	}
	for w.i+1 < len(pieces) && pieces[w.i+1].at <= offset {
		w.i++
		w.at, w.from = pieces[w.i].at, pieces[w.i].from
	}
	kind := pieces[w.i].kind
	if kind == pieceVariable {
		return
	}
	// Walk the source as the XML decoder does, until as many bytes of text have come out.
	text, end := w.o.src.text, w.from.offset
	for w.at < offset && end < len(text) {
		size, produced := 1, 1
		switch {
		case text[end] == '\r' && end+1 < len(text) && text[end+1] == '\n':
			size = 2
		case text[end] == '&' && kind == pieceText:
			if r, n, ok := reference(text[end:]); ok {
				size, produced = n, utf8.RuneLen(r)
			}
		}
		if w.at+produced > offset {
			break
		}
		end += size
		w.at += produced
	}
	w.from = w.from.to(w.o.src, end)
}

// cut returns the pieces of the text from start to end, as they are when that stands at another offset. start is not before the last
// offset of seek.
func (w *walker) cut(start, end, at int) []piece {
	if len(w.o.pieces) == 0 {
		return nil
	}
	w.seek(start)
	out := []piece{{at: at, from: w.from, kind: w.o.pieces[w.i].kind}}
	for _, p := range w.o.pieces[w.i+1:] {
		if p.at >= end {
			break
		}
		p.at += at - start
		out = append(out, p)
	}
	return out
}

var predefined = map[string]rune{"lt": '<', "gt": '>', "amp": '&', "apos": '\'', "quot": '"'}

// reference reads the entity or character reference at the beginning of text, which begins with &. Only the five predefined
// entities and characters that XML allows are ok.
func reference(text []byte) (r rune, size int, ok bool) {
	const longest = 16 // &#x0010FFFF; and a bit
	end := bytes.IndexByte(text[:min(len(text), longest)], ';')
	if end < 2 {
		return 0, 0, false
	}
	name := string(text[1:end])
	if r, ok := predefined[name]; ok {
		return r, end + 1, true
	}
	if name[0] != '#' {
		return 0, 0, false
	}
	digits, base := name[1:], 10
	if digits != "" && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > utf8.MaxRune || !allowedCharacter(rune(n)) {
		return 0, 0, false
	}
	return rune(n), end + 1, true
}

// allowedCharacter says whether a character may stand in an XML 1.0 document, written or as a reference.
func allowedCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}
