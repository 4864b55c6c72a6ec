package component

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// field decodes an element into a field, or appends it to a list.
func (d *Decoder) field(v reflect.Value, f *field, n *document.Node, alias string) {
	if !f.list {
		if value := d.value(f, n, alias); value.IsValid() {
			v.Set(value)
		}
		return
	}
	if !f.wrapped {
		if value := d.value(f, n, alias); value.IsValid() {
			v.Set(reflect.Append(v, value))
		}
		return
	}
	d.attributes(n) // a wrapper may have a class, as collections in real documents sometimes do
	if text := strings.TrimSpace(n.Text); text != "" {
		d.errorf(n.TextPos, "unexpected-text", "text %q stands in <%s> of %s, which has elements only; remove it", shorten(n.Written()), n.Name, alias)
	}
	for _, c := range n.Children {
		if f.inner != "*" && c.Name != f.inner {
			d.errorf(c.Pos, "unknown-element", "<%s> stands in <%s> of %s, which has <%s> only", c.Name, n.Name, alias, f.inner)
			continue
		}
		if value := d.value(f, c, alias); value.IsValid() {
			v.Set(reflect.Append(v, value))
		}
	}
	if f.required && v.Len() == 0 && len(n.Children) == 0 {
		d.errorf(n.Pos, "missing-element", "<%s> of %s is empty; it needs at least one element", n.Name, alias)
	}
}

// value decodes one element; the zero Value if it could not.
func (d *Decoder) value(f *field, n *document.Node, alias string) reflect.Value {
	switch f.form {
	case formComponent:
		return d.component(n, f.item, f.defaultClass)
	case formPart:
		v := reflect.New(f.item.Elem())
		d.fill(v.Elem(), planOf(f.item.Elem()), n, n.Name)
		d.decoded = append(d.decoded, Decoded{v.Interface(), n.Name, n})
		if c, ok := v.Interface().(Checker); ok {
			c.Check(&Report{d: d, node: n, name: n.Name})
		}
		return v
	case formKeyValue:
		return d.keyValue(n)
	case formInterval:
		return d.interval(f, n, alias)
	}
	d.attributes(n)
	for _, c := range n.Children {
		d.errorf(c.Pos, "unknown-element", "<%s> stands in <%s> of %s, which has text only", c.Name, n.Name, alias)
	}
	if f.required && strings.TrimSpace(n.Text) == "" {
		hint := "give it a value"
		if f.example != "" {
			hint += " such as " + f.example
		}
		d.errorf(n.Pos, "blank-element", "<%s> of %s is blank; %s", n.Name, alias, hint)
		return reflect.Value{}
	}
	v, err := d.text(f, n.Text, n.Written())
	if err != nil {
		d.errorf(n.TextPos, "bad-value", "<%s> of %s %v", n.Name, alias, err)
		return reflect.Value{}
	}
	if t, ok := v.Interface().(*expr.Template); ok {
		d.expressionProblems(t, n, alias)
	}
	return v
}

// text turns an element's text into a value. Errors show it as written, before variables were replaced: one of them may hold a secret.
func (d *Decoder) text(f *field, text, written string) (v reflect.Value, err error) {
	v = reflect.New(f.item).Elem()
	switch f.form {
	case formString:
		if f.enum != nil {
			text = strings.TrimSpace(text)
			if !slices.Contains(f.enum, text) {
				return v, fmt.Errorf("is %q; allowed: %s", shorten(written), strings.Join(f.enum, ", "))
			}
		}
		v.SetString(text)
	case formBool:
		switch strings.ToLower(strings.TrimSpace(text)) {
		case "true":
			v.SetBool(true)
		case "false":
		default:
			return v, fmt.Errorf("is %q; it takes true or false", shorten(written))
		}
	case formInt:
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, f.item.Bits())
		if err != nil {
			return v, fmt.Errorf("is %q; it takes %s", shorten(written), f.numbers())
		}
		if low, high := f.intRange(); n < low || n > high {
			return v, fmt.Errorf("is %s; it takes %s", shorten(written), f.numbers())
		}
		v.SetInt(n)
	case formFloat:
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return v, fmt.Errorf("is %q; it takes a number", shorten(written))
		}
		v.SetFloat(n)
	case formSecret:
		s, err := document.DecodeSecret(text, d.env.Lookup)
		if err != nil {
			return v, fmt.Errorf("can not be read: %w", err)
		}
		v.Set(reflect.ValueOf(s))
	case formTemplate:
		t, err := expr.Compile(text, d.sources)
		if err != nil {
			return v, fmt.Errorf("is no valid expression: %w", err)
		}
		v.Set(reflect.ValueOf(t))
	case formRegexp:
		r, err := regexp.Compile(text)
		if err != nil {
			return v, fmt.Errorf("is %q, no regular expression that is supported here (RE2 syntax, without look-around and back references): %w", shorten(written), err)
		}
		v.Set(reflect.ValueOf(r))
	default:
		return v, errors.New("can not be decoded from text")
	}
	return v, nil
}

// expressionProblems tells what will go out as it is though it looks like an expression, and what Interlok would not resolve.
func (d *Decoder) expressionProblems(t *expr.Template, n *document.Node, alias string) {
	for _, text := range t.Literals() {
		d.problem(document.SeverityWarning, "literal-expression", n.TextPos, fmt.Sprintf("<%s> of %s: %s", n.Name, alias, text))
	}
	for _, text := range t.Differences() {
		d.problem(document.SeverityNote, "extended-expression", n.TextPos, fmt.Sprintf("<%s> of %s: %s", n.Name, alias, text))
	}
}

func (f *field) intRange() (low, high int64) {
	low, high = math.MinInt64, math.MaxInt64
	if f.min != "" {
		low, _ = strconv.ParseInt(f.min, 10, 64)
	}
	if f.max != "" {
		high, _ = strconv.ParseInt(f.max, 10, 64)
	}
	return low, high
}

// numbers words the range of a whole number.
func (f *field) numbers() string {
	switch {
	case f.min != "" && f.max != "":
		return fmt.Sprintf("a whole number from %s to %s", f.min, f.max)
	case f.min != "":
		return fmt.Sprintf("a whole number, at least %s", f.min)
	case f.max != "":
		return fmt.Sprintf("a whole number, at most %s", f.max)
	}
	return "a whole number"
}

// keyValue decodes a key-value-pair or metadata-element.
func (d *Decoder) keyValue(n *document.Node) reflect.Value {
	d.attributes(n)
	kv := KeyValue{Pos: n.Pos.String()}
	seen := make(map[string]bool)
	for _, c := range n.Children {
		if seen[c.Name] {
			d.errorf(c.Pos, "repeated-element", "<%s> of <%s> is given twice; keep one", c.Name, n.Name)
		}
		seen[c.Name] = true
		switch c.Name {
		case "key":
			kv.Key = c.Text
		case "value":
			kv.Value = c.Text
		default:
			d.errorf(c.Pos, "unknown-element", "<%s> is no element of <%s>; it has <key> and <value>", c.Name, n.Name)
		}
	}
	if !seen["key"] || strings.TrimSpace(kv.Key) == "" {
		d.errorf(n.Pos, "missing-element", "<%s> has no <key>, which it needs; add one", n.Name)
		return reflect.Value{}
	}
	return reflect.ValueOf(kv)
}

const (
	intervalUnit   = "SECONDS" // Interlok: TimeInterval
	intervalLength = 10
)

// interval decodes a time-interval.
func (d *Decoder) interval(f *field, n *document.Node, alias string) reflect.Value {
	d.attributes(n)
	unit, length, ok := intervalUnit, int64(intervalLength), true
	for _, c := range n.Children {
		text := strings.TrimSpace(c.Text)
		switch c.Name {
		case "unit":
			unit = text
		case "interval":
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil || n < 0 {
				d.errorf(c.Pos, "bad-value", "<interval> in <%s> of %s is %q; it takes a whole number, 0 or more", c.Parent.Name, alias, shorten(c.Written()))
				ok = false
			}
			length = n
		default:
			d.errorf(c.Pos, "unknown-element", "<%s> is no element of a time interval; it has <unit> and <interval>", c.Name)
			ok = false
		}
	}
	if len(n.Children) == 0 && strings.TrimSpace(n.Text) != "" {
		d.errorf(n.TextPos, "bad-value", "<%s> of %s is %q; write <%s><unit>SECONDS</unit><interval>10</interval></%s>", n.Name, alias, shorten(n.Written()), n.Name, n.Name)
		ok = false
	}
	u, err := UnitDuration(unit)
	if err != nil {
		d.errorf(n.Child("unit").Pos, "bad-value", "<unit> in <%s> of %s: %v", n.Name, alias, err)
		ok = false
	}
	if !ok {
		return reflect.Value{}
	}
	i := Interval{Duration: math.MaxInt64, Set: true} // longer than 292 years is for ever
	if length <= math.MaxInt64/int64(u) {
		i.Duration = time.Duration(length) * u
	}
	if low, err := time.ParseDuration(f.min); err == nil && i.Duration < low {
		d.errorf(n.Pos, "bad-value", "<%s> of %s is %v; it takes %v or more", n.Name, alias, i.Duration, low)
		return reflect.Value{}
	}
	return reflect.ValueOf(i)
}

// setDefault gives a field the value of its default tag.
func (d *Decoder) setDefault(v reflect.Value, f *field, n *document.Node) {
	switch f.form {
	case formComponent:
		empty := &document.Node{Name: f.element, Pos: n.Pos, TextPos: n.Pos, Parent: n, Attrs: []document.Attr{{Name: "class", Value: f.defaultText, Pos: n.Pos}}}
		if c := d.component(empty, f.item, ""); c.IsValid() {
			v.Set(c)
		}
	case formInterval:
		length, err := time.ParseDuration(f.defaultText)
		if err != nil {
			panic(fmt.Sprintf("component: <%s>: default %q is no duration", f.element, f.defaultText))
		}
		v.Set(reflect.ValueOf(Interval{Duration: length}))
	default:
		value, err := d.text(f, f.defaultText, f.defaultText)
		if err != nil {
			panic(fmt.Sprintf("component: <%s>: default %q %v", f.element, f.defaultText, err))
		}
		v.Set(value)
	}
}
