package adapter

import (
	"fmt"
	"slices"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
)

// connections are those of a configuration that is linked: all that are neither a reference nor a null-connection, in the document's order.
type connections struct {
	all []standing
	ids map[component.Connection]string
}

// standing is a connection and where it stands.
type standing struct {
	connection component.Connection
	id, alias  string
	part       *part
	usedBy     []string
}

// id is how a connection, or the one that a reference means, is called; empty for what is not among them.
func (c *connections) id(k component.Connection) string {
	if k == nil {
		return ""
	}
	return c.ids[component.Resolve(k)]
}

// connections finds them once: parts and what they refer to do not change any more.
func (c *configuration) connections() *connections {
	c.once.Do(func() {
		found := &c.found
		found.ids = make(map[component.Connection]string)
		taken := make(map[string]bool)
		for _, p := range c.parts {
			for _, d := range p.decoded {
				k, ok := d.Component.(component.Connection)
				if _, refers := d.Component.(component.Referer); !ok || refers || d.Alias == "null-connection" {
					continue
				}
				s := standing{connection: k, id: p.nameOf(k, taken), alias: d.Alias, part: p, usedBy: c.users(p, k)}
				taken[s.id] = true
				found.ids[k] = s.id
				found.all = append(found.all, s)
			}
		}
	})
	return &c.found
}

// nameOf is how a connection is called that stands in a part: by its own id, or by its channel and class. Those of channels need no id, nor one
// that no other has, so some get a number.
func (p *part) nameOf(k component.Connection, taken map[string]bool) string {
	name := k.ConnectionID()
	if name == "" {
		name = component.AliasOf(k)
		if p.id != "" {
			name = p.id + "/" + name
		}
	} else if taken[name] {
		name = p.id + "/" + name
	}
	id := name
	for n := 2; taken[id]; n++ {
		id = fmt.Sprintf("%s-%d", name, n)
	}
	return id
}

// users are the channels that use a connection: the one that it stands in, or those that refer to it.
func (c *configuration) users(p *part, k component.Connection) []string {
	if p.kind == wholeChannel {
		return []string{p.id}
	}
	users := []string{}
	for _, other := range c.parts {
		refers := func(d component.Decoded) bool {
			r, ok := d.Component.(component.Referer)
			return ok && component.Resolve(r) == k
		}
		if other.kind == wholeChannel && slices.ContainsFunc(other.decoded, refers) {
			users = append(users, other.id)
		}
	}
	return users
}

// status is the connection's: it runs as long as its part does, whether that takes messages or not.
func (s *standing) status() ConnectionStatus {
	state, _ := s.part.control.now()
	if c, ok := s.part.component.(*channel.Channel); ok && state == StateStarted {
		switch {
		case c.Restarting():
			state = StateStarting
		case c.RestartFailed() != nil:
			state = StateFailed
		}
	}
	return ConnectionStatus{ID: s.id, Class: s.alias, State: state, UsedBy: slices.Clone(s.usedBy)}
}
