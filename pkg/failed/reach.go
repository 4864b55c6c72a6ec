package failed

import (
	"slices"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// Reach are the components that stand in the elements at start, and the shared ones that these use, directly or through others, in the order
// of components.
func Reach(components []component.Decoded, start ...*document.Node) []component.Decoded {
	found := make([]bool, len(components))
	for todo := start; len(todo) > 0; todo = todo[1:] {
		for i, d := range components {
			if found[i] || !within(d.Node, todo[0]) {
				continue
			}
			found[i] = true
			todo = append(todo, used(components, d)...)
		}
	}
	var out []component.Decoded
	for i, d := range components {
		if found[i] {
			out = append(out, d)
		}
	}
	return out
}

func within(n, around *document.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == around {
			return true
		}
	}
	return false
}

// SharedKind is "connections" or "services" for what stands directly under shared-components, and empty for all else.
func SharedKind(d component.Decoded) string {
	if list := d.Node.Parent; list != nil && list.Parent != nil && list.Parent.Name == "shared-components" {
		return list.Name
	}
	return ""
}

// used are the elements of the shared components that one refers to.
func used(components []component.Decoded, d component.Decoded) []*document.Node {
	kind, every := "", false
	switch component.AliasOf(d.Component) {
	case "shared-connection":
		kind = "connections"
	case "shared-service":
		kind = "services"
	case "dynamic-shared-service":
		kind, every = "services", true
	default:
		return nil
	}
	name, _ := component.Element(d.Component, "lookup-name").(string)
	if t, ok := component.Element(d.Component, "lookup-name").(*expr.Template); ok {
		if text, constant := t.Constant(); constant {
			name, every = text, false
		}
	}
	var out []*document.Node
	for _, c := range components {
		if SharedKind(c) != kind {
			continue
		}
		if id, _ := component.Element(c.Component, "unique-id").(string); (every || id == name) && !slices.Contains(out, c.Node) {
			out = append(out, c.Node)
		}
	}
	return out
}
