package adapter

import (
	"fmt"
	"maps"
	"slices"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// root is Interlok's Adapter. A document whose root is a channel becomes one with that channel alone.
type root struct {
	UniqueID          string                 `xml:"unique-id" doc:"name of the adapter"`
	Shared            *sharedComponents      `xml:"shared-components" doc:"connections and services that channels refer to"`
	ErrorHandler      component.ErrorHandler `xml:"message-error-handler" doc:"what becomes of messages that fail in a channel without a handler of its own"`
	Retrier           failedMessageRetrier   `xml:"failed-message-retrier" doc:"no-retries, the default, is the only one that is supported"`
	List              *channelList           `xml:"channel-list" doc:"the channels"`
	StartUpEvent      string                 `xml:"start-up-event-imp" effect:"none" doc:"accepted for compatibility: there are no events"`
	HeartbeatEvent    string                 `xml:"heartbeat-event-imp" effect:"none" doc:"accepted for compatibility: there are no events"`
	HeartbeatInterval string                 `xml:"heartbeat-event-interval" effect:"none" doc:"accepted for compatibility: there are no events"`
	EventHandler      string                 `xml:"event-handler" effect:"none" doc:"accepted for compatibility: there are no events"`
	ErrorDigester     string                 `xml:"message-error-digester" effect:"none" doc:"accepted for compatibility: failures are in the log"`
}

// channelList is Interlok's ChannelList.
type channelList struct {
	Channels []*channel.Channel `xml:"channel,implicit" doc:"the channels"`
	Strategy *withoutUse        `xml:"lifecycle-strategy" effect:"none" doc:"accepted for compatibility: an adapter starts when all of its channels do"`
}

// withoutUse takes an element that needs nothing here, whatever its class.
type withoutUse struct{}

// Channels are the channels, in the document's order.
func (r *root) Channels() []*channel.Channel {
	if r.List == nil {
		return nil
	}
	return r.List.Channels
}

// sharedComponents is Interlok's SharedComponentList.
type sharedComponents struct {
	Connections []component.Connection `xml:"connections>*" doc:"connections that shared-connection looks up"`
	Services    []component.Service    `xml:"services>*" doc:"services that shared-service looks up"`
	Debug       bool                   `xml:"debug" effect:"none" doc:"accepted for compatibility"`
	Strategy    string                 `xml:"lifecycle-strategy" effect:"none" doc:"accepted for compatibility: shared connections start before the channels"`
}

// Check implements component.Checker: what is shared is found by its id, so each needs one of its own.
func (s *sharedComponents) Check(r *component.Report) {
	seen := make(map[string]bool)
	id := func(kind, id string, n *document.Node) {
		switch {
		case id == "":
			r.At(document.SeverityError, "missing-id", n.Pos, "shared %s %s has no <unique-id>, so nothing can refer to it; add one", kind, n.Name)
		case seen[kind+id]:
			r.At(document.SeverityError, "duplicate-id", n.Pos, "a second shared %s has the <unique-id> %q; give it another", kind, id)
		}
		seen[kind+id] = true
	}
	// A component that failed to decode is missing from the lists, and its error was told.
	if n := r.Node().Child("connections"); n != nil && len(n.Children) == len(s.Connections) {
		for i, c := range s.Connections {
			id("connection", c.ConnectionID(), n.Children[i])
		}
	}
	if n := r.Node().Child("services"); n != nil && len(n.Children) == len(s.Services) {
		for i, c := range s.Services {
			id("service", c.Base().UniqueID, n.Children[i])
		}
	}
}

// failedMessageRetrier is what failed-message-retrier names.
type failedMessageRetrier interface{ failedMessageRetrier() }

// noRetries is Interlok's NoRetries.
type noRetries struct {
	UniqueID string `xml:"unique-id" doc:"name in logs"`
}

func (*noRetries) failedMessageRetrier() {}

func init() {
	component.Register[root]("adapter", "com.adaptris.core.Adapter", component.KindPart, "the root of a document: shared components and channels")
	component.Register[noRetries]("no-retries", "com.adaptris.core.NoRetries", component.KindPart, "sends no failed message again")
}

// lookup finds shared components by unique-id.
type lookup struct {
	connections map[string]component.Connection
	services    map[string]component.Service
}

func newLookup(s *sharedComponents) lookup {
	l := lookup{make(map[string]component.Connection), make(map[string]component.Service)}
	if s == nil {
		return l
	}
	for _, c := range s.Connections {
		l.connections[c.ConnectionID()] = c
	}
	for _, c := range s.Services {
		l.services[c.Base().UniqueID] = c
	}
	return l
}

// Connection implements component.Shared.
func (l lookup) Connection(id string) (component.Connection, []string) {
	return l.connections[id], slices.Sorted(maps.Keys(l.connections))
}

// Service implements component.Shared.
func (l lookup) Service(id string) (component.Service, []string) {
	return l.services[id], slices.Sorted(maps.Keys(l.services))
}

// nameChannels gives channels without an id one, and refuses ids that stand twice.
func nameChannels(r *root, report *component.Report, nodes []*document.Node) {
	seen := make(map[string]bool)
	for _, c := range r.Channels() {
		seen[c.UniqueID] = seen[c.UniqueID] || c.UniqueID != ""
	}
	taken := make(map[string]bool)
	for i, c := range r.Channels() {
		for n := i + 1; c.UniqueID == ""; n++ {
			if name := fmt.Sprintf("channel-%d", n); !seen[name] {
				c.UniqueID, seen[name] = name, true
			}
		}
		if taken[c.UniqueID] && i < len(nodes) {
			report.At(document.SeverityError, "duplicate-id", nodes[i].Pos, "a second channel has the <unique-id> %q; give it another", c.UniqueID)
		}
		taken[c.UniqueID] = true
		names := make(map[string]bool)
		for _, w := range c.All() {
			if w.ID() != "" && names[w.ID()] && i < len(nodes) {
				report.At(document.SeverityError, "duplicate-id", nodes[i].Pos, "two workflows of channel %s have the <unique-id> %q; give one another", c.UniqueID, w.ID())
			}
			names[w.ID()] = true
		}
	}
}
