package top

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/adapterd/adapterd/pkg/adapter"
)

func TestScreens(t *testing.T) {
	trouble, failures := troubled()
	all := told(t, trouble, 7900, 4100)
	for _, c := range []struct {
		name          string
		text          []byte
		failures      []adapter.Failure
		width, height int
		colour        bool
		keys          []string
	}{
		{"quiet.txt", told(t, quiet()), nil, 80, 24, false, nil},
		{"channels.txt", all, failures, 80, 24, false, []string{"down"}},
		{"channels-colour.txt", all, failures, 80, 24, true, nil},
		{"channels-wide.txt", all, failures, 150, 30, false, []string{"s", "S"}},
		{"streams.txt", all, failures, 80, 24, false, []string{"2"}},
		{"shards.txt", all, failures, 80, 24, false, []string{"3"}},
		{"shards-wide.txt", all, failures, 150, 30, false, []string{"3"}},
		{"failures.txt", all, failures, 80, 24, false, []string{"4"}},
		{"errors.txt", all, failures, 80, 24, false, []string{"5", "G"}},
		{"narrow.txt", all, failures, 40, 12, false, []string{"3"}},
		{"narrow-asked.txt", all, failures, 40, 10, false, []string{"down", "x"}},
		{"narrowest-asked.txt", all, failures, 20, 8, false, []string{"down", "x"}},
		{"narrow-help.txt", all, failures, 40, 10, false, []string{"?"}},
		{"help.txt", all, failures, 80, 24, false, []string{"?"}},
		{"asked.txt", all, failures, 80, 24, false, []string{"x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := modelOf(t, c.text, c.failures, c.width, c.height, c.colour)
			for _, k := range c.keys {
				m.press(k)
			}
			screen := fits(t, m)
			if !c.colour {
				if strings.Contains(screen, "\x1b[3") {
					t.Error("a colour where none is wanted")
				}
				screen = ansi.Strip(screen)
			}
			golden(t, c.name, strings.ReplaceAll(screen, "\x1b", "␛")+"\n")
		})
	}
}

// fits is the screen, which is as large as it has to be and no larger.
func fits(t *testing.T, m *model) string {
	t.Helper()
	lines := m.lines()
	if len(lines) != max(m.height, 0) && m.width > 0 {
		t.Errorf("%d lines on a screen of %d", len(lines), m.height)
	}
	for _, l := range lines {
		if w := ansi.StringWidth(l); w > m.width {
			t.Errorf("a line of %d cells on a screen of %d: %q", w, m.width, l)
		}
	}
	return strings.Join(lines, "\n")
}

func TestEverySizeIsDrawn(t *testing.T) {
	trouble, failures := troubled()
	m := modelOf(t, told(t, trouble, 1, 2), failures, 80, 24, true)
	for view := range viewCount {
		m.view = view
		for width := 0; width < 130; width += 9 {
			for height := 0; height < 40; height += 2 {
				m.Update(tea.WindowSizeMsg{Width: width, Height: height})
				fits(t, m)
			}
		}
	}
}

func TestAScreenScrollsToTheChosenRow(t *testing.T) {
	st := quiet()
	for i := range 100 {
		st.Channels = append(st.Channels, adapter.ChannelStatus{ID: fmt.Sprintf("channel-%03d", i), State: adapter.StateStarted})
	}
	m := modelOf(t, told(t, st), nil, 80, 24, false)
	for _, c := range []struct {
		key       string
		want      string
		presses   int
		moreBelow bool
	}{{"down", "> channel-029", 30, true}, {"up", "> channel-027", 2, true}, {"pgdown", "> channel-038", 1, true}, {"end", "> channel-099", 1, false}, {"home", "> orders", 1, true}} {
		for range c.presses {
			m.press(c.key)
		}
		screen := ansi.Strip(fits(t, m))
		if !strings.Contains(screen, c.want) || strings.Contains(screen, "more below") != c.moreBelow {
			t.Errorf("%s: want %s\n%s", c.key, c.want, screen)
		}
	}
}

func TestALostConnectionIsSaid(t *testing.T) {
	m := modelOf(t, told(t, quiet()), nil, 120, 24, false)
	m.Update(lostMsg{at: noon.Add(5 * time.Second), since: noon, retry: noon.Add(8 * time.Second), err: errors.New("nothing listens\x1b[2J")})
	if s := ansi.Strip(fits(t, m)); !strings.Contains(s, `▲ no connection for 5.0 s, trying again in 3.0 s; this is from 12:00:00: nothing listens\x1b[2J`) {
		t.Errorf("it is not said:\n%s", s)
	}
	m.Update(stateMsg{at: noon.Add(9 * time.Second), snap: m.snapshot})
	if s := ansi.Strip(fits(t, m)); strings.Contains(s, "no connection") || !strings.Contains(s, "connected again after 9.0 s") {
		t.Errorf("it is not said that it is back:\n%s", s)
	}
}

func TestHostileTextsAreHarmlessEverywhere(t *testing.T) {
	const evil = "x\x1b[2J\x1b]0;owned\a\u009b31m\u202e\r\n\t"
	trouble, failures := troubled()
	trouble.Version, trouble.Document, trouble.NotReady = evil, evil, []string{evil}
	for i := range trouble.Channels {
		c := &trouble.Channels[i]
		c.ID += evil
		c.Error, c.ConsumeConnection = evil, evil
	}
	trouble.Channels[0].State = evil
	w := &trouble.Channels[0].Workflows[0]
	w.ID, w.Consumer, w.State = evil, evil, evil
	k := &trouble.Connections[0]
	k.ID = evil
	s := &k.Producer.Streams[0]
	s.Stream, s.ShardMapError, s.ErrorsByCode = evil, evil, map[string]int64{evil: 1}
	s.Shards[0].ShardID, s.Shards[0].StartingHashKey, s.Shards[0].ErrorsByCode = evil, evil, map[string]int64{evil: 1}
	trouble.HotShards[0] = adapter.HotShard{Connection: evil, Stream: evil, ShardID: evil, Reason: evil}
	trouble.LastReload.Error = evil
	for i := range failures {
		failures[i] = adapter.Failure{At: failures[i].At, Channel: evil, Workflow: evil, Message: evil, Reason: evil, Remedy: evil, Stream: evil, ShardID: evil, ErrorCode: evil}
	}
	text := told(t, trouble, 1, 2)
	text = []byte(strings.ReplaceAll(string(text), "customer-7", `\u001b[2J\u202e`))
	m := modelOf(t, text, failures, 200, 50, false)
	check := func(name, screen string) {
		for i, l := range strings.Split(ansi.Strip(screen), "\n") {
			if !harmless(l) {
				t.Errorf("%s, line %d: %q", name, i+1, l)
			}
		}
		if strings.Contains(screen, "\x1b[2J") || strings.Contains(screen, "\x1b]") {
			t.Errorf("%s steers the terminal:\n%q", name, screen)
		}
	}
	for view := range viewCount {
		m.view = view
		for range m.rows() {
			m.press("down")
			check(views[view].name, fits(t, m))
		}
	}
	m.view = viewChannels
	m.press("x")
	check("question", fits(t, m))
	m.press("y")
	check("doing", fits(t, m))
	check("plain", plainText(&m.state, time.UTC))
}
