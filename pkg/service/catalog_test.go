package service

import (
	"slices"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
)

// leftOut are fields of Interlok that are refused, because ignoring them would be wrong; reader and factory belong to a class inside the
// JSON splitters, and no document can have them.
var leftOut = []string{"message-factory", "content-type-probe", "reader", "factory"}

// TestEveryFieldOfInterlokIsKnown compares each component of this package with Interlok's catalog: class, and all fields.
func TestEveryFieldOfInterlokIsKnown(t *testing.T) {
	compared := 0
	for _, d := range component.Descriptions() {
		entry, ok := component.Catalog(d.Alias)
		if !ok || d.Class == "" || strings.HasPrefix(d.Alias, "test-") {
			continue
		}
		compared++
		if entry.Class != d.Class {
			t.Errorf("%s is %s in Interlok, not %s", d.Alias, entry.Class, d.Class)
		}
		if d.Doc == "" {
			t.Errorf("%s has no documentation", d.Alias)
		}
		var known []string
		for _, f := range d.Fields {
			known = append(known, f.Element)
			if f.Doc == "" {
				t.Errorf("<%s> of %s has no documentation", f.Element, d.Alias)
			}
		}
		for _, f := range entry.Fields {
			element := f.Name
			if f.Implicit {
				if element = f.Item; element == "" {
					element = map[string]string{"metadata-elements": "metadata-element", "cache-entry-evaluators": "cache-entry-evaluator"}[f.Name]
				}
				if element == "" {
					element = "*"
				}
			}
			if !slices.Contains(known, element) && !slices.Contains(leftOut, element) {
				t.Errorf("<%s> of %s is missing", element, d.Alias)
			}
		}
	}
	if compared < 50 {
		t.Errorf("only %d components compared", compared)
	}
}
