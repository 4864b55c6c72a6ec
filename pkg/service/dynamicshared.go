package service

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// DynamicShared runs a service that stands under the document's shared-components; each message says which. Interlok:
// DynamicSharedService. The document starts and stops the shared services.
type DynamicShared struct {
	component.ServiceBase
	LookupName *expr.Template `xml:"lookup-name,required" example:"%message{eventType}" doc:"unique-id of a service under shared-components, usually an expression for it"`

	MaxEntries int                `xml:"max-entries" default:"16" min:"1" effect:"none" doc:"accepted for compatibility: there are no copies of shared services to keep"`
	Expiration component.Interval `xml:"expiration" default:"1h" effect:"none" doc:"accepted for compatibility: there are no copies of shared services to keep"`

	shared component.Shared
}

// Link keeps the shared services, and finds a constant name that is not among them.
func (s *DynamicShared) Link(shared component.Shared, r *component.Report) {
	s.shared = shared
	if id, constant := s.LookupName.Constant(); constant {
		if target, names := shared.Service(id); target == nil {
			r.UnknownReference("lookup-name", "service", id, names)
		}
	}
}

// dynamicChain is the key of the context's value that lists the names that led here.
type dynamicChain struct{}

// Apply runs the service.
func (s *DynamicShared) Apply(ctx context.Context, m *message.Message) error {
	id, err := resolve(s.LookupName, m)
	if err != nil {
		return fmt.Errorf("dynamic-shared-service: <lookup-name>: %w", err)
	}
	target, names := s.shared.Service(id)
	if target == nil {
		return fmt.Errorf("dynamic-shared-service: <lookup-name> is %q, but no service under shared-components has that unique-id; %s", id, nearestOf(id, names))
	}
	// A shared service that looks itself up would never end.
	chain, _ := ctx.Value(dynamicChain{}).([]string)
	if slices.Contains(chain, id) {
		return fmt.Errorf("dynamic-shared-service: %q leads back to itself, through %s; look up another service", id, strings.Join(chain, ", "))
	}
	ctx = context.WithValue(ctx, dynamicChain{}, append(slices.Clip(chain), id))
	return component.Apply(ctx, target, m)
}

// nearestOf says which of the names may have been meant.
func nearestOf(name string, names []string) string {
	if near := document.Nearest(name, names); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	if len(names) == 0 {
		return "there are none"
	}
	return "there are: " + strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

func init() {
	component.Register[DynamicShared]("dynamic-shared-service", "com.adaptris.core.DynamicSharedService", component.KindService,
		"runs a service under shared-components that the message names")
}
