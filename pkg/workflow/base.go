package workflow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/telemetry"
)

// base is what all workflows share: their common fields, their parts, and what is under way.
type base struct {
	UniqueID     string                  `xml:"unique-id" doc:"name of the workflow in logs and errors"`
	Consumer     component.Consumer      `xml:"consumer" default:"null-message-consumer" doc:"where messages come from"`
	Services     component.Service       `xml:"service-collection" class:"service-list" default:"service-list" doc:"what happens to a message on its way"`
	Producer     component.Producer      `xml:"producer" default:"null-message-producer" doc:"where messages go"`
	ErrorHandler component.ErrorHandler  `xml:"message-error-handler" doc:"what becomes of messages that fail in this workflow"`
	Exceptions   ProduceExceptionHandler `xml:"produce-exception-handler" default:"null-produce-exception-handler" doc:"what happens to the connection when the producer fails"`
	Comments     string                  `xml:"comments" doc:"free text"`

	// Interceptors stand directly in the workflow, as Interlok writes them, or in a wrapper.
	Interceptors []Interceptor `xml:"*,implicit" doc:"what is told of each message before it takes its way, and when it is done"`
	Wrapped      []Interceptor `xml:"interceptors>*" doc:"the same, with <interceptors> around them"`

	SendEvents      bool   `xml:"send-events" effect:"none" doc:"accepted for compatibility: there are no events"`
	DisableCount    bool   `xml:"disable-default-message-count" effect:"none" doc:"accepted for compatibility: messages are always counted"`
	MessageLogger   string `xml:"message-logger" effect:"none" doc:"accepted for compatibility: failures are logged with id and reason"`
	UnavailableWait string `xml:"channel-unavailable-wait-interval" effect:"none" doc:"accepted for compatibility: a channel that is not available takes no message"`

	around Surroundings
	// counts are shared with the workflow that this one replaces.
	counts *counters
	// intercept are all interceptors.
	intercept []Interceptor
	// slots holds a token of each message on its way; its capacity is how many may be.
	slots chan struct{}
	// sideBySide lets the consumer go on as soon as its message has a slot.
	sideBySide bool
	paused     pause
	// refusesPaused says that messages are refused while the workflow is paused, and not held back.
	refusesPaused bool
	// afterProduce runs after the producer on the processed message; nil for most workflows. It may fail the message.
	afterProduce func(ctx context.Context, original, processed *message.Message) error

	failures jobs
	backlog  backlog

	// mu guards shift and, with it, who may still enter it.
	mu sync.Mutex
	// shift is nil while the workflow is stopped.
	shift *shift
}

// counters are atomic because outcomes come from many goroutines.
type counters struct {
	consumed                              atomic.Int64
	pulse                                 pulse // between them, for it keeps apart what consumers and outcomes write
	delivered, handled, failed, givenBack atomic.Int64
}

// shift is the time from a Start to its Stop. Messages belong to the one in which they were consumed, even if they outlive it.
type shift struct {
	// work carries the logger and ends when a stopping workflow runs out of time; stopping ends as soon as the workflow begins to stop.
	work, stopping     context.Context
	abort, beginToStop context.CancelFunc
	// ways counts the messages that wait for a slot or are in the services or the producer, open those that have no outcome yet.
	ways, open count
	// journeys is nil without telemetry.
	journeys *journeys
}

func newShift(ctx context.Context) *shift {
	s := new(shift)
	s.work, s.abort = context.WithCancel(context.WithoutCancel(ctx))
	s.stopping, s.beginToStop = context.WithCancel(context.WithValue(s.work, workKey{}, s.work))
	return s
}

// workKey finds, in the context of an error handler, the context of the services that it runs: those are not interrupted as soon as the
// workflow begins to stop.
type workKey struct{}

func workOf(ctx context.Context) context.Context {
	if work, ok := ctx.Value(workKey{}).(context.Context); ok {
		return telemetry.Carry(work, ctx)
	}
	return context.WithoutCancel(ctx)
}

// gaveUp says that err is no failure of a message, but comes from stopping.
func (s *shift) gaveUp(err error) bool {
	return errors.Is(err, component.ErrStopped) || s.work.Err() != nil && errors.Is(err, context.Canceled)
}

// ID implements Workflow.
func (w *base) ID() string { return w.UniqueID }

// SetID implements Workflow.
func (w *base) SetID(id string) { w.UniqueID = id }

// Source implements Workflow.
func (w *base) Source() component.Consumer { return w.Consumer }

// Target implements Workflow.
func (w *base) Target() component.Producer { return w.Producer }

// attach names what is around the workflow, which processes atOnce messages at a time.
func (w *base) attach(s Surroundings, atOnce int, sideBySide bool) {
	w.around = s
	w.around.ErrorHandler = Nearest(w.ErrorHandler, s.ErrorHandler)
	if c, ok := w.Consumer.(component.SideBySide); ok && c.OffersSideBySide() {
		w.refusesPaused = true
		sideBySide = false // it does that
	}
	w.slots, w.sideBySide = make(chan struct{}, atOnce), sideBySide
	w.counts, w.intercept = new(counters), w.interceptors()
	if w.around.Throttles == nil {
		w.around.Throttles = new(Throttles)
	}
	for _, i := range w.intercept {
		if i, ok := i.(surrounded); ok {
			i.attach(w.around)
		}
	}
	w.Consumer.Bind(w.handle)
}

// Connect implements Workflow.
func (w *base) Connect(consume, produce component.Connection, r *component.Report) {
	connect("consumer", w.Consumer, consume, r)
	connect("producer", w.Producer, produce, r)
}

func connect(element string, c component.Component, to component.Connection, r *component.Report) {
	if l, ok := c.(component.Connectable); ok {
		if err := l.Connect(component.Resolve(to)); err != nil {
			r.Errorf(element, "wrong-connection", ": %v", err)
		}
	}
}

// Inherit implements Workflow.
func (w *base) Inherit(from Workflow) {
	if b, ok := from.(interface{ countsOf() *counters }); ok {
		w.counts = b.countsOf()
	}
	if c, ok := w.Consumer.(heir); ok {
		c.Inherit(from.Source())
	}
}

// heir is a consumer that goes on with what the one remembers that it replaces. Inherit is called at most once, before Init, while the other
// one may still run.
type heir interface{ Inherit(from component.Consumer) }

func (w *base) countsOf() *counters { return w.counts }

// Counts implements Workflow. A workflow that is not attached has none.
func (w *base) Counts() Counts {
	if w.counts == nil {
		return Counts{}
	}
	c := Counts{
		Delivered: w.counts.delivered.Load(), Handled: w.counts.handled.Load(), Failed: w.counts.failed.Load(), GivenBack: w.counts.givenBack.Load(),
	}
	// Read last, so that what is in flight is never negative.
	c.Consumed = w.counts.consumed.Load()
	c.InFlight = c.Consumed - c.Delivered - c.Handled - c.Failed - c.GivenBack
	return c
}

func (w *base) named(ctx context.Context) context.Context {
	return component.WithLogger(ctx, component.Logger(ctx).With(zap.String("workflow", w.UniqueID)))
}

func (w *base) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("workflow %s: %w", w.UniqueID, err)
}

// name is how error handlers and metadata call the workflow.
func (w *base) name() string { return w.UniqueID + "@" + w.around.Channel }
