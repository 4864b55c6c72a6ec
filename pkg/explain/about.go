package explain

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
)

// telling are the elements that say most about a component, in the order in which they are told.
var telling = []string{
	"metadata-key", "operator", "algorithm", "base-directory-url", "destination", "url", "topic", "queue", "stream", "partition-key", "explicit-hash-key",
	"lookup-name",
}

// about says in words what a component is set to.
func (t *tracer) about(c component.Component) string {
	var out []string
	for _, name := range telling {
		switch v := component.Element(c, name).(type) {
		case string:
			if v != "" {
				out = append(out, name+" "+t.shorten(v))
			}
		case *expr.Template:
			out = append(out, name+" "+t.shorten(trimmed(v.Text())))
		case nil:
		default:
			if alias := component.AliasOf(v); alias != "" {
				out = append(out, strings.TrimSpace(alias+" "+t.valueText(v)))
			}
		}
	}
	return strings.Join(out, ", ")
}

// valueText is what an operator compares with.
func (t *tracer) valueText(c component.Component) string {
	switch v := component.Element(c, "value").(type) {
	case string:
		return t.shorten(v)
	case *expr.Template:
		return t.shorten(v.Text())
	}
	if v, ok := component.Element(c, "values").([]string); ok {
		return t.shorten(fmt.Sprint(v))
	}
	return ""
}

func trimmed(s string) string { return strings.TrimSpace(s) }
