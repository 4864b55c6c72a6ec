package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// CloneList gives each of its services a copy of the message of its own, one service after the other; what they do to their copies is
// dropped, except for the metadata that a filter lets through. The first that fails ends it and fails the message. Interlok:
// CloneMessageServiceList.
//
// Copies share the message's delivery: when an asynchronous producer takes one, the message is done only when that record has its result.
type CloneList struct {
	component.ServiceBase
	OverrideMetadataFilter MetadataFilter      `xml:"override-metadata-filter" default:"remove-all-metadata-filter" doc:"which metadata of the copies the message gets"`
	Services               []component.Service `xml:"services>*" doc:"the services, in the order in which they run"`
	Direct                 []component.Service `xml:"*,implicit" doc:"the same, without <services> around them"`

	restarting
	OutOfStateHandler *unused `xml:"out-of-state-handler" effect:"none" doc:"accepted for compatibility: a list runs only while its services do"`
}

// Check refuses a list that mixes the two ways, because the order of its services would not be what its reader expects.
func (l *CloneList) Check(r *component.Report) { refuseMixed(r, l.Services, l.Direct) }

// Apply runs each service on a copy of m.
func (l *CloneList) Apply(ctx context.Context, m *message.Message) error {
	for _, s := range l.contained() {
		if m.Stopped() { // a service's copy may have brought the metadata that stops
			return nil
		}
		if !s.Base().Enabled {
			continue
		}
		c := m.Clone()
		if err := l.apply(ctx, s, c); err != nil {
			return err
		}
		if err := l.take(m, c); err != nil {
			return err
		}
	}
	return nil
}

// take gives m the metadata of its copy that the filter lets through.
func (l *CloneList) take(m, c *message.Message) error {
	items, err := filterMetadata(l.OverrideMetadataFilter, c)
	if err != nil {
		return fmt.Errorf("clone-message-service-list: <override-metadata-filter>: %w", err)
	}
	for _, item := range items {
		if old, there := m.Metadata(item.Key); !there || old != item.Value {
			m.SetMetadata(item.Key, item.Value)
		}
	}
	return nil
}

// Init implements component.Lifecycle.
func (l *CloneList) Init(ctx context.Context) error { return initAll(ctx, l.contained()) }

// Start implements component.Lifecycle.
func (l *CloneList) Start(ctx context.Context) error { return startAll(ctx, l.contained()) }

// Stop implements component.Lifecycle.
func (l *CloneList) Stop(ctx context.Context) error { return stopAll(ctx, l.contained()) }

func (l *CloneList) contained() []component.Service {
	if len(l.Direct) > 0 {
		return l.Direct
	}
	return l.Services
}

// refuseMixed reports services that stand partly in <services> and partly beside it.
func refuseMixed(r *component.Report, wrapped, direct []component.Service) {
	if len(wrapped) > 0 && len(direct) > 0 {
		r.Errorf("services", "mixed-services", "stands beside services directly in the list; put all of them into <services>")
	}
}

func init() {
	component.Register[CloneList]("clone-message-service-list", "com.adaptris.core.CloneMessageServiceList", component.KindService,
		"gives each service a copy of the message and drops what becomes of it")
}
