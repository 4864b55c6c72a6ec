package connection

import (
	"slices"

	"github.com/adapterd/adapterd/pkg/component"
)

// Shared stands for a connection under shared-components, so that several channels use one connection, and one engine.
type Shared struct {
	LookupName string `xml:"lookup-name,required" example:"kinesis" doc:"unique-id of a connection under shared-components"`

	target component.Connection
}

// ConnectionID is empty: nobody refers to a reference.
func (s *Shared) ConnectionID() string { return "" }

// Target is the connection meant; nil until linked.
func (s *Shared) Target() component.Connection { return s.target }

// Link finds the connection. A reference that leads back to itself is refused, as is a name that nothing has.
func (s *Shared) Link(shared component.Shared, r *component.Report) {
	visited := []*Shared{s}
	name := s.LookupName
	for {
		found, names := shared.Connection(name)
		if found == nil {
			r.UnknownReference("lookup-name", "connection", name, names)
			return
		}
		if len(visited) == 1 {
			s.target = found
		}
		next, isReference := found.(*Shared)
		if !isReference {
			return
		}
		if slices.Contains(visited, next) {
			s.target = nil
			r.Errorf("lookup-name", "circular-reference",
				"is %q, a shared-connection that leads back to itself; name a connection that is no shared-connection", s.LookupName)
			return
		}
		visited = append(visited, next)
		name = next.LookupName
	}
}

func init() {
	component.Register[Shared]("shared-connection", "com.adaptris.core.SharedConnection", component.KindConnection,
		"stands for a connection under shared-components")
}
