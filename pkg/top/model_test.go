package top

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/adapterd/adapterd/pkg/adapter"
)

func TestKeysAskForTheRightThing(t *testing.T) {
	trouble, failures := troubled()
	trouble.Channels[3].ID = "a/b ü?"
	for _, c := range []struct {
		name string
		keys string
		want []string
	}{
		{"pause", "p", []string{"/api/channels/orders/pause"}},
		{"resume", "down down r", []string{"/api/channels/returns/resume"}},
		{"stop, asked", "x", nil},
		{"stop, yes", "x y", []string{"/api/channels/orders/stop"}},
		{"stop, no", "x n", nil},
		{"stop, another key is no", "x p", nil},
		{"a paused one is stopped", "down down x y", []string{"/api/channels/returns/stop"}},
		{"a failed one is started", "down x y", []string{"/api/channels/billing/start"}},
		{"a stopped one is started, its id escaped", "end x y", []string{"/api/channels/a%2Fb%20%C3%BC%3F/start"}},
		{"flush", "f", []string{"/api/flush"}},
		{"reload, asked", "R", nil},
		{"reload, yes", "R Y", []string{"/api/reload"}},
		{"twice is once as long as it is under way", "p p", []string{"/api/channels/orders/pause"}},
		{"in a view without channels", "3 p r x y", nil},
		{"flush in any view", "5 f", []string{"/api/flush"}},
		{"help takes a key", "? p", nil},
		{"sorted by name", "s down p", []string{"/api/channels/billing/pause"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := modelOf(t, told(t, trouble), failures, 80, 24, false)
			var did []string
			m.do = func(a action) { did = append(did, a.path) }
			for k := range strings.FieldsSeq(c.keys) {
				m.press(k)
			}
			if !slices.Equal(did, c.want) {
				t.Errorf("got %q, want %q", did, c.want)
			}
		})
	}
}

func TestAQuestionIsAboutTheChannelThatItWasAskedFor(t *testing.T) {
	st := quiet()
	st.Channels = append(st.Channels, adapter.ChannelStatus{ID: "billing", State: adapter.StateStarted})
	m := modelOf(t, told(t, st), nil, 80, 24, false)
	var did []string
	m.do = func(a action) { did = append(did, a.path) }
	m.press("x")
	slices.Reverse(st.Channels) // a reload has changed the order
	m.Update(stateMsg{at: noon, snap: snap(t, told(t, st))})
	m.press("y")
	if want := []string{"/api/channels/orders/stop"}; !slices.Equal(did, want) {
		t.Errorf("got %q, want %q", did, want)
	}
}

func TestTheChosenRowStaysWhenRowsMove(t *testing.T) {
	st := quiet()
	st.Channels = append(st.Channels, adapter.ChannelStatus{ID: "billing", State: adapter.StateStarted})
	m := modelOf(t, told(t, st), nil, 80, 24, false)
	m.press("down")
	slices.Reverse(st.Channels)
	m.Update(stateMsg{at: noon, snap: snap(t, told(t, st))})
	if c := m.chosenChannel(); c == nil || c.ID != "billing" {
		t.Errorf("got %+v, want billing", c)
	}
}

func TestKeysThatLeave(t *testing.T) {
	for _, k := range []string{"q", "esc", "ctrl+c"} {
		m := modelOf(t, told(t, quiet()), nil, 80, 24, false)
		if k == "ctrl+c" {
			m.press("x") // it leaves from anywhere
		}
		cmd := m.press(k)
		if cmd == nil {
			t.Fatalf("%s does nothing", k)
		}
		if _, ok := cmd().(tea.QuitMsg); !ok {
			t.Errorf("%s does not quit", k)
		}
	}
	m := modelOf(t, told(t, quiet()), nil, 80, 24, false)
	if _, ok := m.press("ctrl+z")().(tea.SuspendMsg); !ok {
		t.Error("ctrl+z does not suspend")
	}
}

func TestOutcomesAreSaidForAWhile(t *testing.T) {
	m := modelOf(t, told(t, quiet()), nil, 80, 24, false)
	m.press("p")
	said := func(want string) {
		t.Helper()
		if got, _ := m.message(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	said("pausing channel orders …")
	m.Update(doneMsg{m.under["/api/channels/orders/pause"], noon, errors.New("it is stopping")})
	said("pausing channel orders failed: it is stopping")
	m.Update(stateMsg{at: noon.Add(noteTime), snap: m.snapshot})
	said("")
	m.press("p")
	m.Update(doneMsg{m.under["/api/channels/orders/pause"], noon, nil})
	said("channel orders is paused")
}

func TestVerdicts(t *testing.T) {
	trouble, failures := troubled()
	one := quiet()
	stopped := quiet()
	stopped.Channels[0].State = adapter.StateStopped
	mine := quiet()
	mine.Channels = append(mine.Channels, adapter.ChannelStatus{ID: "archive", State: adapter.StateStopped})
	starting := adapter.Status{State: adapter.StateStarting, Now: noon, NotReady: []string{"the document is being read"}}
	blank := quiet()
	blank.Connections = nil
	for _, c := range []struct {
		name     string
		st       adapter.Status
		failures []adapter.Failure
		level    level
		text     string
		matters  int
	}{
		{"all well", one, nil, fine, "channel orders runs · 120 records/s · nothing failed in the last 10 min", 0},
		{"everything is the matter", trouble, failures, bad, "1 of 4 channels runs; billing failed; returns is paused; archive is stopped · 120 records/s · 1 message failed in the last 10 min", 6},
		{"stopped", stopped, nil, warn, "no channel runs; orders is stopped · 120 records/s · nothing failed in the last 10 min", 0},
		{"one that is not to run", mine, nil, fine, "1 of 2 channels runs; archive is stopped · 120 records/s · nothing failed in the last 10 min", 0},
		{"starting", starting, nil, warn, "the adapter is starting", 1},
		{"failures that were handled", one, []adapter.Failure{{At: noon, Handled: true}}, warn, "channel orders runs · 120 records/s · 1 message failed in the last 10 min, taken by error handlers", 0},
		{"an old failure", one, []adapter.Failure{{At: noon.Add(-time.Hour)}}, fine, "channel orders runs · 120 records/s · nothing failed in the last 10 min", 0},
		{"no Kinesis", blank, nil, fine, "channel orders runs · 120 messages/s · nothing failed in the last 10 min", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := judge(&state{snapshot: snap(t, told(t, c.st)), failures: c.failures})
			if v.level != c.level || v.text != c.text || len(v.matters) != c.matters {
				t.Errorf("got %d %q %+v; want %d %q and %d matters", v.level, v.text, v.matters, c.level, c.text, c.matters)
			}
		})
	}
}

func TestFailuresAreKeptOnceAndBounded(t *testing.T) {
	s := state{}
	f := adapter.Failure{At: noon, Message: "1"}
	s.add(f)
	s.add(f)
	if len(s.failures) != 1 {
		t.Errorf("%d failures, want 1", len(s.failures))
	}
	for i := range 3 * mostFailures {
		s.add(adapter.Failure{At: noon.Add(time.Duration(i) * time.Second), Message: "2"})
	}
	if len(s.failures) != mostFailures || s.failures[0].At != noon.Add((3*mostFailures-1)*time.Second) {
		t.Errorf("%d failures, the newest of %s", len(s.failures), s.failures[0].At)
	}
}
