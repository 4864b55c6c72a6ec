package checks

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// Advise finds what keeps nothing from running, needs a view of the whole document, and is worth knowing: partition keys that are times,
// and expressions that Interlok would not resolve.
func Advise(a *adapter.Adapter) document.Problems {
	v := &adviser{byNode: make(map[*document.Node]component.Decoded), shared: make(map[string]*document.Node)}
	for _, d := range a.Components() {
		v.byNode[d.Node] = d
		if s, ok := d.Component.(component.Service); ok && d.Node.Parent != nil && d.Node.Parent.Name == "services" && isShared(d.Node.Parent) {
			v.shared[s.Base().UniqueID] = d.Node
		}
	}
	for _, c := range a.Channels() {
		for _, w := range c.All() {
			for _, d := range a.Components() {
				if d.Component == component.Component(w) {
					v.workflow(d.Node)
				}
			}
		}
	}
	for _, d := range a.Components() {
		v.value(d)
	}
	v.problems.Sort()
	return v.problems
}

func isShared(n *document.Node) bool { return n.Parent != nil && n.Parent.Name == "shared-components" }

// adviser walks through the services of a workflow in the order in which they run.
type adviser struct {
	byNode   map[*document.Node]component.Decoded
	shared   map[string]*document.Node
	problems document.Problems
	// times are the metadata keys that hold a time where the walk is, and the place of the service that set it.
	times map[string]document.Position
}

// workflow looks at the producer last, wherever it stands.
func (v *adviser) workflow(n *document.Node) {
	v.times = make(map[string]document.Position)
	if services := n.Child("service-collection"); services != nil {
		v.visit(services)
	}
	if producer := n.Child("producer"); producer != nil {
		v.visit(producer)
	}
	if more := n.Child("standalone-producers"); more != nil {
		v.visit(more)
	}
}

func (v *adviser) visit(n *document.Node) {
	d := v.byNode[n]
	switch d.Alias {
	case "add-timestamp-metadata-service":
		if key, ok := component.Element(d.Component, "metadata-key").(string); ok {
			v.times[key] = n.Pos
		}
	case "metadata-element":
		v.element(d)
	case "shared-service":
		name, _ := component.Element(d.Component, "lookup-name").(string)
		if target := v.shared[name]; target != nil {
			v.visit(target)
		}
	}
	if key, ok := component.Element(d.Component, "partition-key").(*expr.Template); ok {
		v.partitionKey(d, key)
	}
	for _, c := range n.Children {
		v.visit(c)
	}
}

// element follows a time that add-metadata-service copies to another key, and forgets one that it replaces.
func (v *adviser) element(d component.Decoded) {
	key, _ := component.Element(d.Component, "key").(string)
	delete(v.times, key)
	if value, ok := component.Element(d.Component, "value").(*expr.Template); ok {
		if from, only := onlyMetadata(value.Text()); only {
			if pos, isTime := v.times[from]; isTime {
				v.times[key] = pos
			}
		}
	}
}

func (v *adviser) partitionKey(d component.Decoded, key *expr.Template) {
	name, only := onlyMetadata(key.Text())
	if !only {
		return
	}
	set, isTime := v.times[name]
	if !isTime {
		return
	}
	pos := d.Node.Pos
	if c := d.Node.Child("partition-key"); c != nil {
		pos = c.Pos
	}
	v.problems = append(v.problems, document.Problem{Severity: document.SeverityWarning, Code: "timestamp-partition-key", Pos: pos, Message: fmt.Sprintf(
		"<partition-key> of %s is a time, which the service at %s sets as %s: records of one time go to one shard, and what belongs together is spread; "+
			"use what the record is about, such as %%message{customerId}, or %%message{%%uniqueId} to spread evenly", d.Alias, set, name)})
}

// value notes expressions in the values of add-metadata-service, unless something was noted about them already.
func (v *adviser) value(d component.Decoded) {
	if d.Alias != "metadata-element" || d.Node.Parent == nil || v.byNode[d.Node.Parent].Alias != "add-metadata-service" {
		return
	}
	value, ok := component.Element(d.Component, "value").(*expr.Template)
	if !ok || len(value.Differences()) > 0 {
		return
	}
	if _, constant := value.Constant(); constant {
		return
	}
	pos := d.Node.Pos
	if c := d.Node.Child("value"); c != nil {
		pos = c.TextPos
	}
	v.problems = append(v.problems, document.Problem{Severity: document.SeverityNote, Code: "extended-expression", Pos: pos, Message: "<value> of " +
		"add-metadata-service is an expression, which Interlok does not resolve there; adapterd does"})
}

// expression is the beginning of any expression, metadata one of a metadata item.
var (
	expression = regexp.MustCompile(`%[A-Za-z]+\{`)
	metadata   = regexp.MustCompile(`%message\{([^{}%$:]+)\}`)
)

// onlyMetadata is the key of the one metadata item that a text depends on; false if it depends on something else, or more.
func onlyMetadata(text string) (string, bool) {
	found := metadata.FindStringSubmatch(text)
	if found == nil || len(expression.FindAllString(text, 2)) != 1 {
		return "", false
	}
	return strings.TrimSpace(found[1]), true
}
