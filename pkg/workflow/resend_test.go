package workflow

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestResendTellsTheOutcomeToWhoeverResends(t *testing.T) {
	for _, c := range []struct {
		name string
		fail error
	}{{"delivered", nil}, {"fails again", errTest}} {
		t.Run(c.name, func(t *testing.T) {
			w, p := run[*Standard](t, simpleWith(standardHandler), Surroundings{})
			l := new(later)
			p.sinks["sink"].produce = l.produce
			p.probes["handler"].apply = func(context.Context, *message.Message) error {
				t.Error("the error handler was called")
				return nil
			}
			outcome := make(chan error, 2)
			m := message.New([]byte("again"))
			m.SetID("id")
			w.Resend(m, func(err error) { outcome <- err })
			select {
			case err := <-outcome:
				t.Fatalf("done before the record has its result: %v", err)
			default:
			}
			l.end(-1, c.fail)
			if err := <-outcome; !errors.Is(err, c.fail) {
				t.Errorf("outcome %v, want %v", err, c.fail)
			}
			if diff := cmp.Diff(Counts{}, w.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResendIsRefusedWhileTheWorkflowDoesNotRun(t *testing.T) {
	w, _ := run[*Standard](t, simpleWith(""), Surroundings{})
	told := func() error {
		outcome := make(chan error, 1)
		w.Resend(message.New(nil), func(err error) { outcome <- err })
		return <-outcome
	}
	w.Pause()
	if err := told(); !errors.Is(err, component.ErrPaused) {
		t.Errorf("while it is paused: %v", err)
	}
	w.Resume()
	if err := told(); err != nil {
		t.Error(err)
	}
	if err := w.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := told(); !errors.Is(err, component.ErrStopped) {
		t.Errorf("after its stop: %v", err)
	}
}

// A workflow that stops waits for what was resent, as for what was consumed.
func TestStopWaitsForWhatWasResent(t *testing.T) {
	l := new(later)
	w, p := run[*Standard](t, simpleWith(""), Surroundings{Flush: func(context.Context) error {
		l.end(-1, nil)
		return nil
	}})
	p.sinks["sink"].produce = l.produce
	var over bool
	w.Resend(message.New(nil), func(err error) { over = err == nil })
	if err := w.Stop(t.Context()); err != nil || !over {
		t.Errorf("%v, outcome known: %v", err, over)
	}
}
