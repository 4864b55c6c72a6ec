package component

import (
	"fmt"
	"reflect"
	"slices"
)

// entry is one kind of component that documents may name.
type entry struct {
	alias string
	class string
	kind  Kind
	doc   string
	typ   reflect.Type // the struct, not the pointer
	plan  *plan
}

// registry is filled at init and read-only after that.
var registry = struct {
	byAlias map[string]*entry
	byClass map[string]*entry
	byType  map[reflect.Type]*entry
}{make(map[string]*entry), make(map[string]*entry), make(map[reflect.Type]*entry)}

// Register makes the struct T known by its Interlok alias and Java class. It is called from init; doc is one line on what the component
// does. T's fields are its configuration:
//
//	xml:"name"                 the child element <name>; its text, or a component named by its class attribute
//	xml:"name,required"        it must be there unless it has a default, and text must not be blank
//	xml:"wrapper>item"         a slice: the <item> elements inside <wrapper>
//	xml:"wrapper>*"            a slice: the components inside <wrapper>, each named by its class attribute or else its own name
//	xml:"item,implicit"        a slice: the <item> elements directly under the component
//	xml:"*,implicit"           a slice: every other child that names a registered component of the slice's type
//	default:"text"             what the field has when the element is not there; for a component field the alias of one
//	class:"alias"              the class of an element without class attribute
//	enum:"A,B"                 the values allowed
//	min:"1" max:"9"            the range of a number, or of an interval
//	effect:"none"              accepted for compatibility; the document is told once, as a note
//	example:"text"             what errors propose
//	doc:"text"                 one line for the reference
//
// Types: string, bool, int, int64, float64, Interval, KeyValue, document.Secret, *expr.Template, *regexp.Regexp, an interface (a
// component), a pointer to a struct (a part without class attribute), and slices of these. Embedded structs count as their fields.
// It panics on a name that is taken, a tag that makes no sense and a type that it can not decode: faults of the program.
func Register[T any](alias, class string, kind Kind, doc string) {
	typ := reflect.TypeFor[T]()
	if registry.byAlias[alias] != nil || class != "" && registry.byClass[class] != nil {
		panic(fmt.Sprintf("component: %s (%s) is registered twice", alias, class))
	}
	e := &entry{alias: alias, class: class, kind: kind, doc: doc, typ: typ, plan: planOf(typ)}
	registry.byAlias[alias] = e
	if class != "" {
		registry.byClass[class] = e
	}
	if registry.byType[typ] == nil {
		registry.byType[typ] = e
	}
}

// lookup finds a component by alias or full Java class name.
func lookup(name string) *entry {
	if e := registry.byAlias[name]; e != nil {
		return e
	}
	return registry.byClass[name]
}

// AliasOf names the kind of a component, as documents do; empty for one that is not registered.
func AliasOf(c Component) string {
	t := reflect.TypeOf(c)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if e := registry.byType[t]; e != nil {
		return e.alias
	}
	return ""
}

// Aliases lists the registered aliases in order.
func Aliases() []string {
	out := make([]string, 0, len(registry.byAlias))
	for a := range registry.byAlias {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}
