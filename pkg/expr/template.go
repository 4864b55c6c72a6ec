package expr

import (
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/message"
)

// Template is a compiled text. It is safe for concurrent use.
type Template struct {
	text  string
	parts []part
	// constant is the whole result when parts is empty.
	constant    string
	literals    []string
	differences []string
}

type partKind uint8

const (
	partLiteral partKind = iota
	partMetadata
	partID
	partSize
	partPayload
	partJSON
	partXML
)

// part is one piece of a text. Which fields count is the kind's affair; an interface would make every result escape to the heap.
type part struct {
	kind partKind
	text string // the literal, or the metadata key
	json *JSONPath
	xml  *XPath
}

// Text is the text as written.
func (t *Template) Text() string { return t.text }

// Constant returns the result when it is the same for every message.
func (t *Template) Constant() (string, bool) { return t.constant, len(t.parts) == 0 }

// IsBlank says that every message gets nothing but blanks.
func (t *Template) IsBlank() bool { return len(t.parts) == 0 && strings.TrimSpace(t.constant) == "" }

// Warnings are Literals, then Differences: what is worth saying about the text though it compiles. The lines are complete sentences
// without a position.
func (t *Template) Warnings() []string {
	return append(t.literals[:len(t.literals):len(t.literals)], t.differences...)
}

// Literals warns of pieces that look like expressions and are sent as they stand, as Interlok does.
func (t *Template) Literals() []string { return t.literals }

// Differences notes expressions that adapterd resolves and Interlok does not.
func (t *Template) Differences() []string { return t.differences }

// Resolve is the text for m. It fails with a *MetadataError or a *PathError. A constant costs nothing; else the result is the only
// allocation as long as no tree of the payload is needed.
func (t *Template) Resolve(m *message.Message) (string, error) {
	switch len(t.parts) {
	case 0:
		return t.constant, nil
	case 1:
		return t.parts[0].resolve(m)
	}
	var small [256]byte
	out, err := t.Append(small[:0], m)
	if err != nil {
		return "", err
	}
	return string(out), nil
}

// Append appends what Resolve returns. It returns dst as it was with an error.
func (t *Template) Append(dst []byte, m *message.Message) ([]byte, error) {
	if len(t.parts) == 0 {
		return append(dst, t.constant...), nil
	}
	out := dst
	for i := range t.parts {
		var err error
		if out, err = t.parts[i].append(out, m); err != nil {
			return dst, err
		}
	}
	return out, nil
}

func (p *part) resolve(m *message.Message) (string, error) {
	switch p.kind {
	case partLiteral:
		return p.text, nil
	case partMetadata:
		return p.metadata(m)
	case partID:
		return m.ID(), nil
	case partSize:
		return strconv.Itoa(len(m.Payload())), nil
	case partPayload:
		return m.Text()
	case partJSON:
		return p.json.Text(m)
	default:
		return p.xml.Text(m)
	}
}

func (p *part) append(dst []byte, m *message.Message) ([]byte, error) {
	switch {
	case p.kind == partID:
		return m.AppendID(dst), nil
	case p.kind == partSize:
		return strconv.AppendInt(dst, int64(len(m.Payload())), 10), nil
	case p.kind == partPayload && m.IsUTF8():
		return append(dst, m.Payload()...), nil
	case p.kind == partJSON:
		return p.json.AppendText(dst, m)
	}
	s, err := p.resolve(m)
	if err != nil {
		return dst, err
	}
	return append(dst, s...), nil
}

func (p *part) metadata(m *message.Message) (string, error) {
	if v, ok := m.Metadata(p.text); ok {
		return v, nil
	}
	return "", &MetadataError{Key: p.text}
}
