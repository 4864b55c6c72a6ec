package kpl

import "slices"

// group is many user records that are put on their way together: those that must leave at once leave in company all the same.
type group struct {
	stream *stream
	lanes  []*lane // whose open aggregate must leave at the end of the group
}

// begin starts a group. Until its end the collector gathers.
func (s *stream) begin() *group {
	s.collector.cork()
	return &group{stream: s}
}

// note is called by a lane, under its mutex.
func (g *group) note(l *lane) {
	if !slices.Contains(g.lanes, l) {
		g.lanes = append(g.lanes, l)
	}
}

// end sends on what must leave.
func (g *group) end() {
	now := g.stream.p.now()
	for _, l := range g.lanes {
		l.hurry(now)
	}
	g.stream.collector.uncork(now, false)
}
