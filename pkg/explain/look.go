package explain

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/message"
)

// previewBytes is how much of a payload is shown.
const previewBytes = 120

// maskedBytes is how much of a payload is searched for secrets before it is shortened: more than any secret has.
const maskedBytes = 64 << 10

// look is how a message looks at one time.
type look struct {
	payload  []byte
	metadata map[string]string
}

func lookAt(m *message.Message) look {
	l := look{m.Payload(), make(map[string]string)}
	for _, key := range m.MetadataKeys() {
		l.metadata[key], _ = m.Metadata(key)
	}
	return l
}

func (t *tracer) snapshotOf(m *message.Message) Snapshot {
	l := lookAt(m)
	for key, value := range l.metadata {
		l.metadata[key] = t.options.Mask(value)
	}
	return Snapshot{len(l.payload), kindOf(l.payload), l.metadata}
}

// changes are the differences of the metadata, by key.
func (l look) changes(now look) []Change {
	var out []Change
	keys := slices.Sorted(maps.Keys(l.metadata))
	for key := range now.metadata {
		if _, there := l.metadata[key]; !there {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		before, was := l.metadata[key]
		after, is := now.metadata[key]
		if was && is && before == after {
			continue
		}
		c := Change{Key: key}
		if was {
			c.Before = &before
		}
		if is {
			c.After = &after
		}
		out = append(out, c)
	}
	return out
}

// masked are changes without secrets. What has changed is found before: one secret may have taken the place of another.
func (t *tracer) masked(changes []Change) []Change {
	for _, c := range changes {
		for _, value := range []*string{c.Before, c.After} {
			if value != nil {
				*value = t.options.Mask(*value)
			}
		}
	}
	return changes
}

// mergeChanges adds later changes to earlier ones of the same step.
func mergeChanges(earlier, later []Change) []Change {
	for _, c := range later {
		i := slices.IndexFunc(earlier, func(e Change) bool { return e.Key == c.Key })
		if i < 0 {
			earlier = append(earlier, c)
			continue
		}
		earlier[i].After = c.After
	}
	return earlier
}

func (l look) payloadChange(now look) *PayloadChange {
	if bytes.Equal(l.payload, now.payload) {
		return nil
	}
	return &PayloadChange{BytesBefore: len(l.payload), BytesAfter: len(now.payload), KindBefore: kindOf(l.payload), KindAfter: kindOf(now.payload)}
}

// kindOf says what a payload seems to be.
func kindOf(payload []byte) string {
	text := bytes.TrimSpace(payload)
	switch {
	case len(payload) == 0:
		return "empty"
	case len(text) == 0:
		return "blank text"
	case text[0] == '{' && json.Valid(text):
		return "JSON object"
	case text[0] == '[' && json.Valid(text):
		return "JSON array"
	case text[0] == '<' && text[len(text)-1] == '>':
		return "XML"
	case utf8.Valid(payload) && !bytes.ContainsRune(payload, 0):
		return "text"
	}
	return "bytes that are no UTF-8 text"
}

// preview is the beginning of a payload on one line; empty if it is no text.
func (t *tracer) preview(payload []byte) string {
	if !utf8.Valid(payload) || bytes.ContainsRune(payload, 0) {
		return ""
	}
	if len(payload) > maskedBytes {
		if begin := t.shorten(strings.ToValidUTF8(string(payload[:maskedBytes]), "")); strings.HasSuffix(begin, "…") {
			return begin
		}
	}
	return t.shorten(string(payload))
}

// shorten makes a text fit on a line, without secrets.
func (t *tracer) shorten(s string) string { return shorten(t.options.Mask(s)) }

// shorten makes a text fit on a line.
func shorten(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " ")
	if len(s) > previewBytes {
		return strings.ToValidUTF8(s[:previewBytes], "") + "…"
	}
	return s
}
