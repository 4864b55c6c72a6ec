package adapter

import (
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// producing is a connection with an engine.
type producing interface{ Producer() *kpl.Producer }

// Status looks at the whole adapter. It waits for nothing but the short locks of what it looks at; once a second is no burden. Version is for
// the caller to fill. Safe for concurrent use, before Start and after Stop too.
func (a *Adapter) Status() Status {
	a.mu.RLock()
	c, reload, stopping, startedAt := a.current, a.lastReload, a.stopping, a.startedAt
	a.mu.RUnlock()
	now := time.Now()
	s := Status{
		Document: document.Shown(a.path), Now: now, StartedAt: startedAt, Counts: a.Counts(), LastReload: reload,
		NotReady: []string{}, Channels: []ChannelStatus{}, Connections: []ConnectionStatus{}, HotShards: []HotShard{},
	}
	states := make(map[string]int)
	for _, p := range c.parts {
		if ch, ok := p.component.(*channel.Channel); ok {
			status := channelStatus(c, p, ch)
			s.Channels = append(s.Channels, status)
			if p.starts() {
				states[status.State]++
				if reason := notReady(status); reason != "" {
					s.NotReady = append(s.NotReady, reason)
				}
			}
		}
	}
	switch {
	case stopping && states[StateStarted]+states[StatePaused]+states[StateStopping] > 0:
		s.State = StateStopping
	case stopping || startedAt.IsZero():
		s.State = StateStopped
	case states[StateFailed] > 0:
		s.State = StateFailed
	case states[StateStarting] > 0 || states[StateStopped]+states[StateStopping] > 0:
		s.State = StateStarting
	default:
		s.State = StateStarted
	}
	if s.State != StateStarted && len(s.NotReady) == 0 {
		s.NotReady = append(s.NotReady, "the adapter is "+s.State)
	}
	s.Ready = len(s.NotReady) == 0
	there := make(map[hotKey]bool)
	for _, k := range c.connections().all {
		status := k.status()
		if p, ok := k.connection.(producing); ok {
			if engine := p.Producer(); engine != nil {
				stats := engine.Stats()
				status.Producer = &stats
				s.HotShards = append(s.HotShards, a.hot.look(k.id, &stats, now, there)...)
			}
		}
		s.Connections = append(s.Connections, status)
	}
	a.hot.forget(there)
	return s
}

// notReady is why a channel that should run does not; empty if it does. One that is paused does what its operator wants.
func notReady(c ChannelStatus) string {
	switch {
	case c.State == StateStarted, c.State == StatePaused:
		return ""
	case c.Error != "":
		return fmt.Sprintf("channel %s is %s: %s", c.ID, c.State, c.Error)
	}
	return fmt.Sprintf("channel %s is %s", c.ID, c.State)
}

func channelStatus(in *configuration, p *part, c *channel.Channel) ChannelStatus {
	state, err := p.control.now()
	if state == StateStarted {
		if c.Restarting() {
			state = StateStarting
		} else if err = c.RestartFailed(); err != nil {
			state = StateFailed
		} else if c.Paused() {
			state = StatePaused
		}
	}
	connections := in.connections()
	s := ChannelStatus{
		ID: c.UniqueID, State: state, AutoStart: c.AutoStart, Counts: c.Counts(), Workflows: []WorkflowStatus{},
		ConsumeConnection: connections.id(c.ConsumeConnection), ProduceConnection: connections.id(c.ProduceConnection),
	}
	if err != nil {
		s.Error = err.Error()
	}
	for _, w := range c.All() {
		gauges := w.Gauges()
		status := WorkflowStatus{
			ID: w.ID(), Class: component.AliasOf(w), Consumer: component.AliasOf(w.Source()), Producer: component.AliasOf(w.Target()), State: state, Counts: w.Counts(),
			BufferedBytes: gauges.BufferedBytes, MessagesPerSecond: gauges.MessagesPerSecond, Latency: gauges.Latency, LatencySum: gauges.LatencySum,
		}
		s.Workflows = append(s.Workflows, status)
	}
	return s
}

// Producers are the engines of the connections to Kinesis, by the ids that Status has for their connections. Safe for concurrent use.
func (a *Adapter) Producers() map[string]*kpl.Producer {
	c := a.configuration()
	all := make(map[string]*kpl.Producer)
	for _, k := range c.connections().all {
		if p, ok := k.connection.(producing); ok {
			if engine := p.Producer(); engine != nil {
				all[k.id] = engine
			}
		}
	}
	return all
}
