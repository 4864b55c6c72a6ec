package service

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// List runs services one after the other; the first that fails ends it. Interlok: ServiceList. Services stand in <services>, as
// Interlok wants it, or directly in the list. It is safe for concurrent use on different messages if its services are.
//
// A service that chooses the next one (a branching service) is followed forwards, if AllowForwardSearch is set and the services' unique-ids
// tell them apart; a choice that does not stand further on in the list changes nothing.
type List struct {
	component.ServiceBase
	Services []component.Service `xml:"services>*" doc:"the services, in the order in which they run"`
	Direct   []component.Service `xml:"*,implicit" doc:"the same, without <services> around them"`

	AllowForwardSearch bool `xml:"allow-forward-search" default:"true" doc:"true follows a service that chooses the next one, further on in the list; all services need unique-ids of their own"`

	restarting
	OutOfStateHandler *unused `xml:"out-of-state-handler" effect:"none" doc:"accepted for compatibility: a list runs only while its services do"`

	// at is where each unique-id stands; nil when no service is followed.
	at map[string]int
}

// unused takes an element that needs nothing here, whatever its class.
type unused struct{}

// Check refuses a list that mixes the two ways, because the order of its services would not be what its reader expects.
func (l *List) Check(r *component.Report) {
	refuseMixed(r, l.Services, l.Direct)
	if !l.AllowForwardSearch {
		return
	}
	at := make(map[string]int)
	for i, s := range l.contained() {
		if _, twice := at[s.Base().UniqueID]; twice {
			return
		}
		at[s.Base().UniqueID] = i
	}
	for _, s := range l.contained() {
		_, shared := s.(*Shared) // may turn out to choose, once it is linked
		if b, ok := s.(brancher); ok {
			b.host()
		} else if !shared {
			continue
		}
		l.at = at
	}
}

// Link looks through references to shared services.
func (l *List) Link(all component.Shared, _ *component.Report) {
	if l.at != nil {
		hostShared(all, l.contained())
	}
}

// Apply runs the services on m, one after the other.
func (l *List) Apply(ctx context.Context, m *message.Message) error {
	if l.at != nil {
		return l.follow(ctx, m)
	}
	for _, s := range l.contained() {
		if err := l.apply(ctx, s, m); err != nil {
			return err
		}
	}
	return nil
}

// Streams implements component.Streamer: each service gets the message as it wants it.
func (l *List) Streams() bool { return true }

// follow runs the services, and those that they choose.
func (l *List) follow(ctx context.Context, m *message.Message) error {
	all := l.contained()
	for i := 0; i < len(all); {
		s := all[i]
		i++
		_, chooses := asBrancher(s)
		if chooses {
			branchTo(m, "")
		}
		if err := l.apply(ctx, s, m); err != nil {
			return err
		}
		if chooses {
			if to, there := l.at[nextService(m)]; there && nextService(m) != "" && to >= i {
				i = to
			}
			branchTo(m, "")
		}
	}
	return nil
}

// Init implements component.Lifecycle.
func (l *List) Init(ctx context.Context) error { return initAll(ctx, l.contained()) }

// Start implements component.Lifecycle.
func (l *List) Start(ctx context.Context) error { return startAll(ctx, l.contained()) }

// Stop implements component.Lifecycle.
func (l *List) Stop(ctx context.Context) error { return stopAll(ctx, l.contained()) }

func (l *List) contained() []component.Service {
	if len(l.Direct) > 0 {
		return l.Direct
	}
	return l.Services
}

func init() {
	component.Register[List]("service-list", "com.adaptris.core.ServiceList", component.KindService,
		"runs services one after the other")
}
