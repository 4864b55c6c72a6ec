package service

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestSharedServiceRunsAndLeavesTheLifecycleAlone(t *testing.T) {
	var phases []string
	target := &probe{Name: "target", phases: &phases}
	target.Enabled = true
	runs := 0
	target.apply = func(context.Context, *message.Message) error { runs++; return nil }
	ref := `<shared-service><lookup-name>target</lookup-name></shared-service>`
	s, problems := decodeWith(t, `<service-list>`+ref+ref+`</service-list>`, sharedParts{services: map[string]component.Service{"target": target}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	ctx := t.Context()
	l := s.(*List)
	if err := errors.Join(l.Init(ctx), l.Start(ctx), l.Apply(ctx, newMessage("")), l.Stop(ctx)); err != nil {
		t.Fatal(err)
	}
	if runs != 2 || len(phases) != 0 {
		t.Errorf("%d runs, phases %v", runs, phases)
	}
	target.Enabled = false
	if err := l.Apply(ctx, newMessage("")); err != nil || runs != 2 {
		t.Errorf("a disabled shared service runs: %d runs, error %v", runs, err)
	}
}

func TestSharedServiceRefusesNamesAndCircles(t *testing.T) {
	parts := sharedParts{services: map[string]component.Service{"common": &Null{}, "other": &Null{}}}
	for _, c := range []struct{ xml, want string }{
		{`<shared-service><lookup-name>comon</lookup-name></shared-service>`, "did you mean common?"},
		{`<shared-service><lookup-name>xxxxxxxxx</lookup-name></shared-service>`, "there are: common, other"},
		{`<shared-service/>`, "has no <lookup-name>"},
	} {
		if _, problems := decodeWith(t, c.xml, parts); len(problems) != 1 || !strings.Contains(problems[0], c.want) {
			t.Errorf("%v; want %s", problems, c.want)
		}
	}
	if _, problems := decodeWith(t, `<shared-service><lookup-name>x</lookup-name></shared-service>`, sharedParts{}); len(problems) != 1 || !strings.Contains(problems[0], "there are none") {
		t.Error(problems)
	}
	around := &List{}
	s, problems := decodeWith(t, `<if-then-otherwise><condition class="never"/><then><service class="shared-service"><lookup-name>loop</lookup-name></service></then></if-then-otherwise>`,
		sharedParts{services: map[string]component.Service{"loop": around}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	around.Direct = []component.Service{s}
	_, problems = decodeWith(t, `<shared-service><lookup-name>loop</lookup-name></shared-service>`, sharedParts{services: map[string]component.Service{"loop": around}})
	if len(problems) > 0 {
		t.Errorf("a circle elsewhere is reported here: %v", problems)
	}
	shared := s.(*IfElse).Then.Service.(*Shared)
	if !reaches(shared.target, shared) {
		t.Error("the circle is not seen")
	}
}
