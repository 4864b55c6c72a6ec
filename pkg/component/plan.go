package component

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// plan is how a struct is filled from an element: made once per type, at registration.
type plan struct {
	fields []*field
	// byElement finds the field of a child element; the field of "*,implicit" is rest.
	byElement map[string]*field
	rest      *field
}

// form is how a field's element becomes a value.
type form int

const (
	formString form = iota
	formBool
	formInt
	formFloat
	formInterval
	formKeyValue
	formSecret
	formTemplate
	formRegexp
	formComponent
	formPart
)

type field struct {
	index []int
	typ   reflect.Type // of the field
	item  reflect.Type // of one value: the slice's element, or typ
	form  form

	element string // the child element: the field's own, the wrapper, or the item of an implicit list
	inner   string // the items' element inside a wrapper, "*" for components named by their own element
	list    bool
	wrapped bool

	required     bool
	defaultText  string
	hasDefault   bool
	defaultClass string
	enum         []string
	min, max     string
	withoutUse   bool
	example      string
	doc          string
}

var (
	typeInterval = reflect.TypeFor[Interval]()
	typeKeyValue = reflect.TypeFor[KeyValue]()
	typeSecret   = reflect.TypeFor[document.Secret]()
	typeTemplate = reflect.TypeFor[*expr.Template]()
	typeRegexp   = reflect.TypeFor[*regexp.Regexp]()
)

func planOf(t reflect.Type) *plan {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("component: %s is no struct", t))
	}
	p := &plan{byElement: make(map[string]*field)}
	p.add(t, nil)
	return p
}

func (p *plan) add(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		tag, tagged := sf.Tag.Lookup("xml")
		if sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct {
			p.add(sf.Type, index)
			continue
		}
		if !tagged {
			continue
		}
		f := fieldOf(sf, tag, fmt.Sprintf("%s.%s", t, sf.Name))
		f.index = index
		p.fields = append(p.fields, f)
		if f.list && !f.wrapped && f.element == "*" {
			if p.rest != nil {
				panic(fmt.Sprintf("component: %s.%s: a second *,implicit", t, sf.Name))
			}
			p.rest = f
			continue
		}
		if p.byElement[f.element] != nil {
			panic(fmt.Sprintf("component: %s.%s: <%s> has two fields", t, sf.Name, f.element))
		}
		p.byElement[f.element] = f
	}
}

func fieldOf(sf reflect.StructField, tag, where string) *field {
	name, options, _ := strings.Cut(tag, ",")
	f := &field{typ: sf.Type, item: sf.Type, doc: sf.Tag.Get("doc"), example: sf.Tag.Get("example"), min: sf.Tag.Get("min"), max: sf.Tag.Get("max"), defaultClass: sf.Tag.Get("class")}
	f.defaultText, f.hasDefault = sf.Tag.Lookup("default")
	f.withoutUse = sf.Tag.Get("effect") == "none"
	if e := sf.Tag.Get("enum"); e != "" {
		f.enum = strings.Split(e, ",")
	}
	implicit := false
	for _, o := range strings.Split(options, ",") {
		switch o {
		case "":
		case "required":
			f.required = true
		case "implicit":
			implicit = true
		default:
			panic(fmt.Sprintf("component: %s: tag option %q is not known", where, o))
		}
	}
	f.element, f.inner, f.wrapped = strings.Cut(name, ">")
	if f.element == "" || f.wrapped && implicit {
		panic(fmt.Sprintf("component: %s: tag %q makes no sense", where, tag))
	}
	if sf.Type.Kind() == reflect.Slice {
		f.list, f.item = true, sf.Type.Elem()
	}
	if f.list != (f.wrapped || implicit) {
		panic(fmt.Sprintf("component: %s: a slice, and only a slice, is wrapped or implicit", where))
	}
	f.form = formOf(f.item, where)
	return f
}

func formOf(t reflect.Type, where string) form {
	switch t {
	case typeInterval:
		return formInterval
	case typeKeyValue:
		return formKeyValue
	case typeSecret:
		return formSecret
	case typeTemplate:
		return formTemplate
	case typeRegexp:
		return formRegexp
	}
	switch t.Kind() {
	case reflect.String:
		return formString
	case reflect.Bool:
		return formBool
	case reflect.Int, reflect.Int64:
		return formInt
	case reflect.Float64:
		return formFloat
	case reflect.Interface:
		return formComponent
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Struct {
			return formPart
		}
	}
	panic(fmt.Sprintf("component: %s: a field of type %s can not be decoded", where, t))
}

// elements lists the names of the elements that a component may hold.
func (p *plan) elements() []string {
	out := make([]string, 0, len(p.fields))
	for _, f := range p.fields {
		if f.element != "*" {
			out = append(out, f.element)
		}
	}
	return out
}
