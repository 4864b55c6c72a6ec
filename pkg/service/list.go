package service

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// List runs services one after the other; the first that fails ends it. Interlok: ServiceList. Services stand in <services>, as
// Interlok wants it, or directly in the list. It is safe for concurrent use on different messages if its services are.
type List struct {
	component.ServiceBase
	Services []component.Service `xml:"services>*" doc:"the services, in the order in which they run"`
	Direct   []component.Service `xml:"*,implicit" doc:"the same, without <services> around them"`

	AllowForwardSearch bool    `xml:"allow-forward-search" effect:"none" doc:"accepted for compatibility: no service here jumps to another"`
	RestartAffected    bool    `xml:"restart-affected-service-on-exception" effect:"none" doc:"accepted for compatibility: services recover by themselves"`
	OutOfStateHandler  *unused `xml:"out-of-state-handler" effect:"none" doc:"accepted for compatibility: a list runs only while its services do"`
}

// unused takes an element that needs nothing here, whatever its class.
type unused struct{}

// Check refuses a list that mixes the two ways, because the order of its services would not be what its reader expects.
func (l *List) Check(r *component.Report) {
	if len(l.Services) > 0 && len(l.Direct) > 0 {
		r.Errorf("services", "mixed-services", "stands beside services directly in the list; put all of them into <services>")
	}
}

// Apply runs the services on m, one after the other.
func (l *List) Apply(ctx context.Context, m *message.Message) error {
	for _, s := range l.contained() {
		if err := component.Apply(ctx, s, m); err != nil {
			return err
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
