package connection

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testEnvironment = document.Environment{
	Variables:        map[string]string{"ACCESS": "AKIAENVIRONMENT", "SECRET": "from-the-environment", "BLANK": "  "},
	SystemProperties: map[string]string{},
}

// decodeWith turns XML into a component with shared components to refer to; problems come as one text, in order.
func decodeWith[C any](t testing.TB, xml string, s component.Shared) (C, string) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	d := component.NewDecoder(testEnvironment)
	c, _ := component.Decode[C](d, node, "")
	d.Finish(s)
	return c, d.Problems().Error()
}

func decode[C any](t testing.TB, xml string) (C, string) {
	t.Helper()
	return decodeWith[C](t, xml, connections{})
}

func mustDecode[C any](t testing.TB, xml string) C {
	t.Helper()
	c, problems := decode[C](t, xml)
	if problems != "" {
		t.Fatal(problems)
	}
	return c
}

// connections are the shared components of a test.
type connections map[string]component.Connection

func (s connections) Connection(id string) (component.Connection, []string) {
	var names []string
	for name := range s {
		names = append(names, name)
	}
	return s[id], names
}

func (connections) Service(string) (component.Service, []string) { return nil, nil }
