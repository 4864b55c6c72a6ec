package top

import (
	"fmt"
	"net/url"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// noteTime is how long the outcome of an action stands.
const noteTime = 15 * time.Second

// model is what the terminal shows and what keys do. It belongs to the goroutine of the program that it is given to.
type model struct {
	state
	verdict verdict
	// url is where the server is, as it may be shown.
	url    string
	zone   *time.Location
	colour bool
	// do starts an action, whose outcome comes as a doneMsg.
	do func(action)

	width, height int
	view          int
	help          bool
	// chosen is the key of the chosen row, empty for the first one, whichever it is; first the number of the first row that is shown.
	chosen [viewCount]string
	first  [viewCount]int
	orders [viewCount]order
	// asked is an action that waits for a yes.
	asked *action
	// under are the paths of actions that have no outcome yet.
	under map[string]action
	note  note
	// lost is nil as long as there is a connection.
	lost   *lostMsg
	polled bool
	now    time.Time
}

type note struct {
	level level
	text  string
	until time.Time
}

// action is something that the server is asked to do.
type action struct {
	path string
	// question, doing and done are how it is asked for, what stands there until its outcome, and what when it is done. They are clean.
	question, doing, done string
}

// doneMsg is the outcome of an action.
type doneMsg struct {
	action
	at  time.Time
	err error
}

func newModel(first *snapshot, at string, zone *time.Location, colour bool, now time.Time) *model {
	m := &model{url: clean(at), zone: zone, colour: colour, width: 80, height: 24, under: map[string]action{}, now: now}
	m.snapshot = first
	m.verdict = judge(&m.state)
	return m
}

func (m *model) Init() tea.Cmd { return nil }

// Update takes what the feed, the keyboard and the terminal tell.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m, m.press(msg.String())
	case stateMsg:
		m.snapshot, m.polled, m.now = msg.snap, msg.polled, msg.at
		if m.lost != nil {
			m.say(fine, "connected again after "+span(msg.at.Sub(m.lost.since)))
			m.lost = nil
		}
		m.verdict = judge(&m.state)
	case failuresMsg:
		m.set(msg)
		m.verdict = judge(&m.state)
	case failureMsg:
		m.add(adapter.Failure(msg))
		m.verdict = judge(&m.state)
	case lostMsg:
		m.lost, m.now = &msg, msg.at
	case doneMsg:
		delete(m.under, msg.path)
		m.now = msg.at
		if msg.err != nil {
			m.say(bad, msg.doing+" failed: "+clean(msg.err.Error()))
		} else {
			m.say(fine, msg.done)
		}
	}
	return m, nil
}

func (m *model) say(l level, text string) { m.note = note{l, text, m.now.Add(noteTime)} }

// press does what a key is for.
func (m *model) press(k string) tea.Cmd {
	if k == "ctrl+c" {
		return tea.Quit
	}
	if k == "ctrl+z" {
		return tea.Suspend
	}
	if m.asked != nil {
		a := *m.asked
		m.asked = nil
		if k == "y" || k == "Y" {
			m.start(a)
		} else {
			m.say(plain, "left as it is")
		}
		return nil
	}
	if m.help { // any key leaves it
		m.help = false
		return nil
	}
	switch k {
	case "q", "esc":
		return tea.Quit
	case "?", "h":
		m.help = true
	case "tab", "right":
		m.view = (m.view + 1) % viewCount
	case "shift+tab", "left":
		m.view = (m.view + viewCount - 1) % viewCount
	case "1", "2", "3", "4", "5":
		m.view = int(k[0] - '1')
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup":
		m.move(-m.page())
	case "pgdown", "space":
		m.move(m.page())
	case "home", "g":
		m.chosen[m.view] = ""
	case "end", "G":
		m.move(len(m.rows()))
	case "s":
		o := &m.orders[m.view]
		o.by, o.reversed = (o.by+1)%(len(views[m.view].columns(&m.state))+1), false
	case "S":
		m.orders[m.view].reversed = !m.orders[m.view].reversed
	case "p":
		m.channel("pause", "paused", "pausing", false)
	case "r":
		m.channel("resume", "resumed", "resuming", false)
	case "x":
		m.startOrStop()
	case "f":
		m.start(action{path: "/api/flush", doing: "flushing all producers", done: "everything that was buffered has its result"})
	case "R":
		m.asked = &action{path: "/api/reload", question: "Reload the document? Channels that changed are replaced.", doing: "reloading the document", done: "the document is reloaded"}
	}
	return nil
}

// startOrStop asks before the chosen channel is stopped, or started if it does not run.
func (m *model) startOrStop() {
	c := m.chosenChannel()
	switch {
	case c == nil:
	case startable(c):
		m.channel("start", "started", "starting", true)
	default:
		m.channel("stop", "stopped", "stopping", true)
	}
}

func startable(c *adapter.ChannelStatus) bool {
	return c.State == adapter.StateStopped || c.State == adapter.StateFailed || c.State == adapter.StateStopping
}

// channel does something to the chosen channel, after a question or at once.
func (m *model) channel(verb, done, doing string, ask bool) {
	c := m.chosenChannel()
	if c == nil {
		return
	}
	id := clean(c.ID)
	a := action{path: "/api/channels/" + url.PathEscape(c.ID) + "/" + verb, doing: doing + " channel " + id, done: "channel " + id + " is " + done}
	if !ask {
		m.start(a)
		return
	}
	a.question = map[string]string{
		"start": "Start channel " + id + "?",
		"stop":  "Stop channel " + id + "? What is under way is brought to an end first.",
	}[verb]
	m.asked = &a
}

// chosenChannel is nil, and says why, where there is none: a key must not act on what is not seen.
func (m *model) chosenChannel() *adapter.ChannelStatus {
	if m.view != viewChannels {
		m.say(warn, "choose a channel in the view Channels (key 1) first")
		return nil
	}
	c := m.channelOf(m.rows())
	if c == nil {
		m.say(warn, "there is no channel")
	}
	return c
}

// channelOf is the channel of the chosen one of the rows of the view Channels; nil if there is none.
func (m *model) channelOf(rows []row) *adapter.ChannelStatus {
	if i := m.index(rows); i >= 0 {
		for j := range m.Channels {
			if m.Channels[j].ID == rows[i].key {
				return &m.Channels[j]
			}
		}
	}
	return nil
}

func (m *model) start(a action) {
	if _, under := m.under[a.path]; under {
		m.say(warn, "still "+a.doing)
		return
	}
	m.under[a.path] = a
	m.note = note{}
	m.do(a)
}

// rows are those of the view, as they are sorted.
func (m *model) rows() []row {
	rows := views[m.view].rows(&m.state, m.zone)
	m.orders[m.view].sort(views[m.view].columns(&m.state), rows)
	return rows
}

// index is the place of the chosen row; -1 if there is no row. One that has gone gives its place to the first.
func (m *model) index(rows []row) int {
	for i, r := range rows {
		if m.chosen[m.view] != "" && r.key == m.chosen[m.view] {
			return i
		}
	}
	return min(0, len(rows)-1)
}

func (m *model) move(by int) {
	rows := m.rows()
	if i := m.index(rows); i >= 0 {
		m.chosen[m.view] = rows[min(max(i+by, 0), len(rows)-1)].key
	}
}

// message is what stands in the last line but for the keys.
func (m *model) message() (string, level) {
	switch {
	case m.asked != nil:
		return m.asked.question, warn
	case len(m.under) > 0:
		var doing string
		for _, a := range m.under {
			if doing == "" || a.doing < doing {
				doing = a.doing
			}
		}
		if n := len(m.under); n > 1 {
			doing = fmt.Sprintf("%s and %d more", doing, n-1)
		}
		return doing + " …", plain
	case m.note.text != "" && m.now.Before(m.note.until):
		return m.note.text, m.note.level
	}
	return "", plain
}
