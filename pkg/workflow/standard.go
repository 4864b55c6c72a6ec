package workflow

import (
	"context"
	"errors"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Standard is Interlok's StandardWorkflow: services and producer see one message at a time, in the order of the consumer. The outcomes of
// an asynchronous producer come later; the next message does not wait for them.
type Standard struct {
	base
}

// Attach implements Workflow.
func (w *Standard) Attach(s Surroundings) { w.attach(s, 1, false) }

// MultiProducer is Interlok's MultiProducerWorkflow: a standard workflow that, after its producer, also runs standalone producers. Each of
// them gets the message, also when another one fails; any failure fails the message.
type MultiProducer struct {
	Standard
	More         []component.Service `xml:"standalone-producers>*" doc:"producers that get the message after the main one"`
	UseProcessed bool                `xml:"use-processed-message" default:"false" doc:"true gives them the message as the services left it, false as it was consumed"`
}

// Attach implements Workflow.
func (w *MultiProducer) Attach(s Surroundings) {
	w.afterProduce = w.produceMore
	w.Standard.Attach(s)
}

func (w *MultiProducer) produceMore(ctx context.Context, original, processed *message.Message) error {
	from := original
	if w.UseProcessed {
		from = processed
	}
	var errs []error
	for _, p := range w.More {
		m := from.Clone()
		m.SetDelivery(processed.Delivery())
		errs = append(errs, component.Apply(ctx, p, m))
	}
	return errors.Join(errs...)
}

// Init implements component.Lifecycle.
func (w *MultiProducer) Init(ctx context.Context) error {
	for _, p := range w.More {
		if err := component.Init(w.named(ctx), p); err != nil {
			return w.wrap(err)
		}
	}
	return w.Standard.Init(ctx)
}

// Start implements component.Lifecycle.
func (w *MultiProducer) Start(ctx context.Context) error {
	for _, p := range w.More {
		if err := component.Start(w.named(ctx), p); err != nil {
			return w.wrap(err)
		}
	}
	return w.Standard.Start(ctx)
}

// Stop implements component.Lifecycle.
func (w *MultiProducer) Stop(ctx context.Context) error {
	errs := []error{w.Standard.Stop(ctx)}
	for _, p := range w.More {
		errs = append(errs, w.wrap(component.Stop(w.named(ctx), p)))
	}
	return errors.Join(errs...)
}

func init() {
	component.Register[Standard]("standard-workflow", "com.adaptris.core.StandardWorkflow", component.KindWorkflow,
		"runs services and producer on one message at a time")
	component.Register[MultiProducer]("multi-producer-workflow", "com.adaptris.core.MultiProducerWorkflow", component.KindWorkflow,
		"a standard workflow with further producers after the main one")
}
