package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

const restartAffected = `<restart-affected-service-on-exception>true</restart-affected-service-on-exception>`

func TestCollectionsRestartAServiceThatFailed(t *testing.T) {
	boom := errors.New("boom")
	phases := []string{"stop b", "init b", "start b"}
	for _, c := range []struct {
		name, xml string
		fail      error
		want      []string
	}{
		{"service-list", `<service-list>` + restartAffected + note("a") + note("b") + `</service-list>`, boom, phases},
		{"clone-message-service-list", `<clone-message-service-list>` + restartAffected + note("a") + note("b") + `</clone-message-service-list>`, boom, phases},
		{"branching-service-collection", `<branching-service-collection><first-service-id>b</first-service-id>` + restartAffected + note("a") + note("b") + `</branching-service-collection>`, boom, phases},
		{"not asked for", `<service-list>` + note("a") + note("b") + `</service-list>`, boom, nil},
		{"no failure", `<service-list>` + restartAffected + note("a") + note("b") + `</service-list>`, nil, nil},
		{"given back", `<service-list>` + restartAffected + note("a") + note("b") + `</service-list>`, fmt.Errorf("x: %w", component.ErrStopped), nil},
		{"forgotten", `<service-list>` + restartAffected + note("a") + strings.Replace(note("b"), "<name>", "<continue-on-fail>true</continue-on-fail><name>", 1) + `</service-list>`, boom, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[component.Service](t, c.xml)
			var got []string
			for _, p := range probes(s) {
				p.phases = &got
			}
			probes(s)["b"].apply = failing(c.fail)
			m := newMessage("")
			if err := component.Apply(t.Context(), s, m); !errors.Is(err, c.fail) && c.name != "forgotten" {
				t.Errorf("error: %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAServiceThatDoesNotRestartSaysSo(t *testing.T) {
	s := decode[*List](t, `<service-list>`+restartAffected+note("a")+`</service-list>`)
	boom := errors.New("boom")
	a := probes(s)["a"]
	a.apply, a.fail = failing(boom), "init"
	if err := s.Apply(t.Context(), newMessage("")); !errors.Is(err, boom) || !strings.Contains(err.Error(), "could not be restarted: restart: init fails") {
		t.Errorf("error: %v", err)
	}
	a.apply, a.fail = nil, "" // the next message finds it stopped, or well
	if err := s.Apply(t.Context(), newMessage("")); err != nil {
		t.Error(err)
	}
}

// Messages that fail side by side restart the service once, and none is in it meanwhile.
func TestMessagesThatFailSideBySideRestartAServiceOnce(t *testing.T) {
	s := decode[*List](t, `<service-list>`+restartAffected+note("a")+`</service-list>`)
	var phases []string // written while nobody is inside, says the race detector
	a := probes(s)["a"]
	a.phases = &phases
	inside, let := make(chan int), make(chan error)
	a.apply = func(context.Context, *message.Message) error {
		inside <- len(phases)
		return <-let
	}
	var done sync.WaitGroup
	for range 3 {
		done.Go(func() { _ = s.Apply(t.Context(), newMessage("")) })
	}
	for range 3 {
		if n := <-inside; n > 0 {
			t.Errorf("%d phases before any failure", n)
		}
	}
	for _, err := range []error{errors.New("boom"), errors.New("boom"), nil} {
		let <- err
	}
	done.Wait()
	if diff := cmp.Diff([]string{"stop a", "init a", "start a"}, phases); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A restart that fails once leaves the connection stopped; the next message must bring it back, not be given back for ever.
func TestAServiceThatDidNotRestartIsStartedWithTheNextMessage(t *testing.T) {
	s := decode[*List](t, `<service-list>`+restartAffected+note("a")+`</service-list>`)
	a := probes(s)["a"]
	boom := errors.New("boom")
	a.apply, a.fail = failing(boom), "init"
	if err := s.Apply(t.Context(), newMessage("")); !errors.Is(err, boom) {
		t.Errorf("error: %v", err)
	}
	a.fail = "" // the trouble is over, but the connection is stopped, as connections say it:
	var phases []string
	a.phases = &phases
	a.apply = func(context.Context, *message.Message) error {
		return fmt.Errorf("kinesis connection: it is not started: %w", component.ErrStopped)
	}
	for range 3 {
		_ = s.Apply(t.Context(), newMessage(""))
	}
	if len(phases) == 0 {
		t.Error("never started again: each message is given back to its source, and comes again at once")
	}
}
