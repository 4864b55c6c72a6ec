package adapter

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// configuration is a checked document: its parts, each of which can be replaced on its own.
type configuration struct {
	root *root
	// fragment says that the document has no channel of its own, only a part of one.
	fragment string
	// parts are in the order of starting: shared connections, shared services, the error handler, channels.
	parts []*part
	// loose are components that belong to no part: the root, and all of a fragment.
	loose []component.Decoded
	// files are those that the document was made from.
	files []string

	// found is there after once.
	once  sync.Once
	found connections
}

// part is what a reload keeps or replaces as a whole.
type part struct {
	// kind and id tell whether a part of another document is this one.
	kind partKind
	id   string
	// component is what runs; node is where it stands.
	component component.Component
	node      *document.Node
	// decoded are its components, the inner ones first.
	decoded []component.Decoded
	// print is equal for parts that do the same.
	print fingerprint
	// running changes under the adapter's lifecycle only; a reload reads it without, and looks again later.
	running atomic.Bool
	control control
}

type partKind string

const (
	sharedConnection partKind = "connection"
	sharedService    partKind = "service"
	errorHandler     partKind = "error handler"
	wholeChannel     partKind = "channel"
)

func (p *part) String() string {
	if p.id == "" {
		return string(p.kind)
	}
	return string(p.kind) + " " + p.id
}

// newConfiguration sorts what was decoded into parts.
func newConfiguration(r *root, decoded []component.Decoded) *configuration {
	c := &configuration{root: r}
	nodes := make(map[component.Component]*document.Node)
	for _, d := range decoded {
		nodes[d.Component] = d.Node
	}
	byNode := make(map[*document.Node]*part)
	add := func(kind partKind, id string, what component.Component) {
		p := &part{kind: kind, id: id, component: what, node: nodes[what]}
		c.parts = append(c.parts, p)
		byNode[p.node] = p
	}
	if r.Shared != nil {
		for _, s := range r.Shared.Connections {
			add(sharedConnection, s.ConnectionID(), s)
		}
		for _, s := range r.Shared.Services {
			add(sharedService, s.Base().UniqueID, s)
		}
	}
	if r.ErrorHandler != nil {
		add(errorHandler, "", r.ErrorHandler)
	}
	for _, ch := range r.Channels() {
		add(wholeChannel, ch.UniqueID, ch)
	}
	for _, d := range decoded {
		n := d.Node
		for n != nil && byNode[n] == nil {
			n = n.Parent
		}
		if n == nil {
			c.loose = append(c.loose, d)
			continue
		}
		byNode[n].decoded = append(byNode[n].decoded, d)
	}
	return c
}

// components are all components.
func (c *configuration) components() []component.Decoded {
	var out []component.Decoded
	for _, p := range c.parts {
		out = append(out, p.decoded...)
	}
	return append(out, c.loose...)
}

// flushers are the connections that buffer.
func (c *configuration) flushers() []component.Flusher {
	var out []component.Flusher
	for _, p := range c.parts {
		for _, d := range p.decoded {
			if f, ok := d.Component.(component.Flusher); ok {
				out = append(out, f)
			}
		}
	}
	return out
}

// find returns the part that a part of another document is.
func (c *configuration) find(p *part) *part {
	for _, mine := range c.parts {
		if mine.kind == p.kind && mine.id == p.id {
			return mine
		}
	}
	return nil
}

// channel finds a channel; nil if there is none of that id.
func (c *configuration) channel(id string) *part {
	for _, p := range c.parts {
		if p.kind == wholeChannel && p.id == id {
			return p
		}
	}
	return nil
}

// has says whether p is one of the parts, and no other.
func (c *configuration) has(p *part) bool { return slices.Contains(c.parts, p) }

// keep puts the parts of old that have not changed in the place of those of c, before c is linked: what refers to them refers to what runs.
func (c *configuration) keep(old *configuration) {
	for i, p := range c.parts {
		mine := old.find(p)
		if mine == nil || mine.print != p.print || !mine.kept() {
			continue
		}
		switch mine.kind {
		case wholeChannel:
			replace(c.root.List.Channels, p.component, mine.component)
		case sharedConnection:
			replace(c.root.Shared.Connections, p.component, mine.component)
		case sharedService:
			replace(c.root.Shared.Services, p.component, mine.component)
		case errorHandler:
			c.root.ErrorHandler = mine.component.(component.ErrorHandler)
		}
		c.parts[i] = mine
	}
}

func replace[C comparable](list []C, from, to component.Component) {
	list[slices.Index(list, from.(C))] = to.(C)
}

// kept says whether p may stay as it is: it runs, or is not meant to.
func (p *part) kept() bool {
	c, ok := p.component.(*channel.Channel)
	return p.running.Load() || ok && (!c.AutoStart || p.control.wish() == wishStopped)
}
