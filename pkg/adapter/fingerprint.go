package adapter

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"maps"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// fingerprint is a hash of everything that a part is made from: it may hold secrets.
type fingerprint [sha256.Size]byte

// fingerprints gives each part its fingerprint: what stands in its element once variables are replaced, what it was configured with from
// elsewhere, the system properties, and the same of the shared parts that it uses, directly or through others.
func (c *configuration) fingerprints(env document.Environment) {
	properties := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(env.SystemProperties)) {
		add(properties, name, env.SystemProperties[name])
	}
	m := fingerprinting{configuration: c, own: make(map[*part][]byte), texts: make(map[*part]map[string]bool)}
	for _, p := range c.parts {
		m.own[p] = m.alone(p)
	}
	for _, p := range c.parts {
		h := sha256.New()
		h.Write(properties.Sum(nil))
		for _, used := range m.all(p) {
			add(h, string(used.kind), used.id)
			h.Write(m.own[used])
		}
		h.Sum(p.print[:0])
	}
}

type fingerprinting struct {
	*configuration
	// own are the hashes of parts without what they use, texts all texts in them.
	own   map[*part][]byte
	texts map[*part]map[string]bool
}

// alone is the hash of a part without what it uses.
func (f *fingerprinting) alone(p *part) []byte {
	h := sha256.New()
	f.texts[p] = make(map[string]bool)
	canonical(h, p.node, f.texts[p])
	for _, d := range p.decoded {
		if r, ok := d.Component.(component.FileConfigured); ok {
			sum := r.ConfigHash()
			add(h, string(sum[:]))
		}
	}
	return h.Sum(nil)
}

// all are p, first, and the parts that it uses, directly or through others, in an order that does not depend on the document's.
func (f *fingerprinting) all(p *part) []*part {
	found := []*part{p}
	for i := 0; i < len(found); i++ {
		for _, other := range f.parts {
			if f.uses(found[i], other) && !slices.Contains(found, other) {
				found = append(found, other)
			}
		}
	}
	slices.SortFunc(found[1:], func(a, b *part) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id)) })
	return found
}

// uses says whether p uses a shared part. References are texts, so any text that is its id may be one. Texts are noted without the blanks
// around them, so the id is looked up without its own: a channel may be replaced for nothing, but never kept on a part that has stopped.
func (f *fingerprinting) uses(p, other *part) bool {
	named := f.texts[p][strings.TrimSpace(other.id)]
	switch other.kind {
	case sharedConnection:
		return named
	case sharedService:
		return named || slices.ContainsFunc(p.decoded, func(d component.Decoded) bool { return d.Alias == "dynamic-shared-service" })
	case errorHandler:
		if p.kind != wholeChannel {
			return false
		}
		always := other.node.Child("always-handle-exception")
		return p.node.Child("message-error-handler") == nil || always != nil && strings.EqualFold(strings.TrimSpace(always.Text), "true")
	}
	return false
}

// canonical writes what stands in an element: names, attributes, texts and children in their order, without comments, positions and the white
// space between elements. texts gets all texts.
func canonical(h hash.Hash, n *document.Node, texts map[string]bool) {
	text := n.Text
	if len(n.Children) > 0 && strings.TrimSpace(text) == "" {
		text = ""
	}
	texts[strings.TrimSpace(text)] = true
	add(h, n.Name, text)
	attributes := make(map[string]string)
	for _, a := range n.Attrs {
		attributes[a.Name] = a.Value
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		add(h, name, attributes[name])
	}
	add(h, "(children)")
	for _, c := range n.Children {
		canonical(h, c, texts)
	}
	add(h, "(end)")
}

// add writes texts so that none can be mistaken for another.
func add(h hash.Hash, texts ...string) {
	var size [8]byte
	for _, t := range texts {
		binary.BigEndian.PutUint64(size[:], uint64(len(t)))
		h.Write(size[:])
		h.Write([]byte(t))
	}
}

// filesOf are the files that a configuration was made from, beside those of variables.
func (c *configuration) filesOf(tree *document.Node) []string {
	found := make(map[string]bool)
	take := func(location string) {
		if document.IsHTTP(location) {
			return
		}
		if path, err := document.FilePath(location); err == nil {
			found[path] = true
		}
	}
	var walk func(n *document.Node)
	walk = func(n *document.Node) {
		take(n.Pos.File)
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(tree)
	for _, d := range c.components() {
		if r, ok := d.Component.(component.FileConfigured); ok {
			for _, location := range r.ConfigFiles() {
				take(location)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}
