package component

import "reflect"

// Element is what the element called name gave a component, or its default; nil if the component has no such field, or nothing in it.
// It is for those who explain a document; whoever runs one knows its components.
func Element(c Component, name string) any {
	v, p := fieldsOf(c)
	if p == nil {
		return nil
	}
	f := p.byElement[name]
	if f == nil {
		return nil
	}
	value := v.FieldByIndex(f.index)
	switch value.Kind() {
	case reflect.Interface, reflect.Pointer:
		if value.IsNil() {
			return nil
		}
	}
	return value.Interface()
}

// Parts are the components of type T that stand in the fields of c, in the order of the fields; not those that stand deeper.
func Parts[T any](c Component) []T {
	var out []T
	Substitute(c, func(part T) T {
		out = append(out, part)
		return part
	})
	return out
}

// Substitute puts f(x) in place of each component x of type T, an interface, that stands in a field of c. Fields that only take a
// narrower type than T keep theirs. It may only be used before c runs.
func Substitute[T any](c Component, f func(T) T) {
	v, p := fieldsOf(c)
	if p == nil {
		return
	}
	want := reflect.TypeFor[T]()
	put := func(v reflect.Value) {
		if v.Type() != want || v.IsNil() {
			return
		}
		v.Set(reflect.ValueOf(f(v.Interface().(T))))
	}
	for _, field := range p.fields {
		if field.form != formComponent {
			continue
		}
		value := v.FieldByIndex(field.index)
		if !field.list {
			put(value)
			continue
		}
		for i := range value.Len() {
			put(value.Index(i))
		}
	}
}

// fieldsOf is the struct that c points to and its plan; nil for anything else.
func fieldsOf(c Component) (reflect.Value, *plan) {
	v := reflect.ValueOf(c)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return v, nil
	}
	v = v.Elem()
	if e := registry.byType[v.Type()]; e != nil {
		return v, e.plan
	}
	return v, planOf(v.Type())
}
