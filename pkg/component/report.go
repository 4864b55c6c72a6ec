package component

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// Checker is a component that finds faults in its own configuration that no tag can state. Check is called once, when all its fields are
// decoded; what it can not repair it reports, and the document does not run.
type Checker interface {
	Check(r *Report)
}

// Linker is a component that stands for, or uses, another one of the document by its unique-id. Link is called once, after every
// component has been decoded and checked.
type Linker interface {
	Link(s Shared, r *Report)
}

// Wirer is a component that hands connections to consumers or producers inside it (Connectable). Wire is called once, after every
// component has been linked.
type Wirer interface {
	Wire(r *Report)
}

// Shared is what stands under the document's shared-components.
type Shared interface {
	// Connection finds a connection by unique-id; names are all there are.
	Connection(id string) (c Connection, names []string)
	// Service finds a service by unique-id; names are all there are.
	Service(id string) (s Service, names []string)
}

// Redirectable is a connection whose service endpoint can be replaced before Init, for an embedded one (run --embedded-kinesis).
type Redirectable interface {
	// Redirect sends the connection to the endpoint at url, an http:// or https:// URL, and accepts its certificate.
	Redirect(url string)
}

// Report takes what a component finds wrong with itself, and gives it a place in the document.
type Report struct {
	d    *Decoder
	node *document.Node
	name string
}

// Alias is what the document calls the component.
func (r *Report) Alias() string { return r.name }

// Pos is where <element> stands, or the component when it has none.
func (r *Report) Pos(element string) document.Position {
	if c := r.node.Child(element); element != "" && c != nil {
		return c.Pos
	}
	return r.node.Pos
}

// Set says whether the document gives the component that element.
func (r *Report) Set(element string) bool { return r.node.Child(element) != nil }

// Node is the component's element.
func (r *Report) Node() *document.Node { return r.node }

// Env is the process as the document sees it.
func (r *Report) Env() document.Environment { return r.d.env }

// Sources answers %env{…} and %sysprop{…}, for components that compile expressions themselves.
func (r *Report) Sources() expr.Sources { return r.d.sources }

// Errorf reports an error at <element>; the document will not run. The message says what is wrong and what to do; code is a stable name
// of the kind of problem.
func (r *Report) Errorf(element, code, format string, args ...any) {
	r.d.problem(document.SeverityError, code, r.Pos(element), r.text(element, format, args))
}

// UnknownReference reports that <element> names something under shared-components, a connection or a service, that is not there; names are
// those that are.
func (r *Report) UnknownReference(element, kind, name string, names []string) {
	instead := "there are none, add one"
	if near := document.Nearest(name, names); len(near) > 0 {
		instead = "did you mean " + strings.Join(near, " or ") + "?"
	} else if len(names) > 0 {
		instead = "there are: " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
	}
	r.Errorf(element, "unknown-reference", "is %q, but no %s under shared-components has that unique-id; %s", name, kind, instead)
}

// Warnf reports something that the document's writer should know.
func (r *Report) Warnf(element, code, format string, args ...any) {
	r.d.problem(document.SeverityWarning, code, r.Pos(element), r.text(element, format, args))
}

// Notef reports something worth a line, such as an element without effect.
func (r *Report) Notef(element, code, format string, args ...any) {
	r.d.problem(document.SeverityNote, code, r.Pos(element), r.text(element, format, args))
}

// At reports a problem whose place the component knows better, such as a line of a file that the document names.
func (r *Report) At(severity document.Severity, code string, pos document.Position, format string, args ...any) {
	r.d.problem(severity, code, pos, fmt.Sprintf(format, args...))
}

func (r *Report) text(element, format string, args []any) string {
	if element == "" {
		return r.name + ": " + fmt.Sprintf(format, args...)
	}
	return fmt.Sprintf("<%s> of %s %s", element, r.name, strings.TrimPrefix(fmt.Sprintf(format, args...), ": "))
}
