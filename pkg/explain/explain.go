package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// Options say which way is explained, and what is known of the streams at its end.
type Options struct {
	// Channel and Workflow are unique-ids. Either may be empty where there is only one to choose from.
	Channel, Workflow string
	// Stream tells the shards of a stream; nil if nobody knows. It is asked once for each stream of each connection.
	Stream func(ctx context.Context, c component.Connection, stream string) (Stream, error)
	// Mask puts something else in place of the secrets in a text; nil if there are none. Values are masked before they are shortened: of
	// a secret that is cut, nobody would know the beginning. It must be safe for concurrent use.
	Mask func(text string) string
}

// ErrChoice says that Options name no workflow of the document, or could mean several.
var ErrChoice = errors.New("no workflow is chosen")

// choiceError is an ErrChoice that says why.
type choiceError string

func (e choiceError) Error() string        { return string(e) }
func (e choiceError) Is(target error) bool { return target == ErrChoice }

// Message takes m through a workflow of a and reports what happened to it. The adapter is used up by that: it must not be started, before
// or after, nor explained again. m is what the consumer would hand over; it is left as it is. The error is ErrChoice
// (wrapped); a failure of the message is no error but part of the report, also one that ctx's end brought about.
func Message(ctx context.Context, a *adapter.Adapter, m *message.Message, o Options) (*Report, error) {
	c, w, err := choose(a, o)
	if err != nil {
		return nil, err
	}
	t := newTracer(a, o)
	t.instrument(a)
	defer t.stop(ctx)
	r := &Report{Channel: c.UniqueID, Workflow: w.ID(), Class: component.AliasOf(w), Start: t.snapshotOf(m), Steps: []*Step{}}
	trunk := new(Step)
	processed := m.Clone()
	failure := t.way(within(ctx, trunk), w, m, processed)
	records := t.records // those of error handlers are theirs
	r.Steps, r.End = trunk.Steps, t.snapshotOf(processed)
	if r.Steps == nil {
		r.Steps = []*Step{}
	}
	switch {
	case failure != nil && ctx.Err() != nil:
		r.Failure = fmt.Sprintf("the services did not end in time, so the rest of the way is not known: %v", failure)
	case failure != nil:
		r.Failure = failure.Error()
		r.Handlers = t.handlers(ctx, handlersOf(a, c, w), w.ID()+"@"+c.UniqueID, m, failure)
	}
	r.RecordCount, r.LeftOut = records, t.leftOut
	return r, nil
}

// choose finds the channel and the workflow meant.
func choose(a *adapter.Adapter, o Options) (*channel.Channel, workflow.Workflow, error) {
	channels := a.Channels()
	var names []string
	for _, c := range channels {
		names = append(names, c.UniqueID)
	}
	i, err := one("channel", o.Channel, names)
	if err != nil {
		return nil, nil, err
	}
	workflows := channels[i].All()
	names = nil
	for _, w := range workflows {
		names = append(names, w.ID())
	}
	j, err := one("workflow", o.Workflow, names)
	if err != nil {
		return nil, nil, err
	}
	return channels[i], workflows[j], nil
}

func one(what, wanted string, names []string) (int, error) {
	all := strings.Join(names, ", ")
	switch i := slices.Index(names, wanted); {
	case i >= 0:
		return i, nil
	case len(names) == 0:
		return 0, choiceError("the document has no " + what)
	case wanted == "" && len(names) == 1:
		return 0, nil
	case wanted == "":
		return 0, choiceError(fmt.Sprintf("there are several %ss, say which with --%s: %s", what, what, all))
	}
	hint := document.DidYouMean(wanted, names, nil)
	if hint == "" {
		hint = "; there are: " + all
	}
	return 0, choiceError(fmt.Sprintf("there is no %s %q%s", what, wanted, hint))
}

// way is a workflow's: services, producer, then the producers that multi-producer-workflow has more.
func (t *tracer) way(ctx context.Context, w workflow.Workflow, original, m *message.Message) error {
	m.SetDelivery(message.NewDelivery(func(error) {}))
	if s, ok := component.Element(w, "service-collection").(component.Service); ok {
		if err := t.apply(ctx, s, m); err != nil {
			return err
		}
	}
	if p, ok := component.Element(w, "producer").(component.Producer); ok && !m.SkipsProducer() {
		if err := p.Produce(ctx, m); err != nil {
			return fmt.Errorf("producer: %w", err)
		}
	}
	more, _ := component.Element(w, "standalone-producers").([]component.Service)
	from := original
	if processed, _ := component.Element(w, "use-processed-message").(bool); processed {
		from = m
	}
	var errs []error
	for _, s := range more {
		clone := from.Clone()
		clone.SetDelivery(m.Delivery())
		errs = append(errs, t.apply(ctx, s, clone))
	}
	return errors.Join(errs...)
}

// apply runs a service as a workflow does; a panic is a failure of the message.
func (t *tracer) apply(ctx context.Context, s component.Service, m *message.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a component panicked: %v", p)
		}
	}()
	return component.Apply(ctx, s, m)
}
