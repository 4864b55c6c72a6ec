package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/component"
	_ "github.com/adapterd/adapterd/pkg/connection"
	_ "github.com/adapterd/adapterd/pkg/consumer"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
	_ "github.com/adapterd/adapterd/pkg/producer"
	_ "github.com/adapterd/adapterd/pkg/service"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diary keeps the order of what components were told.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(format string, args ...any) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

// part is the lifecycle of a test's component.
type part struct {
	Name string `xml:"name"`

	diary *diary
	fail  string // the phase that fails
}

func (p *part) phase(name string) error {
	p.diary.note("%s %s", name, p.Name)
	if p.fail == name {
		return fmt.Errorf("%s can not %s", p.Name, name)
	}
	return nil
}
func (p *part) Init(context.Context) error  { return p.phase("init") }
func (p *part) Start(context.Context) error { return p.phase("start") }
func (p *part) Stop(context.Context) error  { return p.phase("stop") }

// source is a consumer whose messages the test offers. Like a real one it waits at its stop for the outcomes.
type source struct {
	part
	handle  component.Handler
	pending count
}

func (s *source) Bind(h component.Handler) { s.handle = h }

func (s *source) Stop(ctx context.Context) error {
	if err := s.phase("stop"); err != nil {
		return err
	}
	select {
	case <-s.pending.none():
		return nil
	case <-ctx.Done():
		return errors.New("source: outcomes are missing")
	}
}

// offered is a message that was offered, and its end.
type offered struct {
	m    *message.Message
	done chan struct{}

	mu    sync.Mutex
	err   error
	times int
}

// outcome waits for the end.
func (o *offered) outcome(t testing.TB) error {
	t.Helper()
	<-o.done
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.times != 1 {
		t.Errorf("done was called %d times", o.times)
	}
	return o.err
}

func (o *offered) over() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// offer hands a message to the workflow, and returns when the next may come.
func (s *source) offer(payload string) *offered {
	o := s.prepare(payload)
	s.send(o)
	return o
}

func (s *source) prepare(payload string) *offered {
	return &offered{m: message.New([]byte(payload)), done: make(chan struct{})}
}

func (s *source) send(o *offered) {
	s.pending.add()
	s.handle(context.Background(), o.m, func(err error) {
		o.mu.Lock()
		o.times++
		o.err = err
		first := o.times == 1
		o.mu.Unlock()
		if first {
			close(o.done)
			s.pending.done()
		}
	})
}

// offerAside offers without waiting for the workflow to take the message.
func (s *source) offerAside(payload string) *offered {
	o := s.prepare(payload)
	go s.send(o)
	return o
}

// probe is a service that does what the test says.
type probe struct {
	component.ServiceBase
	part
	apply func(ctx context.Context, m *message.Message) error
}

func (p *probe) Apply(ctx context.Context, m *message.Message) error {
	p.diary.note("%s %s", p.Name, m.Payload())
	if p.apply == nil {
		return nil
	}
	return p.apply(ctx, m)
}

// sink is a producer that does what the test says.
type sink struct {
	part
	produce func(ctx context.Context, m *message.Message) error
}

func (s *sink) Produce(ctx context.Context, m *message.Message) error {
	s.diary.note("%s %s", s.Name, m.Payload())
	if s.produce == nil {
		return nil
	}
	return s.produce(ctx, m)
}

// later is an asynchronous producer: the test says how each message ends.
type later struct {
	mu   sync.Mutex
	held []*message.Delivery
}

func (l *later) produce(_ context.Context, m *message.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	m.Delivery().Hold()
	l.held = append(l.held, m.Delivery())
	return nil
}

// end gives the oldest n messages their outcome; all for n < 0.
func (l *later) end(n int, err error) {
	l.mu.Lock()
	if n < 0 || n > len(l.held) {
		n = len(l.held)
	}
	ending := l.held[:n:n]
	l.held = l.held[n:]
	l.mu.Unlock()
	for _, d := range ending {
		d.Release(err)
	}
}

func init() {
	component.Register[source]("test-source", "", component.KindConsumer, "")
	component.Register[probe]("test-probe", "", component.KindService, "")
	component.Register[sink]("test-sink", "", component.KindProducer, "")
}

// parts are the test's components of a document, by name.
type parts struct {
	source *source
	probes map[string]*probe
	sinks  map[string]*sink
	diary  diary
}

// build decodes a workflow and attaches it; around may be zero.
func build[W Workflow](t testing.TB, xml string, around Surroundings) (W, *parts) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	d := component.NewDecoder(document.Environment{})
	w, _ := component.Decode[Workflow](d, node, "")
	d.Finish(nothingShared{})
	if errs := d.Problems().Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	p := &parts{probes: map[string]*probe{}, sinks: map[string]*sink{}}
	for _, c := range d.Components() {
		switch c := c.Component.(type) {
		case *source:
			c.diary = &p.diary
			p.source = c
		case *probe:
			c.diary = &p.diary
			p.probes[c.Name] = c
		case *sink:
			c.diary = &p.diary
			p.sinks[c.Name] = c
		}
	}
	if around.Channel == "" {
		around.Channel = "ch"
	}
	w.Attach(around)
	return w.(W), p
}

type nothingShared struct{}

func (nothingShared) Connection(string) (component.Connection, []string) { return nil, nil }
func (nothingShared) Service(string) (component.Service, []string)       { return nil, nil }

// run builds and starts a workflow, and stops it at the end of the test.
func run[W Workflow](t testing.TB, xml string, around Surroundings) (W, *parts) {
	t.Helper()
	w, p := build[W](t, xml, around)
	start(t, w)
	t.Cleanup(func() { stop(t, w) })
	return w, p
}

func start(t testing.TB, w component.Lifecycle) {
	t.Helper()
	if err := errors.Join(w.Init(t.Context()), w.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func stop(t testing.TB, w component.Lifecycle) {
	t.Helper()
	if err := w.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

const simple = `<standard-workflow><unique-id>w</unique-id><consumer class="test-source"><name>source</name></consumer>
	<service-collection class="service-list"><services><test-probe><name>service</name></test-probe></services></service-collection>
	<producer class="test-sink"><name>sink</name></producer>%s</standard-workflow>`

func simpleWith(more string) string { return fmt.Sprintf(simple, more) }

// standardHandler is an error handler with the probe "handler".
const standardHandler = `<message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="test-probe"><name>handler</name></processing-exception-service></message-error-handler>`

// handler makes an error handler as a channel or adapter has one.
func handler(t testing.TB, xml string) (component.ErrorHandler, map[string]*probe) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	d := component.NewDecoder(document.Environment{})
	h, _ := component.Decode[component.ErrorHandler](d, node, "")
	if errs := d.Problems().Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	probes := map[string]*probe{}
	for _, c := range d.Components() {
		if p, ok := c.Component.(*probe); ok {
			probes[p.Name] = p
		}
	}
	return h, probes
}

var errTest = errors.New("as the test wants it")

func fails(context.Context, *message.Message) error { return errTest }
