package component

import (
	"fmt"
	"slices"
	"strings"
)

// FieldDescription is a field of a component as the reference shows it.
type FieldDescription struct {
	Element  string   `json:"element"`
	Type     string   `json:"type"`
	Required bool     `json:"required,omitempty"`
	Default  string   `json:"default,omitempty"`
	Values   []string `json:"values,omitempty"`
	Range    string   `json:"range,omitempty"`
	Effect   string   `json:"effect,omitempty"`
	Doc      string   `json:"doc"`
}

// Description is a component as the reference shows it.
type Description struct {
	Alias  string             `json:"alias"`
	Class  string             `json:"class,omitempty"`
	Kind   Kind               `json:"kind"`
	Doc    string             `json:"doc"`
	Fields []FieldDescription `json:"fields"`
}

// Describe returns the description of a registered component, by alias or full Java class name.
func Describe(name string) (Description, bool) {
	e := lookup(name)
	if e == nil {
		return Description{}, false
	}
	out := Description{Alias: e.alias, Class: e.class, Kind: e.kind, Doc: e.doc}
	for _, f := range e.plan.fields {
		out.Fields = append(out.Fields, f.describe())
	}
	return out, true
}

// Descriptions are those of all registered components, by alias.
func Descriptions() []Description {
	var out []Description
	for _, alias := range Aliases() {
		if d, ok := Describe(alias); ok && d.Alias == alias {
			out = append(out, d)
		}
	}
	return out
}

func (f *field) describe() FieldDescription {
	d := FieldDescription{Element: f.element, Type: f.typeName(), Required: f.required, Default: f.defaultText, Values: slices.Clone(f.enum), Doc: f.doc}
	if f.form == formInt && (f.min != "" || f.max != "") {
		d.Range = f.numbers()
	}
	if f.withoutUse {
		d.Effect = "none"
	}
	return d
}

var formNames = map[form]string{
	formString: "text", formBool: "boolean", formInt: "integer", formFloat: "number", formInterval: "time-interval", formKeyValue: "key-value pair",
	formSecret: "secret", formTemplate: "expression", formRegexp: "regular expression",
}

func (f *field) typeName() string {
	name := formNames[f.form]
	switch f.form {
	case formComponent:
		name = strings.ToLower(f.item.Name()[:1]) + f.item.Name()[1:]
	case formPart:
		name = "part"
	}
	switch {
	case f.wrapped:
		return fmt.Sprintf("list of %s in <%s>", name, f.element)
	case f.list:
		return "any number of " + name
	}
	return name
}
