package component_test

import (
	"context"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

type looker struct {
	component.ServiceBase
	streams, stored, ran bool
}

func (l *looker) Streams() bool { return l.streams }

func (l *looker) Apply(_ context.Context, m *message.Message) error {
	l.ran = true
	_, l.stored = m.Stream()
	return nil
}

func TestApplyLoadsThePayloadUnlessTheServiceStreams(t *testing.T) {
	for _, streams := range []bool{false, true} {
		s := &looker{ServiceBase: component.ServiceBase{Enabled: true}, streams: streams}
		if err := component.Apply(t.Context(), s, message.NewStored(strings.NewReader("x"), 1)); err != nil {
			t.Fatal(err)
		}
		if !s.ran || s.stored != streams {
			t.Errorf("a service that streams (%v) ran (%v) on a payload with its source (%v)", streams, s.ran, s.stored)
		}
	}
}

func TestAPayloadThatCanNotBeReadFailsTheMessage(t *testing.T) {
	s := &looker{ServiceBase: component.ServiceBase{Enabled: true, UniqueID: "look"}}
	err := component.Apply(t.Context(), s, message.NewStored(strings.NewReader("x"), 2))
	if err == nil || !strings.Contains(err.Error(), "service look: the payload ended after 1 of 2 bytes") || s.ran {
		t.Errorf("ran: %v; %v", s.ran, err)
	}
	s.Enabled = false
	if err := component.Apply(t.Context(), s, message.NewStored(strings.NewReader("x"), 2)); err != nil {
		t.Errorf("a disabled service fails: %v", err)
	}
}
