package web

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exchanger is a component that makes requests.
type exchanger struct {
	Exchange
	NoRedirect bool `xml:"no-redirect"`
}

func (e *exchanger) Check(r *component.Report) { e.Prepare(r, !e.NoRedirect) }

// prefixFilter keeps keys by their prefix.
type prefixFilter struct {
	Prefix string `xml:"prefix"`
}

func (f *prefixFilter) Filter(items []component.MetadataItem) (out []component.MetadataItem, err error) {
	for _, i := range items {
		if strings.HasPrefix(i.Key, f.Prefix) {
			out = append(out, i)
		}
	}
	return out, nil
}

func init() {
	component.Register[exchanger]("test-exchanger", "", component.KindPart, "")
	component.Register[prefixFilter]("test-prefix-filter", "", component.KindPart, "")
}

// decode turns XML into a component; problems come as one text, notes left out.
func decode[C any](t testing.TB, xml string) (C, string) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	d := component.NewDecoder(document.Environment{})
	c, _ := component.Decode[C](d, node, "")
	return c, d.Problems().Errors().Error()
}

func mustDecode[C any](t testing.TB, xml string) C {
	t.Helper()
	c, problems := decode[C](t, xml)
	if problems != "" {
		t.Fatal(problems)
	}
	return c
}

func newMessage(payload string, pairs ...string) *message.Message {
	m := message.New([]byte(payload))
	for i := 0; i < len(pairs); i += 2 {
		m.SetMetadata(pairs[i], pairs[i+1])
	}
	return m
}
