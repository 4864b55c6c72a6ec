package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// objectNextService is the object of a message that holds the unique-id of the service to go on with.
const objectNextService = "adpnextserviceid"

// branchTo says which service goes on with m; empty ends the collection's work on it.
func branchTo(m *message.Message, id string) { m.SetObject(objectNextService, id) }

func nextService(m *message.Message) string {
	value, _ := m.Object(objectNextService)
	id, _ := value.(string)
	return id
}

// brancher is a service that chooses which service comes next.
type brancher interface {
	// branches lists the unique-ids that it may choose, empty ones for the end; ok is false for a service that does not choose after all,
	// such as a wrapper around a service that does not.
	branches() (ids []string, ok bool)
	// host says that it stands where its choice is heard.
	host()
}

// maxReferences is how many shared-services are followed that stand for one another: while a document is checked they may go in a circle.
const maxReferences = 32

// asBrancher finds the choice that s makes, itself or through a reference.
func asBrancher(s component.Service) (brancher, bool) {
	for range maxReferences {
		shared, ok := s.(*Shared)
		if !ok {
			break
		}
		s = shared.target
	}
	b, ok := s.(brancher)
	if !ok {
		return nil, false
	}
	_, ok = b.branches()
	return b, ok
}

// Branching holds the fields that all services have that choose the next one; they embed it.
type Branching struct {
	component.ServiceBase

	hosted bool
}

func (b *Branching) host() { b.hosted = true }

// Wire refuses a service whose choice nobody would hear: what it has to say would be lost, and all services would run.
func (b *Branching) Wire(r *component.Report) {
	if !b.hosted {
		r.Errorf("", "misplaced", "chooses the next service, but does not stand in a branching-service-collection, nor in a service-list whose services all have "+
			"unique-ids of their own, which would follow its choice; put it and the services that it chooses from into one, or use switch")
	}
}

// BranchingCollection begins with one of its services, and goes on with whichever that one chooses, until one does not choose. Interlok:
// BranchingServiceCollection. Services may come up more than once.
type BranchingCollection struct {
	component.ServiceBase
	FirstServiceID string              `xml:"first-service-id,required" doc:"unique-id of the service that begins"`
	Services       []component.Service `xml:"services>*" doc:"the services, in any order, each with a unique-id"`
	Direct         []component.Service `xml:"*,implicit" doc:"the same, without <services> around them"`

	restarting
	OutOfStateHandler *unused `xml:"out-of-state-handler" effect:"none" doc:"accepted for compatibility: a list runs only while its services do"`

	byID map[string]component.Service
}

// Check finds services that can not be told apart, and a first one that is not there.
func (c *BranchingCollection) Check(r *component.Report) {
	refuseMixed(r, c.Services, c.Direct)
	c.byID = make(map[string]component.Service)
	for i, s := range c.contained() {
		id := s.Base().UniqueID
		switch {
		case strings.TrimSpace(id) == "":
			r.Errorf("services", "missing-id", "has %s as service %d, without a unique-id; give it one, so that others can choose it", component.AliasOf(s), i+1)
		case c.byID[id] != nil:
			r.Errorf("services", "duplicate-id", "has two services with the unique-id %q; give one of them another", id)
		}
		c.byID[id] = s
		if b, ok := s.(brancher); ok {
			b.host()
		}
	}
	if c.FirstServiceID != "" && c.byID[c.FirstServiceID] == nil {
		r.Errorf("first-service-id", "unknown-reference", "is %q, but no service in here has that unique-id%s", c.FirstServiceID, c.nearest(c.FirstServiceID))
	}
}

// Link looks through references to shared services.
func (c *BranchingCollection) Link(all component.Shared, _ *component.Report) {
	hostShared(all, c.contained())
}

// hostShared tells shared services that their choice is heard where references to them stand among services.
func hostShared(all component.Shared, services []component.Service) {
	for _, s := range services {
		if ref, ok := s.(*Shared); ok {
			target, _ := all.Service(ref.LookupName)
			if b, ok := target.(brancher); ok {
				b.host()
			}
		}
	}
}

// Wire warns of choices that lead nowhere.
func (c *BranchingCollection) Wire(r *component.Report) {
	for _, s := range c.contained() {
		b, ok := asBrancher(s)
		if !ok {
			continue
		}
		ids, _ := b.branches()
		for _, id := range ids {
			if id != "" && c.byID[id] == nil {
				r.Warnf("services", "unknown-reference", "has a service %q that may choose %q, but no service in here has that unique-id, so the message would fail%s",
					s.Base().UniqueID, id, c.nearest(id))
			}
		}
	}
}

func (c *BranchingCollection) nearest(id string) string {
	var ids []string
	for known := range c.byID {
		ids = append(ids, known)
	}
	return "; " + nearestOf(id, ids)
}

// Apply runs the services on m, as they choose one another.
func (c *BranchingCollection) Apply(ctx context.Context, m *message.Message) error {
	outer := nextService(m)
	defer branchTo(m, outer)
	for id := c.FirstServiceID; id != ""; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("branching-service-collection: interrupted before service %s: %w", id, err)
		}
		s := c.byID[id]
		if s == nil {
			return fmt.Errorf("branching-service-collection: no service in it has the unique-id %q%s", id, c.nearest(id))
		}
		branchTo(m, "")
		if err := c.apply(ctx, s, m); err != nil {
			return err
		}
		id = ""
		if _, ok := asBrancher(s); ok {
			id = nextService(m)
		}
	}
	return nil
}

// Init implements component.Lifecycle.
func (c *BranchingCollection) Init(ctx context.Context) error { return initAll(ctx, c.contained()) }

// Start implements component.Lifecycle.
func (c *BranchingCollection) Start(ctx context.Context) error { return startAll(ctx, c.contained()) }

// Stop implements component.Lifecycle.
func (c *BranchingCollection) Stop(ctx context.Context) error { return stopAll(ctx, c.contained()) }

func (c *BranchingCollection) contained() []component.Service {
	if len(c.Direct) > 0 {
		return c.Direct
	}
	return c.Services
}

func init() {
	component.Register[BranchingCollection]("branching-service-collection", "com.adaptris.core.BranchingServiceCollection", component.KindService,
		"runs services that choose one another")
}
