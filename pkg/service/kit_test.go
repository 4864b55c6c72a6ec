package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// record is what a stream got.
type record struct{ Stream, Key, Data string }

// streams is a connection that keeps what is produced to it.
type streams struct {
	id string
	// mu guards the fields below.
	mu      sync.Mutex
	records []record
	phases  []string
}

func (s *streams) ConnectionID() string { return s.id }
func (s *streams) Init(context.Context) error {
	s.phases = append(s.phases, "init connection")
	return nil
}
func (s *streams) Start(context.Context) error {
	s.phases = append(s.phases, "start connection")
	return nil
}
func (s *streams) Stop(context.Context) error {
	s.phases = append(s.phases, "stop connection")
	return nil
}

// ownStreams is a connection that a document declares in place.
type ownStreams struct{ streams }

type nullConnection struct{}

func (*nullConnection) ConnectionID() string { return "" }

// sharedStreams stands for a connection of the test's document.
type sharedStreams struct {
	LookupName string `xml:"lookup-name,required"`
	target     component.Connection
}

func (s *sharedStreams) ConnectionID() string         { return "" }
func (s *sharedStreams) Target() component.Connection { return s.target }
func (s *sharedStreams) Link(all component.Shared, r *component.Report) {
	if s.target, _ = all.Connection(s.LookupName); s.target == nil {
		r.Errorf("lookup-name", "unknown-reference", "is unknown")
	}
}

// streamProducer does what the Kinesis producers do, as far as a service can see it.
type streamProducer struct {
	Stream *expr.Template `xml:"stream,required"`
	Key    *expr.Template `xml:"partition-key,required"`
	to     *streams
}

func (p *streamProducer) Connect(c component.Connection) error {
	switch c := c.(type) {
	case *streams:
		p.to = c
	case *ownStreams:
		p.to = &c.streams
	default:
		return fmt.Errorf("%T is no connection to streams; use one", c)
	}
	return nil
}

func (p *streamProducer) Init(context.Context) error {
	p.to.phases = append(p.to.phases, "init producer")
	return nil
}
func (p *streamProducer) Start(context.Context) error {
	p.to.phases = append(p.to.phases, "start producer")
	return nil
}
func (p *streamProducer) Stop(context.Context) error {
	p.to.phases = append(p.to.phases, "stop producer")
	return nil
}

func (p *streamProducer) Produce(_ context.Context, m *message.Message) error {
	stream, err := p.Stream.Resolve(m)
	if err != nil {
		return err
	}
	key, err := p.Key.Resolve(m)
	if err != nil {
		return err
	}
	if n := utf8.RuneCountInString(key); n < 1 || n > 256 {
		return fmt.Errorf("the partition key has %d characters", n)
	}
	p.to.mu.Lock()
	defer p.to.mu.Unlock()
	p.to.records = append(p.to.records, record{strings.TrimSpace(stream), key, string(m.Payload())})
	m.SetMetadata("kinesisShardId", fmt.Sprintf("shard-%d", len(p.to.records)))
	return nil
}

// laterProducer learns outcomes when the test says so.
type laterProducer struct {
	// mu guards the fields below.
	mu      sync.Mutex
	waiting []*message.Delivery
	taken   []string
}

func (p *laterProducer) Produce(_ context.Context, m *message.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.Delivery().Hold()
	p.waiting = append(p.waiting, m.Delivery())
	p.taken = append(p.taken, string(m.Payload()))
	return nil
}

// probe is a service that does what the test wants.
type probe struct {
	component.ServiceBase
	Name string `xml:"name"`

	apply  func(context.Context, *message.Message) error
	phases *[]string
	fail   string
}

func (p *probe) Apply(ctx context.Context, m *message.Message) error {
	if p.apply == nil {
		return nil
	}
	return p.apply(ctx, m)
}

func (p *probe) phase(name string) error {
	if p.phases != nil {
		*p.phases = append(*p.phases, name+" "+p.Name)
	}
	if p.fail == name {
		return errors.New(name + " fails")
	}
	return nil
}
func (p *probe) Init(context.Context) error  { return p.phase("init") }
func (p *probe) Start(context.Context) error { return p.phase("start") }
func (p *probe) Stop(context.Context) error  { return p.phase("stop") }

func init() {
	component.Register[ownStreams]("test-streams", "", component.KindConnection, "")
	component.Register[nullConnection]("null-connection", "", component.KindConnection, "")
	component.Register[sharedStreams]("shared-connection", "", component.KindConnection, "")
	component.Register[streamProducer]("aws-kinesis-synchronous-stream-producer", "", component.KindProducer, "")
	component.Register[laterProducer]("test-later-producer", "", component.KindProducer, "")
	component.Register[probe]("test-probe", "", component.KindService, "")
}

// sharedParts is what stands under the document's shared-components.
type sharedParts struct {
	connections map[string]component.Connection
	services    map[string]component.Service
}

func (s sharedParts) Connection(id string) (component.Connection, []string) {
	return s.connections[id], slices.Sorted(func(yield func(string) bool) {
		for k := range s.connections {
			if !yield(k) {
				return
			}
		}
	})
}

func (s sharedParts) Service(id string) (component.Service, []string) {
	return s.services[id], slices.Sorted(func(yield func(string) bool) {
		for k := range s.services {
			if !yield(k) {
				return
			}
		}
	})
}

// decodeWith decodes a service and returns what is wrong with it.
func decodeWith(t testing.TB, xml string, shared sharedParts) (component.Service, []string) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if len(problems) > 0 {
		t.Fatalf("the test's XML: %v", problems)
	}
	d := component.NewDecoder(document.Environment{Variables: map[string]string{"LIMIT": "40"}})
	s, _ := component.Decode[component.Service](d, node, "")
	d.Finish(shared)
	var texts []string
	for _, p := range d.Problems() {
		texts = append(texts, fmt.Sprintf("%v: %s", p.Severity, p.Message))
	}
	return s, texts
}

// decode decodes a service that has no error.
func decode[S component.Service](t testing.TB, xml string) S {
	t.Helper()
	s, problems := decodeWith(t, xml, sharedParts{})
	for _, p := range problems {
		if strings.HasPrefix(p, string(document.SeverityError)) {
			t.Fatalf("decoding: %v", problems)
		}
	}
	typed, ok := s.(S)
	if !ok {
		t.Fatalf("decoded a %T", s)
	}
	return typed
}

// newMessage makes a message with metadata from pairs of key and value.
func newMessage(payload string, pairs ...string) *message.Message {
	m := message.New([]byte(payload))
	for i := 0; i < len(pairs); i += 2 {
		m.SetMetadata(pairs[i], pairs[i+1])
	}
	return m
}

func metadataOf(m *message.Message) map[string]string {
	out := map[string]string{}
	for _, k := range m.MetadataKeys() {
		out[k], _ = m.Metadata(k)
	}
	return out
}
