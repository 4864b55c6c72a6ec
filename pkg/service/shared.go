package service

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Shared runs a service that stands under the document's shared-components. Interlok: SharedService. The document starts and stops the
// shared service, once, however many refer to it; the reference only runs it. Both its enabled and continue-on-fail and those of the
// service it refers to count.
type Shared struct {
	component.ServiceBase
	LookupName string `xml:"lookup-name,required" example:"common-metadata" doc:"unique-id of a service under shared-components"`

	CloneService bool `xml:"clone-service" default:"true" effect:"none" doc:"accepted for compatibility: a shared service runs side by side for all that refer to it, without copies"`

	target component.Service
}

// Link finds the service.
func (s *Shared) Link(shared component.Shared, r *component.Report) {
	target, names := shared.Service(s.LookupName)
	if target == nil {
		r.UnknownReference("lookup-name", "service", s.LookupName, names)
		return
	}
	s.target = target
}

// Wire refuses a reference that leads back to itself.
func (s *Shared) Wire(r *component.Report) {
	if reaches(s.target, s) {
		r.Errorf("lookup-name", "circular-reference", "is %q, a service that contains this reference to it; remove one of the two", s.LookupName)
		// The document does not run; a reference to nothing keeps its components free of circles until it is dropped.
		s.target = &Null{}
	}
}

// Apply runs the service.
func (s *Shared) Apply(ctx context.Context, m *message.Message) error {
	return component.Apply(ctx, s.target, m)
}

func (s *Shared) contained() []component.Service { return []component.Service{s.target} }

func init() {
	component.Register[Shared]("shared-service", "com.adaptris.core.SharedService", component.KindService,
		"runs a service that stands under shared-components")
}
