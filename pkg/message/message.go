// Package message holds what travels through a workflow: an id, a payload, metadata, and the delivery that tells the source how it ended.
package message

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// referencePrefix marks a metadata key that names another item whose value is the key (Interlok's MetadataResolver).
const referencePrefix = "$$"

// MetadataPart is the key under which a part of a split message finds its number (Interlok: currentSplitCount).
const MetadataPart = "currentSplitCount"

// Slot names a parsed form of the payload that a message keeps until the payload changes.
type Slot int

// The parsed forms that expressions and services share.
const (
	JSON Slot = iota
	XML
	slots
)

type parsed struct {
	value any
	err   error
	done  bool
}

// Message is one message on its way from a consumer to its producers. It is not safe for concurrent use: whoever holds it may use it,
// and hands it on. Clones may be used side by side.
type Message struct {
	id      ID
	payload []byte
	// stored is where the payload is in place of payload; nil when it is in memory from the beginning.
	stored   *stored
	encoding string
	metadata map[string]string
	// shared says that another message reads the same metadata map: the first write copies it.
	shared bool
	// passesObjects says that children get the objects too.
	passesObjects bool
	objects       map[string]any
	// sharedObjects says that another message reads the same objects map: the first write copies it.
	sharedObjects bool
	// part is the value of MetadataPart while it is positive: millions of parts share one map and differ in nothing else.
	part int
	// parsed is nil until the payload is parsed: most parts of split messages never are.
	parsed   *[slots]parsed
	scans    [slots]uint8
	delivery *Delivery
}

// New makes a message with a new id. The message owns payload from then on; nobody may change its bytes.
func New(payload []byte) *Message {
	return &Message{id: newID(), payload: payload}
}

// ID is the unique id, a UUID by default, as text.
func (m *Message) ID() string { return m.id.String() }

// AppendID appends the unique id's text, for readers that build a longer one.
func (m *Message) AppendID(dst []byte) []byte { return m.id.Append(dst) }

// SetID replaces the unique id, for sources whose messages bring their own. An empty text changes nothing: a message always has an id.
func (m *Message) SetID(text string) {
	if text != "" {
		m.id = ID{text: text}
	}
}

// Payload is the payload's bytes, which must not be changed. It panics if they are still with their source and can not be read: whoever
// runs a component has asked Load before.
func (m *Message) Payload() []byte {
	if m.stored == nil {
		return m.payload
	}
	payload, err := m.stored.load()
	if err != nil {
		panic(err)
	}
	return payload
}

// SetPayload replaces the payload and forgets what was parsed from the old one. The message owns the bytes from then on.
func (m *Message) SetPayload(payload []byte) {
	m.payload, m.stored = payload, nil
	m.forget()
}

// Encoding is the name of the payload's character set; empty when the source named none.
func (m *Message) Encoding() string { return m.encoding }

// SetEncoding names the payload's character set and forgets what was parsed under another one.
func (m *Message) SetEncoding(charset string) {
	if charset != m.encoding {
		m.encoding = charset
		m.forget()
	}
}

// forget drops what was known of a former payload. Clones keep theirs.
func (m *Message) forget() { m.parsed, m.scans = nil, [slots]uint8{} }

// Parsed returns the payload as parse reads it. The payload is parsed at most once however often it is asked for; an error is kept
// too. The value is shared between clones and must not be changed.
func (m *Message) Parsed(slot Slot, parse func([]byte) (any, error)) (any, error) {
	if !m.HasParsed(slot) {
		all := new([slots]parsed)
		if m.parsed != nil {
			*all = *m.parsed // which clones may be reading
		}
		value, err := parse(m.Payload())
		all[slot] = parsed{value, err, true}
		m.parsed = all
	}
	p := &m.parsed[slot]
	return p.value, p.err
}

// HasParsed says that Parsed would answer without parsing.
func (m *Message) HasParsed(slot Slot) bool { return m.parsed != nil && m.parsed[slot].done }

// Scanned counts one more look through the payload that leaves no parsed form behind, and returns how many there have been, this one
// included, since the payload was set: a reader that scans may thus know when parsing once has become cheaper. It counts to 255.
func (m *Message) Scanned(slot Slot) int {
	if m.scans[slot] < 255 {
		m.scans[slot]++
	}
	return int(m.scans[slot])
}

// Metadata returns the value of key. A key that begins with $$ is a reference: the rest names the item whose value is the key.
func (m *Message) Metadata(key string) (string, bool) {
	if strings.HasPrefix(key, referencePrefix) {
		name, ok := m.metadata[key[len(referencePrefix):]]
		if !ok {
			return "", false
		}
		key = name
	}
	if key == MetadataPart && m.part > 0 {
		return strconv.Itoa(m.part), true
	}
	v, ok := m.metadata[key]
	return v, ok
}

// SetPart makes n the value of MetadataPart, without the copy of the metadata that SetMetadata makes. n counts from 1.
func (m *Message) SetPart(n int) { m.part = n }

// SetMetadata sets key, resolving a $$ reference as Metadata does; a reference to an item that is not there is taken as a plain key.
func (m *Message) SetMetadata(key, value string) {
	if strings.HasPrefix(key, referencePrefix) {
		if name, ok := m.metadata[key[len(referencePrefix):]]; ok {
			key = name
		}
	}
	if key == MetadataPart {
		m.part = 0
	}
	m.own()
	m.metadata[key] = value
}

// RemoveMetadata removes key, if it is there.
func (m *Message) RemoveMetadata(key string) {
	if key == MetadataPart {
		m.part = 0
	}
	if _, ok := m.metadata[key]; !ok {
		return
	}
	m.own()
	delete(m.metadata, key)
}

// MetadataKeys lists the keys in order.
func (m *Message) MetadataKeys() []string {
	keys := slices.Sorted(maps.Keys(m.metadata))
	if m.part > 0 {
		if at, there := slices.BinarySearch(keys, MetadataPart); !there {
			keys = slices.Insert(keys, at, MetadataPart)
		}
	}
	return keys
}

// SetAllMetadata replaces all metadata by a copy of items.
func (m *Message) SetAllMetadata(items map[string]string) {
	m.metadata = maps.Clone(items)
	m.shared = false
	m.part = 0
}

func (m *Message) own() {
	switch {
	case m.metadata == nil:
		m.metadata = make(map[string]string, 8)
	case m.shared:
		m.metadata = maps.Clone(m.metadata)
	}
	m.shared = false
}

// Object returns a value that lives in memory only and never leaves the process (Interlok's object metadata).
func (m *Message) Object(key string) (any, bool) {
	v, ok := m.objects[key]
	return v, ok
}

// SetObject sets an in-memory value.
func (m *Message) SetObject(key string, value any) {
	switch {
	case m.objects == nil:
		m.objects = make(map[string]any)
	case m.sharedObjects:
		m.objects = maps.Clone(m.objects)
	}
	m.sharedObjects = false
	m.objects[key] = value
}

// Clone makes a copy with the same id, payload and delivery. It costs no copy of payload, metadata or in-memory values until one of the two
// messages changes them.
func (m *Message) Clone() *Message {
	m.shared, m.sharedObjects = true, true
	c := *m
	return &c
}

// Child makes a message with an id of its own and another payload, which takes over metadata and delivery: a part of a split message.
// It has the in-memory values only after PassObjects.
func (m *Message) Child(payload []byte) *Message {
	m.shared = true
	c := &Message{id: newID(), payload: payload, encoding: m.encoding, metadata: m.metadata, shared: true, part: m.part, delivery: m.delivery}
	if m.passesObjects {
		m.sharedObjects = true
		c.objects, c.sharedObjects = m.objects, true
	}
	return c
}

// Delivery is what must be held while the message is on its way; nil when nobody waits for the outcome.
func (m *Message) Delivery() *Delivery { return m.delivery }

// SetDelivery ties the message to a delivery.
func (m *Message) SetDelivery(d *Delivery) { m.delivery = d }
