package component

import (
	"context"
	"testing"

	"github.com/adapterd/adapterd/pkg/message"
)

type appliedCount struct {
	ServiceBase
	messages int
}

func (c *appliedCount) Apply(context.Context, *message.Message) error { c.messages++; return nil }

func TestApplyLeavesAStoppedMessageAlone(t *testing.T) {
	s := &appliedCount{ServiceBase: ServiceBase{Enabled: true}}
	m := message.New(nil)
	for range 2 {
		if err := Apply(t.Context(), s, m); err != nil {
			t.Fatal(err)
		}
		m.StopProcessing()
	}
	if s.messages != 1 {
		t.Errorf("the service saw %d messages, also the stopped one", s.messages)
	}
}
