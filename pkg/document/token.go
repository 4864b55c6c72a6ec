package document

import (
	"bytes"
	"unicode"
)

// tokenKind is what stands at a place of an XML text, by its first characters.
type tokenKind int

const (
	tokenText tokenKind = iota
	tokenStart
	tokenEnd
	tokenInstruction
	tokenComment
	tokenCDATA
	tokenDirective
)

var openCDATA = []byte("<![CDATA[")

func (k tokenKind) String() string {
	return [...]string{"the text", "the start tag", "the end tag", "the processing instruction", "the comment", "the CDATA section", "the declaration"}[k]
}

func kindOf(text []byte) tokenKind {
	switch {
	case len(text) == 0 || text[0] != '<':
		return tokenText
	case bytes.HasPrefix(text, []byte("</")):
		return tokenEnd
	case bytes.HasPrefix(text, []byte("<?")):
		return tokenInstruction
	case bytes.HasPrefix(text, []byte("<!--")):
		return tokenComment
	case bytes.HasPrefix(text, openCDATA):
		return tokenCDATA
	case bytes.HasPrefix(text, []byte("<!")):
		return tokenDirective
	}
	return tokenStart
}

func isDeclaration(text []byte) bool {
	return bytes.HasPrefix(text, []byte("<?xml")) && len(text) > 5 && isBlank(text[5])
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// tagLayout is where the attributes of a start tag stand, as offsets from its <.
type tagLayout struct {
	attrs []struct{ name, value int }
	// stop is where the tag ends, or where it could not be read further.
	stop    int
	tooMany bool
}

// readTag looks for attributes. Whether the tag is well-formed is the decoder's business; this only has to agree with it when it is.
func readTag(text []byte) (t tagLayout) {
	skip := func(at int, stop func(byte) bool) int {
		for at < len(text) && !stop(text[at]) {
			at++
		}
		return at
	}
	notBlank := func(b byte) bool { return !isBlank(b) }
	nameEnd := func(b byte) bool { return isBlank(b) || b == '=' || b == '/' || b == '>' || b == '<' }
	if t.stop = skip(1, nameEnd); t.stop == 1 { // no name
		return t
	}
	for {
		at := skip(t.stop, notBlank)
		if at >= len(text) || text[at] == '/' || text[at] == '>' {
			return t
		}
		if at == t.stop { // no blank before the attribute
			return t
		}
		t.stop = at
		name := at
		at = skip(skip(name, nameEnd), notBlank)
		if at >= len(text) || text[at] != '=' {
			return t
		}
		at = skip(at+1, notBlank)
		if at >= len(text) || text[at] != '"' && text[at] != '\'' {
			return t
		}
		size := bytes.IndexByte(text[at+1:], text[at])
		if size < 0 {
			return t
		}
		if len(t.attrs) == maxAttributes {
			t.tooMany = true
			return t
		}
		t.attrs = append(t.attrs, struct{ name, value int }{name, at + 1})
		t.stop = at + 1 + size + 1
	}
}

func xmlNameRune(r rune) bool {
	return r == '_' || r == ':' || r == '-' || r == '.' || unicode.IsLetter(r) || unicode.IsDigit(r)
}
