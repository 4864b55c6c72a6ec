package explain

import (
	"context"
	"sync"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

const (
	// mostSteps bounds what is told, for services in loops; mostParts the parts of one splitter that are told, unless they fail.
	mostSteps = 2000
	mostParts = 10
)

// tracer writes down what happens to messages. It is safe for concurrent use: some services work on parts side by side.
type tracer struct {
	options Options
	// places are where components stand in the document, by the component itself.
	places map[component.Component]document.Position

	// holders are the components that others stand in which would begin something when started.
	holders map[component.Component]bool
	// writers are the services that write a result to a file.
	writers map[component.Component]bool

	// mu guards the fields below, and all steps.
	mu sync.Mutex
	// last is how each message looked when it was looked at last.
	last map[*message.Message]look
	// busy is the step that works on a message now; owner the step that a message was made in, that of its part.
	busy    map[*message.Message]*Step
	owner   map[*message.Message]*Step
	steps   int
	records int
	leftOut int
	streams map[streamKey]Stream
	started []component.Component
	ready   map[component.Component]error
}

type streamKey struct {
	connection component.Connection
	name       string
}

func newTracer(a *adapter.Adapter, o Options) *tracer {
	t := &tracer{
		options: o, places: make(map[component.Component]document.Position), holders: make(map[component.Component]bool), last: make(map[*message.Message]look),
		busy: make(map[*message.Message]*Step), owner: make(map[*message.Message]*Step), streams: make(map[streamKey]Stream), ready: make(map[component.Component]error),
	}
	if t.options.Mask == nil {
		t.options.Mask = func(s string) string { return s }
	}
	t.writers = writersOf(a.Components())
	inside := make(map[*document.Node]bool)
	for _, d := range a.Components() {
		t.places[d.Component] = d.Node.Pos
		switch d.Component.(type) {
		case component.Service, component.Producer, component.Connection:
			for n := d.Node.Parent; n != nil; n = n.Parent {
				inside[n] = true
			}
		}
	}
	for _, d := range a.Components() {
		t.holders[d.Component] = inside[d.Node]
	}
	return t
}

// instrument has every service of the document observed, and puts a tracing condition, splitter and producer in place of each.
func (t *tracer) instrument(a *adapter.Adapter) {
	connections := make(map[component.Producer]component.Connection)
	for _, c := range a.Channels() {
		for _, w := range c.All() {
			for _, p := range component.Parts[component.Producer](w) {
				connections[p] = component.Resolve(c.ProduceConnection)
			}
		}
	}
	for _, d := range a.Components() {
		connection, _ := component.Element(d.Component, "connection").(component.Connection)
		component.Substitute(d.Component, func(p component.Producer) component.Producer {
			if c := connections[p]; c != nil {
				return t.producer(p, c)
			}
			return t.producer(p, component.Resolve(connection))
		})
	}
	for _, d := range a.Components() {
		if s, ok := d.Component.(component.Service); ok {
			component.Observe(s, func(ctx context.Context, m *message.Message) error { return t.service(ctx, s, m) })
		}
		component.Substitute(d.Component, func(c component.Condition) component.Condition { return &tracedCondition{t, c} })
		component.Substitute(d.Component, func(s component.Splitter) component.Splitter { return &tracedSplitter{t, s} })
	}
}

type parentKey struct{}

// within returns a context whose steps stand in parent.
func within(ctx context.Context, parent *Step) context.Context {
	return context.WithValue(ctx, parentKey{}, parent)
}

// open begins a step inside the one that m belongs to. What happened to m since it was looked at last was that outer step's doing.
func (t *tracer) open(ctx context.Context, m *message.Message, s *Step) *Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	parent := t.busy[m]
	if parent == nil {
		parent = t.owner[m]
	}
	if parent == nil { // a message that a service has made for the services inside it
		parent, _ = ctx.Value(parentKey{}).(*Step)
	}
	t.look(m, parent)
	s.Status, s.outer = StatusDone, t.busy[m]
	t.busy[m] = s
	if t.steps++; t.steps > mostSteps {
		t.leftOut++
		return s
	}
	parent.Steps = append(parent.Steps, s)
	return s
}

// close ends a step: what happened to m since it was looked at last was the step's doing. An outer step does not repeat why it failed.
func (t *tracer) close(m *message.Message, s *Step, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finish(m, s, err)
}

// pass ends a step that did nothing.
func (t *tracer) pass(m *message.Message, s *Step, status Status, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.finish(m, s, nil)
	s.Status, s.Why = status, why
}

// ignored says that the failure of a step was forgotten.
func (t *tracer) ignored(s *Step, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Status = StatusIgnored
	if s.Why == "" && !failedInside(s) {
		s.Why = err.Error()
	}
}

// answer is what a condition said.
func (t *tracer) answer(s *Step, holds bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Holds = &holds
}

// finish is close for who holds mu.
func (t *tracer) finish(m *message.Message, s *Step, err error) {
	t.look(m, s)
	if t.busy[m] = s.outer; s.outer == nil {
		delete(t.busy, m)
	}
	if err == nil {
		return
	}
	s.Status = StatusFailed
	if !failedInside(s) {
		s.Why = err.Error()
	}
}

// look compares m with how it looked before and gives the differences to a step. The caller holds mu.
func (t *tracer) look(m *message.Message, s *Step) {
	now := lookAt(m)
	if before, known := t.last[m]; known && s != nil {
		s.Metadata = mergeChanges(s.Metadata, t.masked(before.changes(now)))
		if c := before.payloadChange(now); c != nil {
			c.Preview = t.preview(now.payload)
			if s.Payload != nil {
				c.BytesBefore, c.KindBefore = s.Payload.BytesBefore, s.Payload.KindBefore
			}
			s.Payload = c
		}
	}
	t.last[m] = now
}

// step describes a component.
func (t *tracer) step(kind Kind, c component.Component, id string) *Step {
	s := &Step{Kind: kind, Class: component.AliasOf(c), ID: id, About: t.about(c)}
	if pos, ok := t.places[c]; ok {
		s.At = pos.String()
	}
	return s
}

// prepare starts a component that has a lifecycle, once, when it is first used. Those that hold others are left alone: all that
// they would start is what they hold, which may be a connection.
func (t *tracer) prepare(ctx context.Context, c component.Component) error {
	if t.holders[c] {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	err, known := t.ready[c]
	if known {
		return err
	}
	t.started = append(t.started, c)
	if err = component.Init(ctx, c); err == nil {
		err = component.Start(ctx, c)
	}
	t.ready[c] = err
	return err
}

// stop ends what prepare has started. Nothing has been sent, so there is nothing to say about a failure.
func (t *tracer) stop(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	for i := len(t.started) - 1; i >= 0; i-- {
		_ = component.Stop(ctx, t.started[i])
	}
}
