package consumer

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// decodeAny decodes a component; problems come as one text, notes left out.
func decodeAny[C any](t testing.TB, xml string) (C, string) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	d := component.NewDecoder(document.Environment{})
	c, _ := component.Decode[C](d, node, "")
	d.Finish(nothingShared{})
	return c, d.Problems().Errors().Error()
}

func decode[C any](t testing.TB, xml string) C {
	t.Helper()
	c, problems := decodeAny[C](t, xml)
	if problems != "" {
		t.Fatal(problems)
	}
	return c
}

type nothingShared struct{}

func (nothingShared) Connection(string) (component.Connection, []string) { return nil, nil }
func (nothingShared) Service(string) (component.Service, []string)       { return nil, nil }

// neverPoller leaves polling to the test.
type neverPoller struct{}

func (*neverPoller) Next(time.Time, time.Time) time.Time { return time.Time{} }

// alwaysPoller polls all the time.
type alwaysPoller struct{}

func (*alwaysPoller) Next(now, _ time.Time) time.Time { return now }

// setText is a service that makes a payload.
type setText struct {
	component.ServiceBase
	Text  string `xml:"text"`
	phase []string
}

func (s *setText) Apply(_ context.Context, m *message.Message) error {
	if s.Text == "panic" {
		panic("as the test wants it")
	}
	m.SetPayload([]byte(s.Text))
	m.SetMetadata("made", "yes")
	return nil
}
func (s *setText) Init(context.Context) error  { s.phase = append(s.phase, "init"); return nil }
func (s *setText) Start(context.Context) error { s.phase = append(s.phase, "start"); return nil }
func (s *setText) Stop(context.Context) error  { s.phase = append(s.phase, "stop"); return nil }

func init() {
	component.Register[neverPoller]("test-never-poller", "", component.KindPoller, "")
	component.Register[alwaysPoller]("test-always-poller", "", component.KindPoller, "")
	component.Register[setText]("test-set-text", "", component.KindService, "")
}

// offer is a message that the workflow got.
type offer struct {
	m    *message.Message
	done func(error)
}

func (o offer) metadata(key string) string {
	v, _ := o.m.Metadata(key)
	return v
}

// taker is a workflow that keeps messages until the test says how they end, unless at is set.
type taker struct {
	at func(offer)

	mu     sync.Mutex
	offers []offer
}

func (k *taker) handle(_ context.Context, m *message.Message, done func(error)) {
	o := offer{m, done}
	k.mu.Lock()
	k.offers = append(k.offers, o)
	at := k.at
	k.mu.Unlock()
	if at != nil {
		at(o)
	}
}

// take returns what was offered since the last call.
func (k *taker) take() []offer {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := k.offers
	k.offers = nil
	return all
}

func payloads(offers []offer) []string {
	var out []string
	for _, o := range offers {
		out = append(out, string(o.m.Payload()))
	}
	return out
}

// start binds, initialises and starts a consumer, and stops it at the end of the test.
func start(t testing.TB, c component.Consumer, handle component.Handler) {
	t.Helper()
	c.Bind(handle)
	if err := c.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func stop(t testing.TB, c component.Lifecycle) {
	t.Helper()
	if err := c.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}
