package component

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/message"
)

type holder struct {
	One     Service   `xml:"one"`
	Many    []Service `xml:"many>*"`
	Name    string    `xml:"name"`
	Missing Service   `xml:"missing"`
	hidden  Service
}

type leaf struct {
	ServiceBase
	name string
}

func (*leaf) Apply(context.Context, *message.Message) error { return nil }

func TestPartsAreFoundAndReplacedByTheirElements(t *testing.T) {
	h := &holder{One: &leaf{name: "a"}, Many: []Service{&leaf{name: "b"}, &leaf{name: "c"}}, Name: "n", hidden: &leaf{name: "h"}}
	names := func() (out []string) {
		for _, s := range Parts[Service](h) {
			out = append(out, s.(*leaf).name)
		}
		return out
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names()); diff != "" {
		t.Error(diff)
	}
	Substitute(h, func(s Service) Service { return &leaf{name: s.(*leaf).name + "!"} })
	if diff := cmp.Diff([]string{"a!", "b!", "c!"}, names()); diff != "" {
		t.Error(diff)
	}
	if got := h.hidden.(*leaf).name; got != "h" {
		t.Errorf("a field that no element fills became %q", got)
	}
	if got := Element(h, "name"); got != "n" {
		t.Errorf("<name> is %v", got)
	}
	for _, name := range []string{"missing", "no-such", "hidden"} {
		if got := Element(h, name); got != nil {
			t.Errorf("<%s> is %v", name, got)
		}
	}
	if Element(3, "x") != nil || Element(nil, "x") != nil || Parts[Service]((*holder)(nil)) != nil {
		t.Error("what is no component has elements")
	}
}

func TestObservedServicesAreAppliedByTheObserverOnly(t *testing.T) {
	applied := 0
	s := &counting{applied: &applied}
	s.Enabled, s.UniqueID = true, "s"
	var seen []string
	Observe(s, func(ctx context.Context, m *message.Message) error {
		seen = append(seen, m.ID())
		if len(seen) == 1 {
			return nil
		}
		return ApplyObserved(ctx, s, m)
	})
	m := message.New(nil)
	for want := range 2 {
		if err := Apply(t.Context(), s, m); err != nil || applied != want || len(seen) != want+1 {
			t.Errorf("applied %d times, seen %d times, %v", applied, len(seen), err)
		}
	}
}

type counting struct {
	ServiceBase
	applied *int
}

func (c *counting) Apply(context.Context, *message.Message) error {
	*c.applied++
	return nil
}
