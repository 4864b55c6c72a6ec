package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/workflow"
)

func workflowNamed(p *failed.Places, name string) *failed.Workflow {
	for _, w := range p.Workflows {
		if w.String() == name {
			return w
		}
	}
	return nil
}

func workflowNames(p *failed.Places) string {
	var names []string
	for _, w := range p.Workflows {
		names = append(names, w.String())
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// workflowIn finds a workflow in an adapter.
func workflowIn(a *adapter.Adapter, name *failed.Workflow) (*channel.Channel, workflow.Workflow, error) {
	for _, c := range a.Channels() {
		for _, w := range c.All() {
			if c.UniqueID == name.Channel && w.ID() == name.ID {
				return c, w, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("the document has no workflow %s any more", name)
}

// resend brings a message through a workflow that runs, and waits for its outcome however long that takes: while it is not known, nobody may
// send the message again.
func resend(w workflow.Workflow, m *message.Message) error {
	r, ok := w.(workflow.Resender)
	if !ok {
		return fmt.Errorf("a %s takes no message but from its consumer", component.AliasOf(w))
	}
	outcome := make(chan error, 1)
	r.Resend(m, func(err error) { outcome <- err })
	return <-outcome
}

// sendersAlone run workflows of a document that does not run: services, producer and what these use, without consumers and error handlers.
// It is safe for concurrent use.
type sendersAlone struct {
	adapter *adapter.Adapter

	mu sync.Mutex // guards what follows
	// started are workflows by their channel, with the error of those that did not start.
	started map[workflow.Workflow]error
	// running are the components that run, in the order of their start.
	running []component.Component
}

// send implements failed.Send. A context that has ended lets nothing more go; what is under way comes to its end.
func (s *sendersAlone) send(ctx context.Context, name *failed.Workflow, m *message.Message) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c, w, err := workflowIn(s.adapter, name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	err, begun := s.started[w]
	if !begun {
		err = s.start(ctx, c, w)
		if s.started == nil {
			s.started = make(map[workflow.Workflow]error)
		}
		s.started[w] = err
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("workflow %s does not start: %w", name, err)
	}
	return resend(w, m)
}

// start starts a workflow and all that it sends by. It is called with mu held.
func (s *sendersAlone) start(ctx context.Context, c *channel.Channel, w workflow.Workflow) error {
	r, ok := w.(workflow.Resender)
	if !ok {
		return fmt.Errorf("a %s takes no message but from its consumer", component.AliasOf(w))
	}
	parts := s.needed(c, w)
	r.Detach()
	parts = append(parts, c.ProduceConnection, w)
	for _, phase := range []func(context.Context, component.Component) error{component.Init, component.Start} {
		for _, part := range parts {
			if slices.Contains(s.running, part) {
				continue
			}
			if err := phase(ctx, part); err != nil {
				return errors.Join(err, stopAll(ctx, parts, s.running))
			}
		}
	}
	for _, part := range parts {
		if !slices.Contains(s.running, part) {
			s.running = append(s.running, part)
		}
	}
	return nil
}

// needed are the shared connections and services that a workflow sends by, connections first.
func (s *sendersAlone) needed(c *channel.Channel, w workflow.Workflow) []component.Component {
	all := s.adapter.Components()
	var start []*document.Node
	for _, d := range all {
		switch d.Component {
		case component.Component(w):
			for _, n := range d.Node.Children {
				if n.Name != "consumer" && n.Name != "message-error-handler" {
					start = append(start, n)
				}
			}
		case component.Component(c):
			if n := d.Node.Child("produce-connection"); n != nil {
				start = append(start, n)
			}
		}
	}
	var out []component.Component
	reached := failed.Reach(all, start...)
	for _, kind := range []string{"connections", "services"} {
		for _, d := range reached {
			if failed.SharedKind(d) == kind {
				out = append(out, d.Component)
			}
		}
	}
	return out
}

// stop ends what was started: workflows first, which wait for what is under way.
func (s *sendersAlone) stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := stopAll(ctx, s.running, nil)
	s.running = nil
	return err
}

// stopAll stops parts in reverse order, but for those that others use.
func stopAll(ctx context.Context, parts, used []component.Component) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), adapter.DefaultDrain)
	defer cancel()
	var errs []error
	for _, part := range slices.Backward(parts) {
		if !slices.Contains(used, part) {
			errs = append(errs, component.Stop(ctx, part))
		}
	}
	return errors.Join(errs...)
}
