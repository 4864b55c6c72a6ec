package component

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// Decoded is a component with its place in the document.
type Decoded struct {
	Component Component
	Alias     string
	Node      *document.Node
}

// Decoder turns elements into components and collects everything that is wrong with them. It is not safe for concurrent use.
type Decoder struct {
	env      document.Environment
	sources  expr.Sources
	problems document.Problems
	decoded  []Decoded
	// noted holds the names of elements without effect that were told already.
	noted map[string]bool
}

// NewDecoder makes a decoder; env answers %env{…} and %sysprop{…}.
func NewDecoder(env document.Environment) *Decoder {
	source := func(kind string) func(string) (string, bool) {
		return func(name string) (string, bool) { return env.Lookup(kind, name) }
	}
	return &Decoder{env: env, sources: expr.Sources{Env: source("env"), SystemProperty: source("sysprop")}, noted: make(map[string]bool)}
}

// Problems are all that was found so far.
func (d *Decoder) Problems() document.Problems { return d.problems }

// Components are all components decoded so far, inner ones before the ones that hold them.
func (d *Decoder) Components() []Decoded { return d.decoded }

// Decode turns an element into a component of type I, an interface or a pointer to a registered struct. The element's class attribute
// names it, else class, else the element's own name. ok is false if it could not be decoded at all; the reason is among the problems.
func Decode[I any](d *Decoder, n *document.Node, class string) (c I, ok bool) {
	v := d.component(n, reflect.TypeFor[I](), class)
	if !v.IsValid() {
		return c, false
	}
	return v.Interface().(I), true
}

// Finish links and wires everything that was decoded, in this order, each time only if there is no error so far.
func (d *Decoder) Finish(s Shared) {
	for _, phase := range []func(Decoded, *Report){
		func(c Decoded, r *Report) {
			if l, ok := c.Component.(Linker); ok {
				l.Link(s, r)
			}
		},
		func(c Decoded, r *Report) {
			if w, ok := c.Component.(Wirer); ok {
				w.Wire(r)
			}
		},
	} {
		if len(d.problems.Errors()) > 0 {
			return
		}
		for _, c := range d.decoded {
			phase(c, &Report{d: d, node: c.Node, name: c.Alias})
		}
	}
}

// Report returns the report of a component at n, for problems that are found outside of it.
func (d *Decoder) Report(n *document.Node, name string) *Report {
	return &Report{d: d, node: n, name: name}
}

func (d *Decoder) problem(s document.Severity, code string, pos document.Position, message string) {
	d.problems = append(d.problems, document.Problem{Severity: s, Code: code, Pos: pos, Message: message})
}

func (d *Decoder) errorf(pos document.Position, code, format string, args ...any) {
	d.problem(document.SeverityError, code, pos, fmt.Sprintf(format, args...))
}

// component decodes n into what want asks for; the zero Value if that is not possible.
func (d *Decoder) component(n *document.Node, want reflect.Type, class string) reflect.Value {
	name := n.Name
	if class != "" {
		name = class
	}
	pos := n.Pos
	for _, a := range n.Attrs {
		if a.Name == "class" {
			name, pos = strings.TrimSpace(a.Value), a.Pos
		}
	}
	e := lookup(name)
	if e == nil {
		d.unknown(pos, n, name, want)
		return reflect.Value{}
	}
	typ := reflect.PointerTo(e.typ)
	if !typ.AssignableTo(want) {
		d.errorf(pos, "wrong-kind", "%s is a %s and can not stand in <%s>, which takes %s", name, e.kind, n.Name, d.choices(want))
		return reflect.Value{}
	}
	v := reflect.New(e.typ)
	d.fill(v.Elem(), e.plan, n, e.alias)
	d.decoded = append(d.decoded, Decoded{v.Interface(), e.alias, n})
	if c, ok := v.Interface().(Checker); ok {
		c.Check(&Report{d: d, node: n, name: e.alias})
	}
	return v
}

// unknown says why a name is no component: not supported, a missing class attribute, or a mistake.
func (d *Decoder) unknown(pos document.Position, n *document.Node, name string, want reflect.Type) {
	if known, ok := Catalog(name); ok {
		d.errorf(pos, "unsupported-component", "%s; <%s> takes %s", known.unsupported(), n.Name, d.choices(want))
		return
	}
	fits := d.fits(want)
	suggestion := document.DidYouMean(name, fits, nil)
	if suggestion == "" {
		if _, has := n.Attr("class"); !has && name == n.Name && !strings.Contains(name, ".") && len(fits) > 0 {
			d.errorf(pos, "missing-class", "<%s> needs a class attribute that says which component it is; it takes %s", n.Name, d.choices(want))
			return
		}
		suggestion = "; <" + n.Name + "> takes " + d.choices(want)
	}
	d.errorf(pos, "unknown-component", "%q is no component that Interlok or this program knows%s", name, suggestion)
}

// fits lists the aliases that may stand for a type.
func (d *Decoder) fits(want reflect.Type) []string {
	var out []string
	for alias, e := range registry.byAlias {
		if reflect.PointerTo(e.typ).AssignableTo(want) {
			out = append(out, alias)
		}
	}
	slices.Sort(out)
	return out
}

// choices words fits for an error; long lists are cut.
func (d *Decoder) choices(want reflect.Type) string {
	all := d.fits(want)
	switch {
	case len(all) == 0:
		return "nothing that is supported here"
	case len(all) == 1:
		return all[0]
	case len(all) > 12:
		return strings.Join(all[:12], ", ") + fmt.Sprintf(" or one of %d more (see: adapterd components)", len(all)-12)
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// fill decodes the children of n into the fields of v, and gives the others their defaults.
func (d *Decoder) fill(v reflect.Value, p *plan, n *document.Node, alias string) {
	d.attributes(n)
	if text := strings.TrimSpace(n.Text); text != "" {
		d.errorf(n.TextPos, "unexpected-text", "text %q stands in %s, which has elements only; remove it or give it an element", shorten(n.Written()), alias)
	}
	seen := make(map[*field]*document.Node)
	for _, c := range n.Children {
		f := p.byElement[c.Name]
		if f == nil {
			if f = p.rest; f == nil || !d.takes(f, c) {
				d.strange(c, p, alias)
				continue
			}
		}
		if first := seen[f]; first != nil && (!f.list || f.wrapped) {
			d.errorf(c.Pos, "repeated-element", "<%s> of %s is given twice, first at %s; keep one", c.Name, alias, first.Pos)
			continue
		}
		if seen[f] == nil {
			seen[f] = c
		}
		if f.withoutUse && !d.noted[alias+"/"+c.Name] {
			d.noted[alias+"/"+c.Name] = true
			d.problem(document.SeverityNote, "without-effect", c.Pos, fmt.Sprintf("<%s> of %s is accepted, without effect", c.Name, alias))
		}
		if f.withoutUse { // whatever stands in it, it changes nothing
			continue
		}
		d.field(v.FieldByIndex(f.index), f, c, alias)
	}
	for _, f := range p.fields {
		if seen[f] != nil {
			continue
		}
		if f.required && !f.hasDefault {
			d.missing(n, f, alias)
			continue
		}
		if f.hasDefault {
			d.setDefault(v.FieldByIndex(f.index), f, n)
		}
	}
}

// takes says whether the field of "*,implicit" should decode c: a component, supported or not, or a mistake in the name of one.
func (d *Decoder) takes(f *field, c *document.Node) bool {
	name := c.Name
	if class, ok := c.Attr("class"); ok {
		name = class
	}
	if e := lookup(name); e != nil {
		return true
	}
	if k, ok := Catalog(name); ok && k.Kind != "" {
		return true
	}
	_, has := c.Attr("class")
	return has || len(document.Nearest(name, d.fits(f.item))) > 0
}

func (d *Decoder) strange(c *document.Node, p *plan, alias string) {
	if known, ok := Catalog(alias); ok && known.hasField(c.Name) {
		d.errorf(c.Pos, "unsupported-element", "<%s> of %s is known to Interlok, not supported here; remove it if the channel can do without", c.Name, alias)
		return
	}
	if known, ok := Catalog(c.Name); ok && lookup(c.Name) == nil {
		d.errorf(c.Pos, "unsupported-component", "%s; remove it from %s if the channel can do without", known.unsupported(), alias)
		return
	}
	names := p.elements()
	hint := document.DidYouMean(c.Name, names, func(name string) string { return "<" + name + ">" })
	if hint == "" {
		slices.Sort(names)
		switch {
		case len(names) == 0:
			hint = "; it has no elements"
		default:
			hint = "; it has <" + strings.Join(names, ">, <") + ">"
		}
	}
	d.errorf(c.Pos, "unknown-element", "<%s> is no element of %s%s", c.Name, alias, hint)
}

func (d *Decoder) missing(n *document.Node, f *field, alias string) {
	what := "<" + f.element + ">"
	if f.element == "*" {
		what = d.choices(f.item)
	}
	hint := "add it"
	switch {
	case f.example != "":
		hint = fmt.Sprintf("add it, such as <%s>%s</%s>", f.element, f.example, f.element)
	case f.form == formComponent && !f.list:
		hint = fmt.Sprintf("add it, such as <%s class=%q/>", f.element, first(d.fits(f.item)))
	}
	d.errorf(n.Pos, "missing-element", "%s has no %s, which it needs; %s", alias, what, hint)
}

// attributes refuses every attribute but class; those of XML itself and of namespaces mean nothing to a component and are let be.
func (d *Decoder) attributes(n *document.Node) {
	for _, a := range n.Attrs {
		if a.Name == "class" || strings.HasPrefix(a.Name, "xml") || strings.Contains(a.Name, ":") {
			continue
		}
		d.errorf(a.Pos, "unknown-attribute", "%s is no attribute of <%s>; the only one is class, everything else is an element", a.Name, n.Name)
	}
}

func first(list []string) string {
	if len(list) == 0 {
		return "…"
	}
	return list[0]
}

func shorten(s string) string {
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
