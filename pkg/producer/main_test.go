package producer

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var testEnvironment = document.Environment{
	Variables:        map[string]string{"STREAM": "orders", "BLANK": " "},
	SystemProperties: map[string]string{},
}

// decode turns XML into a component; problems come as one text.
func decode[C any](t testing.TB, xml string) (C, string) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	d := component.NewDecoder(testEnvironment)
	c, _ := component.Decode[C](d, node, "")
	return c, d.Problems().Error()
}

func mustDecode[C any](t testing.TB, xml string) C {
	t.Helper()
	c, problems := decode[C](t, xml)
	if problems != "" {
		t.Fatal(problems)
	}
	return c
}
