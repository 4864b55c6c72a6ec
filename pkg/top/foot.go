package top

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// foot is the last line: what is asked or under way, or what keys are for.
func (m *model) foot() string {
	text, l := m.message()
	if text != "" {
		if m.asked != nil { // what answers it must be seen
			text = ansi.Truncate(m.asked.question, max(m.width-len(yesOrNo), 0), "…") + yesOrNo
		}
		return m.bold(m.paint(l, text))
	}
	if m.help {
		return m.faint("any key: back")
	}
	keys := []string{"←→ ↑↓", "s sort"}
	if m.view == viewChannels {
		stop := "x stop"
		if c := m.channelOf(m.rows()); c != nil && startable(c) {
			stop = "x start"
		}
		keys = append(keys, "p pause", "r resume", stop)
	}
	keys = append(keys, "f flush", "R reload")
	last := []string{"? help", "q quit"} // which lead to all others
	for len(keys) > 0 && ansi.StringWidth(joined(keys, last)) > m.width {
		keys = keys[:len(keys)-1]
	}
	return m.faint(joined(keys, last))
}

const yesOrNo = " y/N"

func joined(keys, last []string) string { return strings.Join(slices.Concat(keys, last), "  ") }

func helpLines() []string {
	return strings.Split(`  tab, ←→, 1 to 5   the next view, the one before, or one by its number
  ↑↓, page, g, G    choose a row: what there is to say of it stands below
  s, S              sort by the next column; the other way round

  p, r              pause the chosen channel; resume it
  x                 stop the chosen channel, or start it; asks first
  f                 flush: all producers send what they buffer now
  R                 read the document anew; asks first

  q, ?, ctrl+z      quit; this help; to the background

  ● all is well     ◆ wants a look     ▲ something has to be done
  WAITING           user records that wait to be sent, also again
  PACED AT          how much of a shard's capacity it is sent at most
  PREDICTED, LANDED records that belong into a shard by their keys; those
                    that are there, where the server tells it`, "\n")
}
