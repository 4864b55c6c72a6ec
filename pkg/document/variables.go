package document

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Variables are the values that replace ${name} in a document's texts and attribute values. They come in layers; the first layer
// that defines a name counts: those set on the command line, then, in the order of preProcessors in bootstrap.properties,
// variable files, system properties and environment variables.
//
// Values may refer to other variables, and to %env{NAME} and %sysprop{name}. A Variables is for one goroutine. It never shows a
// value: any may be a secret.
type Variables struct {
	env    Environment
	own    *layer
	groups []*group
	depth  int // of expand
}

// Undefined is what becomes of a reference to a variable that nothing defines.
type Undefined int

// The ways of Undefined.
const (
	// UndefinedUnset leaves the choice to the other layers with the same prefix and postfix; with none that chooses it is an error.
	UndefinedUnset Undefined = iota
	// UndefinedWarns leaves the text and warns: Interlok's SIMPLE.
	UndefinedWarns
	// UndefinedFails is an error: Interlok's STRICT.
	UndefinedFails
)

// Delimiters are what a reference begins and ends with.
type Delimiters struct{ Prefix, Postfix string }

// DefaultDelimiters are ${ and }, those of Interlok.
var DefaultDelimiters = Delimiters{Prefix: "${", Postfix: "}"}

// layer is one source of variables.
type layer struct {
	find      func(name string) (variable, bool)
	names     func() []string
	undefined Undefined
	logging   bool // a note for each replacement: the WITH_LOGGING implementations
	values    map[string]variable
}

// variable is a value as it was given, and where.
type variable struct {
	raw  string
	from string
	// data values are taken as they are; others may refer to more.
	data bool
	done *expansion
}

// expansion is a value with all that it refers to.
type expansion struct {
	value    string
	err      *Problem // without a position
	warnings []string // at most one
	state    expansionState
}

type expansionState byte

const (
	unexpanded expansionState = iota
	expanding
	expanded
)

// group is the layers that share delimiters.
type group struct {
	Delimiters
	layers []*layer
}

func (g *group) find(name string) (v *variable, l *layer) {
	for _, l := range g.layers {
		if v, ok := l.find(name); ok {
			return &v, l
		}
	}
	return nil, nil
}

func (g *group) names() []string {
	all := map[string]bool{}
	for _, l := range g.layers {
		for _, n := range l.names() {
			all[n] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func (g *group) undefined() Undefined {
	out := UndefinedUnset
	for _, l := range g.layers {
		out = max(out, l.undefined)
	}
	if out == UndefinedUnset {
		return UndefinedFails
	}
	return out
}

// NewVariables returns variables that nothing defines yet, written ${name}; undefined ones are errors.
func NewVariables(env Environment) *Variables {
	v := &Variables{env: env}
	v.own = v.addLayer(DefaultDelimiters, valuesLayer())
	return v
}

func valuesLayer() *layer {
	l := &layer{values: map[string]variable{}}
	l.find = func(name string) (variable, bool) {
		v, ok := l.values[name]
		if ok && v.done == nil { // shared by all that look it up
			v.done = &expansion{}
			l.values[name] = v
		}
		return v, ok
	}
	l.names = func() []string { return slices.Collect(maps.Keys(l.values)) }
	return l
}

func (v *Variables) addLayer(d Delimiters, l *layer) *layer {
	for _, g := range v.groups {
		if g.Delimiters == d {
			g.layers = append(g.layers, l)
			return l
		}
	}
	v.groups = append(v.groups, &group{Delimiters: d, layers: []*layer{l}})
	return l
}

// ReadFile adds the variables of a properties file, given as a path or URL; they count before those given earlier.
func (v *Variables) ReadFile(ctx context.Context, location string) Problems {
	return v.readInto(ctx, v.own, location)
}

func (v *Variables) readInto(ctx context.Context, l *layer, location string) Problems {
	name, data, err := ReadLocation(ctx, location, DefaultMaxBytes)
	if err != nil {
		return Problems{fileProblem("unreadable", name, "the variables cannot be read: %v", err)}
	}
	return v.add(l, name, data)
}

// Read adds the variables of a properties file that was read already.
func (v *Variables) Read(name string, data []byte) Problems { return v.add(v.own, name, data) }

func (v *Variables) add(l *layer, name string, data []byte) Problems {
	properties, problems := ReadProperties(name, data)
	for _, p := range properties {
		// Interlok trims them; a trailing blank that nobody sees is no part of a stream's name.
		l.values[p.Key] = variable{raw: strings.TrimSpace(p.Value), from: fmt.Sprintf("%s:%d", p.Pos.File, p.Pos.Line)}
	}
	return problems
}

// Set defines a variable by NAME=VALUE, as the command line gives it; it counts before those given earlier.
func (v *Variables) Set(assignment string) error {
	name, value, ok := strings.Cut(assignment, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		// The text may be a secret that was set without its name: it is not repeated.
		return fmt.Errorf("a variable is set by NAME=VALUE, but what was given has no name or no =")
	}
	v.own.values[name] = variable{raw: value, from: "the command line"}
	return nil
}

// String says how many variables there are.
func (v *Variables) String() string {
	n := 0
	for _, g := range v.groups {
		n += len(g.names())
	}
	return fmt.Sprintf("%d variables", n)
}
