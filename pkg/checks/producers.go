package checks

import (
	"strings"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// producing is a Kinesis producer of a document.
type producing struct {
	alias      string
	node       *document.Node
	component  component.Component
	connection component.Connection
	// stream is what the document says; its value is the same for every message if constant.
	stream   string
	constant bool
}

// at is where the producer's element stands, or the producer itself.
func (p *producing) at(element string) document.Position {
	if c := p.node.Child(element); c != nil {
		return c.Pos
	}
	return p.node.Pos
}

// producersOf finds the Kinesis producers of a document, in the order of its text, with their connections.
func producersOf(a *adapter.Adapter) []*producing {
	connections := connectionsOf(a)
	var out []*producing
	for _, d := range a.Components() {
		stream, ok := component.Element(d.Component, "stream").(*expr.Template)
		p, isProducer := d.Component.(component.Producer)
		if !ok || !isProducer || component.Element(d.Component, "partition-key") == nil {
			continue
		}
		found := &producing{alias: d.Alias, node: d.Node, component: d.Component, connection: connections[p], stream: strings.TrimSpace(stream.Text())}
		if value, constant := stream.Constant(); constant {
			found.stream, found.constant = strings.TrimSpace(value), true
		}
		out = append(out, found)
	}
	return out
}

// connectionsOf are the connections that producers have: the channel's for that of a workflow, else that which stands beside the producer.
func connectionsOf(a *adapter.Adapter) map[component.Producer]component.Connection {
	out := make(map[component.Producer]component.Connection)
	for _, d := range a.Components() {
		if c, ok := component.Element(d.Component, "connection").(component.Connection); ok {
			for _, p := range component.Parts[component.Producer](d.Component) {
				out[p] = component.Resolve(c)
			}
		}
	}
	for _, c := range a.Channels() {
		for _, w := range c.All() {
			for _, p := range component.Parts[component.Producer](w) {
				out[p] = component.Resolve(c.ProduceConnection)
			}
		}
	}
	return out
}
