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

func snapshotOf(m *message.Message) Snapshot {
	l := lookAt(m)
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
	return &PayloadChange{len(l.payload), len(now.payload), kindOf(l.payload), kindOf(now.payload), preview(now.payload)}
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
func preview(payload []byte) string {
	if !utf8.Valid(payload) || bytes.ContainsRune(payload, 0) {
		return ""
	}
	return shorten(string(payload))
}

// shorten makes a text fit on a line.
func shorten(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " ")
	if len(s) > previewBytes {
		return strings.ToValidUTF8(s[:previewBytes], "") + "…"
	}
	return s
}
