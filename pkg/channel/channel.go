// Package channel runs what belongs together in a document: two connections and the workflows between them.
package channel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// Channel is Interlok's Channel.
type Channel struct {
	UniqueID          string                 `xml:"unique-id" doc:"name of the channel in logs and errors"`
	AutoStart         bool                   `xml:"auto-start" default:"true" doc:"false loads and checks the channel but does not start it"`
	Comments          string                 `xml:"comments" doc:"free text"`
	ConsumeConnection component.Connection   `xml:"consume-connection" default:"null-connection" doc:"the connection of the consumers"`
	ProduceConnection component.Connection   `xml:"produce-connection" default:"null-connection" doc:"the connection of the producers"`
	ErrorHandler      component.ErrorHandler `xml:"message-error-handler" doc:"what becomes of messages that fail in a workflow without a handler of its own"`
	List              *WorkflowList          `xml:"workflow-list" doc:"the workflows"`
	// Workflows stand directly in the channel in documents of the short form; Plain ones are called <workflow> there.
	Plain     []workflow.Workflow `xml:"workflow,implicit" class:"standard-workflow" doc:"a workflow directly in the channel, a standard-workflow unless it has a class"`
	Workflows []workflow.Workflow `xml:"*,implicit" doc:"workflows directly in the channel"`

	restarts restarts
	// past are workflows of channels that this one replaced; it has none of their ids any more.
	past []workflow.Workflow
}

// WorkflowList is Interlok's WorkflowList.
type WorkflowList struct {
	Workflows []workflow.Workflow `xml:"*,implicit" doc:"the workflows"`
	Strategy  *withoutUse         `xml:"lifecycle-strategy" effect:"none" doc:"accepted for compatibility: a channel starts when all of its workflows do"`
}

// withoutUse takes an element that needs nothing here, whatever its class.
type withoutUse struct{}

// Surroundings are what a channel needs of its adapter.
type Surroundings struct {
	// ErrorHandler is the adapter's; nil if there is none.
	ErrorHandler component.ErrorHandler
	// Flush sends what any connection buffers now; may be nil.
	Flush func(context.Context) error
	// Failed is told of each message of the channel that failed for good; see workflow.Surroundings. May be nil.
	Failed func(channel string, f workflow.Failure)
	// Throttles are shared by all workflows of the adapter; nil gives each its own.
	Throttles *workflow.Throttles
}

// Check implements component.Checker.
func (c *Channel) Check(r *component.Report) {
	if len(c.All()) == 0 {
		r.Errorf("", "no-workflow", "has no workflow; add a <workflow-list> with a <standard-workflow>")
	}
	seen := make(map[string]bool)
	for _, w := range c.All() {
		if id := w.ID(); id != "" && seen[id] {
			r.Errorf("", "duplicate-id", "has two workflows with the <unique-id> %q; give one of them another", id)
		}
		seen[w.ID()] = true
	}
}

// Wire implements component.Wirer.
func (c *Channel) Wire(r *component.Report) {
	for _, w := range c.All() {
		w.Connect(c.ConsumeConnection, c.ProduceConnection, r)
	}
}

// All are the workflows, in whatever form the document has them.
func (c *Channel) All() []workflow.Workflow {
	var out []workflow.Workflow
	if c.List != nil {
		out = append(out, c.List.Workflows...)
	}
	return append(append(out, c.Plain...), c.Workflows...)
}

// Attach names what is around the channel and gives ids to workflows without. It is called once, before Init.
func (c *Channel) Attach(s Surroundings) {
	handler := workflow.Nearest(c.ErrorHandler, s.ErrorHandler)
	taken := make(map[string]bool)
	for _, w := range c.All() {
		taken[w.ID()] = true
	}
	for i, w := range c.All() {
		if w.ID() == "" {
			n := i + 1
			for taken[fmt.Sprintf("workflow-%d", n)] {
				n++
			}
			w.SetID(fmt.Sprintf("workflow-%d", n))
			taken[w.ID()] = true
		}
		around := workflow.Surroundings{Channel: c.UniqueID, ErrorHandler: handler, Flush: s.Flush, Restart: c.restart, Throttles: s.Throttles}
		if s.Failed != nil {
			around.Failed = func(f workflow.Failure) { s.Failed(c.UniqueID, f) }
		}
		w.Attach(around)
	}
}

// Inherit goes on with the counts of a channel that this one replaces: each workflow with those of the one of the same id, the channel with
// those of workflows that are no more. It is called at most once, between Attach and Init.
func (c *Channel) Inherit(old *Channel) {
	mine := make(map[string]workflow.Workflow)
	for _, w := range c.All() {
		mine[w.ID()] = w
	}
	c.past = append(c.past, old.past...)
	for _, w := range old.All() {
		if to := mine[w.ID()]; to != nil {
			to.Inherit(w)
		} else {
			c.past = append(c.past, w)
		}
	}
}

// Pause lets no message in, in any workflow, until Resume; see workflow.Workflow. Both are safe for concurrent use.
func (c *Channel) Pause() {
	for _, w := range c.All() {
		w.Pause()
	}
}

// Resume ends a Pause.
func (c *Channel) Resume() {
	for _, w := range c.All() {
		w.Resume()
	}
}

// Paused says that messages are kept out.
func (c *Channel) Paused() bool {
	for _, w := range c.All() {
		if w.Paused() {
			return true
		}
	}
	return false
}

func (c *Channel) named(ctx context.Context) context.Context {
	return component.WithLogger(ctx, component.Logger(ctx).With(zap.String("channel", c.UniqueID)))
}

func (c *Channel) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("channel %s: %w", c.UniqueID, err)
}

// cleanUpTime bounds the stop of what was started before something failed.
const cleanUpTime = 10 * time.Second

// Init implements component.Lifecycle, in Interlok's order: error handler, produce connection, consume connection, workflows. If one
// fails, what came before it is stopped.
func (c *Channel) Init(ctx context.Context) error {
	return c.init(c.named(ctx))
}

// Start implements component.Lifecycle, in Interlok's order: error handler, produce connection, workflows, consume connection. If one
// fails, what came before it is stopped.
func (c *Channel) Start(ctx context.Context) error {
	ctx = c.named(ctx)
	c.restarts.allow(ctx)
	if err := c.start(ctx); err != nil {
		c.restarts.end(ctx)
		return err
	}
	component.Logger(ctx).Info("channel started", zap.Int("workflows", len(c.All())))
	return nil
}

func (c *Channel) start(ctx context.Context) error {
	parts := []component.Component{c.ErrorHandler, c.ProduceConnection}
	for _, w := range c.All() {
		parts = append(parts, w)
	}
	return c.each(ctx, append(parts, c.ConsumeConnection), component.Start)
}

func (c *Channel) init(ctx context.Context) error {
	parts := []component.Component{c.ErrorHandler, c.ProduceConnection, c.ConsumeConnection}
	for _, w := range c.All() {
		parts = append(parts, w)
	}
	return c.each(ctx, parts, component.Init)
}

func (c *Channel) each(ctx context.Context, parts []component.Component, phase func(context.Context, component.Component) error) error {
	for _, part := range parts {
		if err := phase(ctx, part); err != nil {
			// The context may have ended, and that may be why; cleaning up may not be skipped.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
			defer cancel()
			return errors.Join(c.wrap(err), c.stop(ctx))
		}
	}
	return nil
}

// Stop implements component.Lifecycle. The workflows stop first, side by side, so that requests which a consume connection holds open are
// answered with their outcome; then consume connection, produce connection and error handler.
func (c *Channel) Stop(ctx context.Context) error {
	c.restarts.end(ctx)
	return c.stop(c.named(ctx))
}

func (c *Channel) stop(ctx context.Context) error {
	var g errgroup.Group
	stopped := make([]error, len(c.All()))
	for i, w := range c.All() {
		g.Go(func() error {
			stopped[i] = w.Stop(ctx)
			return nil
		})
	}
	_ = g.Wait() // the errors are in stopped, all of them
	for _, part := range []component.Component{c.ConsumeConnection, c.ProduceConnection, c.ErrorHandler} {
		stopped = append(stopped, component.Stop(ctx, part))
	}
	return c.wrap(errors.Join(stopped...))
}

// Counts are the sums over the workflows, those before a reload included.
func (c *Channel) Counts() workflow.Counts {
	var sum workflow.Counts
	for _, w := range append(c.All(), c.past...) {
		sum.Add(w.Counts())
	}
	return sum
}

func init() {
	component.Register[Channel]("channel", "com.adaptris.core.Channel", component.KindPart, "two connections and the workflows between them")
}
