package document

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// layout is where the parts of one element stand.
type layout struct {
	name   string
	start  mark
	attrs  []attrLayout
	pieces []piece // of the text directly in it
	length int     // of that text
}

type attrLayout struct{ name, value mark }

// scanner walks a document once, token by token. It finds everything that is wrong with it, within its bounds, before a tree is
// built, and notes where each part stands: the tree's library keeps no positions.
type scanner struct {
	src      *source
	o        Options
	dec      *xml.Decoder
	at       mark
	layouts  []layout
	open     []int // indexes into layouts, outermost first
	nodes    int
	problems Problems
}

var errStop = errors.New("a problem was found")

// scan returns a layout for each element, in the order of their start tags, or what is wrong.
func scan(src *source, o Options) ([]layout, Problems) {
	s := &scanner{src: src, o: o, at: firstMark, dec: newDecoder(src)}
	for {
		err := s.token()
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) {
			s.end()
		}
		return s.layouts, s.problems
	}
}

// newDecoder reads the text as what it is by now, UTF-8, whatever its declaration says.
func newDecoder(src *source) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(src.text))
	d.CharsetReader = keepCharset
	return d
}

func keepCharset(_ string, input io.Reader) (io.Reader, error) { return input, nil }

func (s *scanner) token() error {
	begin, text := s.at, s.src.text[s.at.offset:]
	kind := kindOf(text)
	var tag tagLayout
	switch kind {
	case tokenDirective:
		return s.fail(begin, "xml-doctype", "document type declarations are refused, and entities with them; take out <!DOCTYPE …>, write values as text or as ${variables}")
	case tokenInstruction:
		if begin.offset > 0 && isDeclaration(text) {
			return s.fail(begin, "xml-syntax", "an XML declaration stands here, but it must be the very first of the file; take out what stands before it")
		}
	case tokenStart:
		tag = readTag(text)
		if tag.tooMany {
			return s.fail(begin, "xml-too-large", "an element with more than %d attributes stands here; no component has that many", maxAttributes)
		}
	}
	t, err := s.dec.RawToken()
	if err != nil {
		return s.explain(err, begin, kind, tag)
	}
	size := int(s.dec.InputOffset()) - begin.offset
	if (kind == tokenText || kind == tokenStart) && bytes.IndexByte(text[:size], '&') >= 0 {
		if err := s.references(begin, text[:size]); err != nil {
			return err
		}
	}
	switch t := t.(type) {
	case xml.StartElement:
		err = s.start(t, begin, tag)
	case xml.EndElement:
		err = s.close(t, begin)
	case xml.CharData:
		err = s.text(t, begin, text[:size], kind)
	}
	s.at = begin.to(s.src, begin.offset+size)
	return err
}

func (s *scanner) start(t xml.StartElement, begin mark, tag tagLayout) error {
	name := fullName(t.Name)
	if len(s.open) == 0 && len(s.layouts) > 0 {
		first := s.layouts[0]
		return s.fail(begin, "xml-several-roots", "a second root element <%s> stands here, after <%s> of line %d; put both into one element, or into two files", name, first.name, first.start.line)
	}
	if len(s.open) >= s.o.MaxDepth {
		return s.fail(begin, "xml-too-deep", "<%s> is %d elements deep, at most %d are accepted", name, len(s.open)+1, s.o.MaxDepth)
	}
	l := layout{name: name, start: begin}
	if len(t.Attr) > 0 {
		l.attrs = make([]attrLayout, len(t.Attr))
	}
	if len(tag.attrs) != len(t.Attr) {
		return s.fail(begin.to(s.src, begin.offset+tag.stop), "xml-syntax", "the start tag <%s> cannot be read from here on; attributes are written name=\"value\", with a blank before each", name)
	}
	seen := make(map[xml.Name]mark, len(t.Attr))
	at := begin
	for i, a := range t.Attr {
		l.attrs[i].name = at.to(s.src, begin.offset+tag.attrs[i].name)
		l.attrs[i].value = l.attrs[i].name.to(s.src, begin.offset+tag.attrs[i].value)
		at = l.attrs[i].value
		if first, ok := seen[a.Name]; ok {
			s.add(l.attrs[i].name, "xml-duplicate-attribute", "<%s> has the attribute %s twice, first in line %d, column %d; take one out", name, fullName(a.Name), first.line, first.column)
		}
		seen[a.Name] = l.attrs[i].name
	}
	s.layouts = append(s.layouts, l)
	s.open = append(s.open, len(s.layouts)-1)
	return s.count(1+len(t.Attr), begin)
}

func (s *scanner) close(t xml.EndElement, begin mark) error {
	name := fullName(t.Name)
	if len(s.open) == 0 {
		return s.fail(begin, "xml-mismatched-tag", "</%s> closes nothing, no element is open here", name)
	}
	top := s.layouts[s.open[len(s.open)-1]]
	if top.name != name {
		return s.fail(begin, "xml-mismatched-tag", "</%s> stands where </%s> is expected, for <%s> of line %d, column %d", name, top.name, top.name, top.start.line, top.start.column)
	}
	s.open = s.open[:len(s.open)-1]
	return nil
}

func (s *scanner) text(data []byte, begin mark, raw []byte, kind tokenKind) error {
	if len(s.open) == 0 {
		if blank := len(raw) - len(bytes.TrimLeft(raw, " \t\r\n")); blank < len(raw) {
			return s.fail(begin.to(s.src, begin.offset+blank), "xml-syntax", "text stands here, outside of the root element; a document begins with < and ends with the root's end tag")
		}
		return nil
	}
	if len(data) == 0 {
		return nil
	}
	l := &s.layouts[s.open[len(s.open)-1]]
	p := piece{at: l.length, from: begin, kind: pieceText}
	if kind == tokenCDATA {
		p.kind = pieceCDATA
		p.from = begin.to(s.src, begin.offset+len(openCDATA))
	}
	l.pieces = append(l.pieces, p)
	l.length += len(data)
	return s.count(1, begin)
}

func (s *scanner) end() {
	switch {
	case len(s.open) > 0:
		top := s.layouts[s.open[len(s.open)-1]]
		s.add(top.start, "xml-unclosed", "<%s> is never closed, the file ends in line %d; add </%s>", top.name, s.at.line, top.name)
	case len(s.layouts) == 0 && len(bytes.TrimSpace(s.src.text)) == 0:
		s.add(firstMark, "xml-empty", "the file is empty; a document has a root element such as <adapter> or <channel>")
	case len(s.layouts) == 0:
		s.add(firstMark, "xml-empty", "the file has no element; a document has a root element such as <adapter> or <channel>")
	}
}

func (s *scanner) count(n int, begin mark) error {
	if s.nodes += n; s.nodes > s.o.MaxNodes {
		return s.fail(begin, "xml-too-many-nodes", "the document has more than %d elements, attributes and texts, the most that is accepted", s.o.MaxNodes)
	}
	return nil
}

// references refuses what the decoder would not, or would explain less well.
func (s *scanner) references(begin mark, raw []byte) error {
	for at := 0; ; {
		next := bytes.IndexByte(raw[at:], '&')
		if next < 0 {
			return nil
		}
		at += next
		if _, size, ok := reference(raw[at:]); ok {
			at += size
			continue
		}
		pos := begin.to(s.src, begin.offset+at)
		name := raw[at+1:]
		end := bytes.IndexFunc(name, func(r rune) bool { return !xmlNameRune(r) && r != '#' })
		if end <= 0 || name[end] != ';' {
			return s.fail(pos, "xml-entity", "an & stands here that begins no reference; write &amp; for it")
		}
		if name[0] == '#' {
			return s.fail(pos, "xml-entity", "&%s; is no character that XML allows", shorten(name[:end]))
		}
		return s.fail(pos, "xml-entity", "the entity &%s; is not known; only &lt; &gt; &amp; &apos; &quot; and characters such as &#233; are, others are refused; write the text itself, or a ${variable}", shorten(name[:end]))
	}
}

// explain turns an error of the decoder into a problem that says where and what to do.
func (s *scanner) explain(err error, begin mark, kind tokenKind, tag tagLayout) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	consumed := min(int(s.dec.InputOffset()), len(s.src.text))
	raw := s.src.text[begin.offset:consumed]
	if kind == tokenText || kind == tokenStart {
		if err := s.references(begin, raw); err != nil {
			return err
		}
	}
	var syntax *xml.SyntaxError
	if !errors.As(err, &syntax) {
		return s.fail(begin, "xml-syntax", "%s; correct the XML declaration", strings.TrimPrefix(err.Error(), "xml: "))
	}
	switch msg := syntax.Msg; {
	case strings.HasPrefix(msg, "unexpected EOF"):
		return s.fail(begin, "xml-unclosed", "%s that begins here does not end before the file does", kind)
	case strings.HasPrefix(msg, "illegal character"):
		at, r := illegalCharacter(raw)
		return s.fail(begin.to(s.src, begin.offset+at), "xml-syntax", "the character U+%04X stands here, XML does not allow it; take it out", r)
	case strings.HasPrefix(msg, "unescaped <"):
		return s.fail(begin.to(s.src, consumed-1), "xml-syntax", "a < stands in the value of an attribute; write &lt; for it, or close the value with a quote before")
	case strings.HasPrefix(msg, "unescaped ]]>"):
		return s.fail(begin.to(s.src, consumed-3), "xml-syntax", "]]> stands in text; write ]]&gt; for it")
	case kind == tokenStart:
		return s.fail(begin.to(s.src, begin.offset+tag.stop), "xml-syntax", "the start tag cannot be read from here on: %s; it is written <name attribute=\"value\">, a < in text &lt;", msg)
	}
	return s.fail(begin, "xml-syntax", "the text is no well-formed XML here: %s", syntax.Msg)
}

func (s *scanner) add(at mark, code, format string, args ...any) {
	s.problems = append(s.problems, Problem{Severity: SeverityError, Code: code, Pos: s.src.position(at), Message: fmt.Sprintf(format, args...)})
}

func (s *scanner) fail(at mark, code, format string, args ...any) error {
	s.add(at, code, format, args...)
	return errStop
}

func illegalCharacter(raw []byte) (at int, r rune) {
	for at < len(raw) {
		r, size := utf8.DecodeRune(raw[at:])
		if !allowedCharacter(r) {
			return at, r
		}
		at += size
	}
	return 0, utf8.RuneError
}

func fullName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// shorten keeps what a document says from filling a message.
func shorten(text []byte) string {
	const most = 40
	if len(text) <= most {
		return string(text)
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return string(text[:cut]) + "…"
}
