package expr

import (
	"encoding/json"

	"github.com/adapterd/adapterd/pkg/message"
)

// ParseJSON is the message's payload as JSON: nil, bool, string, json.Number with the digits as they stand, []any, or *Object. The
// payload is parsed at most once; the value is kept with the message, shared with its clones, and must not be changed. The error wraps a
// *SyntaxError. A payload in another character set than UTF-8 is decoded first.
func ParseJSON(m *message.Message) (any, error) {
	return m.Parsed(message.JSON, func(payload []byte) (any, error) {
		if !m.IsUTF8() {
			text, err := m.Text()
			if err != nil {
				return nil, err
			}
			payload = []byte(text)
		}
		return ParseJSONBytes(payload)
	})
}

// ParseJSONBytes reads a JSON text as RFC 8259 defines it; a byte order mark before it is skipped. Of duplicate keys the last one counts.
// Bytes in strings that are not UTF-8 become U+FFFD.
func ParseJSONBytes(data []byte) (any, error) {
	p := parser{data: data, text: string(data)}
	pos, f := start(data)
	var v any
	if f.what == fine {
		v, pos, f = p.value(pos, 0)
	}
	if f.what == fine {
		f = finish(data, pos)
	}
	if f.what != fine {
		return nil, f.err(data)
	}
	return v, nil
}

// parser builds the tree with the scanner's own steps, so that both judge a text alike.
type parser struct {
	data []byte
	// text is one copy of data that all plain strings and numbers of the tree are parts of.
	text string
}

func (p *parser) value(pos, depth int) (any, int, fault) {
	if pos >= len(p.data) {
		return nil, pos, fault{pos, faultEnd}
	}
	switch p.data[pos] {
	case '"':
		s, end, f := p.str(pos)
		return s, end, f
	case '{':
		return p.object(pos, depth+1)
	case '[':
		return p.array(pos, depth+1)
	}
	end, f := scanScalar(p.data, pos)
	if f.what != fine {
		return nil, end, f
	}
	switch p.data[pos] {
	case 't':
		return true, end, f
	case 'f':
		return false, end, f
	case 'n':
		return nil, end, f
	}
	return json.Number(p.text[pos:end]), end, f
}

func (p *parser) str(pos int) (string, int, fault) {
	end, plain, f := scanString(p.data, pos)
	if f.what != fine {
		return "", end, f
	}
	if plain {
		return p.text[pos+1 : end-1], end, f
	}
	inside := p.data[pos+1 : end-1]
	return string(appendDecoded(make([]byte, 0, len(inside)), inside)), end, f
}

func (p *parser) object(pos, depth int) (any, int, fault) {
	if depth > maxDepth {
		return nil, pos, fault{pos, faultDepth}
	}
	o := &Object{}
	for first := true; ; first = false {
		next, done, f := nextKey(p.data, pos, first)
		if f.what != fine || done {
			return o, next, f
		}
		key, end, f := p.str(next)
		if f.what != fine {
			return nil, end, f
		}
		if pos, f = colon(p.data, end); f.what != fine {
			return nil, pos, f
		}
		var v any
		if v, pos, f = p.value(pos, depth); f.what != fine {
			return nil, pos, f
		}
		o.Set(key, v)
	}
}

func (p *parser) array(pos, depth int) (any, int, fault) {
	if depth > maxDepth {
		return nil, pos, fault{pos, faultDepth}
	}
	list := []any{}
	for first := true; ; first = false {
		next, done, f := nextElement(p.data, pos, first)
		if f.what != fine || done {
			return list, next, f
		}
		var v any
		if v, pos, f = p.value(next, depth); f.what != fine {
			return nil, pos, f
		}
		list = append(list, v)
	}
}
