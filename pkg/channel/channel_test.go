package channel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/component"
	_ "github.com/adapterd/adapterd/pkg/connection"
	_ "github.com/adapterd/adapterd/pkg/consumer"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
	_ "github.com/adapterd/adapterd/pkg/producer"
	_ "github.com/adapterd/adapterd/pkg/service"
	"github.com/adapterd/adapterd/pkg/workflow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// log is what the components of a test were told, in order. Workflows stop side by side.
type log struct {
	mu    sync.Mutex
	lines []string
}

// part is a component that notes its phases, and fails in one.
type part struct {
	Name string `xml:"name"`

	log  *log
	fail string
}

func (p *part) phase(name string) error {
	p.log.mu.Lock()
	defer p.log.mu.Unlock()
	p.log.lines = append(p.log.lines, name+" "+p.Name)
	if p.fail == name {
		return fmt.Errorf("%s can not %s", p.Name, name)
	}
	return nil
}
func (p *part) Init(context.Context) error  { return p.phase("init") }
func (p *part) Start(context.Context) error { return p.phase("start") }
func (p *part) Stop(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s has no time to stop", p.Name)
	}
	return p.phase("stop")
}

type (
	testConnection struct{ part }
	testConsumer   struct {
		part
		handle component.Handler
	}
	testProducer struct{ part }
	testHandler  struct{ part }
)

func (*testConnection) ConnectionID() string     { return "" }
func (c *testConsumer) Bind(h component.Handler) { c.handle = h }
func (*testProducer) Produce(context.Context, *message.Message) error {
	return errors.New("as the test wants it")
}
func (*testHandler) HandleError(_ context.Context, _ component.Failed, d func(error)) { d(nil) }

func init() {
	component.Register[testConnection]("test-connection", "", component.KindConnection, "")
	component.Register[testConsumer]("test-consumer", "", component.KindConsumer, "")
	component.Register[testProducer]("test-producer", "", component.KindProducer, "")
	component.Register[testHandler]("test-handler", "", component.KindErrorHandler, "")
}

type nothingShared struct{}

func (nothingShared) Connection(string) (component.Connection, []string) { return nil, nil }
func (nothingShared) Service(string) (component.Service, []string)       { return nil, nil }

// decode returns the channel, its parts by name, and what is wrong with it.
func decode(t *testing.T, xml string) (*Channel, map[string]*part, *log, document.Problems) {
	t.Helper()
	node, problems := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	d := component.NewDecoder(document.Environment{})
	c, _ := component.Decode[*Channel](d, node, "channel")
	d.Finish(nothingShared{})
	l, parts := new(log), map[string]*part{}
	for _, c := range d.Components() {
		var p *part
		switch c := c.Component.(type) {
		case *testConnection:
			p = &c.part
		case *testConsumer:
			p = &c.part
		case *testProducer:
			p = &c.part
		case *testHandler:
			p = &c.part
		default:
			continue
		}
		p.log = l
		parts[p.Name] = p
	}
	return c, parts, l, d.Problems().Errors()
}

func mustDecode(t *testing.T, xml string) (*Channel, map[string]*part, *log) {
	t.Helper()
	c, parts, l, problems := decode(t, xml)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c.Attach(Surroundings{})
	return c, parts, l
}

const full = `<channel><unique-id>ch</unique-id>
	<consume-connection class="test-connection"><name>consume</name></consume-connection>
	<produce-connection class="test-connection"><name>produce</name></produce-connection>
	<message-error-handler class="test-handler"><name>handler</name></message-error-handler>
	<workflow-list>
		<standard-workflow><unique-id>one</unique-id><consumer class="test-consumer"><name>source1</name></consumer><producer class="test-producer"><name>sink1</name></producer></standard-workflow>
		<pooling-workflow><unique-id>two</unique-id><consumer class="test-consumer"><name>source2</name></consumer><producer class="test-producer"><name>sink2</name></producer></pooling-workflow>
	</workflow-list></channel>`

func TestPartsStartAndStopInOrder(t *testing.T) {
	c, _, l := mustDecode(t, full)
	if err := errors.Join(c.Init(t.Context()), c.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"init handler", "init produce", "init consume", "init sink1", "init source1", "init sink2", "init source2",
		"start handler", "start produce", "start sink1", "start source1", "start sink2", "start source2", "start consume",
	}
	if diff := cmp.Diff(want, l.lines); diff != "" {
		t.Errorf("start (-want +got):\n%s", diff)
	}
	l.lines = nil
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Workflows stop side by side, each consumer before its producer, and before the connections: requests that a consume connection holds
	// open are answered with their outcome.
	at := map[string]int{}
	for i, line := range l.lines {
		at[line] = i
	}
	if at["stop source1"] > at["stop sink1"] || at["stop source2"] > at["stop sink2"] {
		t.Errorf("stop: %v", l.lines)
	}
	if diff := cmp.Diff([]string{"stop consume", "stop produce", "stop handler"}, l.lines[4:]); diff != "" {
		t.Errorf("stop (-want +got):\n%s", diff)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Errorf("second stop: %v", err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Errorf("restart: %v", err)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFailureInTheMiddleStopsWhatWasStarted(t *testing.T) {
	for _, phase := range []string{"init", "start"} {
		for _, name := range []string{"handler", "produce", "consume", "sink1", "source1", "sink2", "source2"} {
			t.Run(phase+" "+name, func(t *testing.T) {
				c, parts, l := mustDecode(t, full)
				parts[name].fail = phase
				ctx, cancel := context.WithCancel(t.Context())
				err := c.Init(ctx)
				if phase == "start" {
					if err != nil {
						t.Fatal(err)
					}
					cancel() // an interrupted start cleans up all the same
					err = c.Start(ctx)
				}
				cancel()
				if err == nil || !strings.Contains(err.Error(), "channel ch: ") || !strings.Contains(err.Error(), name+" can not "+phase) {
					t.Errorf("error: %v", err)
				}
				if strings.Contains(err.Error(), "no time to stop") {
					t.Errorf("error: %v", err)
				}
				running := map[string]bool{}
				for _, line := range l.lines {
					what, who, _ := strings.Cut(line, " ")
					running[who] = what != "stop"
				}
				for who, runs := range running {
					if runs {
						t.Errorf("%s was not stopped: %v", who, l.lines)
					}
				}
			})
		}
	}
}

func TestStopTellsEveryError(t *testing.T) {
	c, parts, _ := mustDecode(t, full)
	if err := errors.Join(c.Init(t.Context()), c.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	names := []string{"handler", "produce", "consume", "sink1", "source2"}
	for _, name := range names {
		parts[name].fail = "stop"
	}
	err := c.Stop(t.Context())
	for _, name := range names {
		if err == nil || !strings.Contains(err.Error(), name+" can not stop") {
			t.Errorf("no word of %s: %v", name, err)
		}
	}
}

// What the seed's documents write and what real Interlok writes mean the same.
func TestBothFormsDecodeToTheSame(t *testing.T) {
	const inside = `<consumer class="test-consumer"><name>source</name></consumer><producer class="test-producer"><name>sink</name></producer>`
	const head = `<channel><unique-id>ch</unique-id>`
	describe := func(c *Channel) []string {
		var out []string
		for _, w := range c.All() {
			out = append(out, fmt.Sprintf("%T %s %T %T", w, w.ID(), w.Source(), c.ErrorHandler))
		}
		return out
	}
	real, _, _ := mustDecode(t, head+`<workflow-list><standard-workflow><unique-id>w</unique-id>`+inside+`</standard-workflow></workflow-list></channel>`)
	want := describe(real)
	if len(want) != 1 {
		t.Fatal(want)
	}
	for name, xml := range map[string]string{
		"workflow":                      `<workflow><unique-id>w</unique-id>` + inside + `</workflow>`,
		"workflow with class":           `<workflow class="standard-workflow"><unique-id>w</unique-id>` + inside + `</workflow>`,
		"workflow with Java class":      `<workflow class="com.adaptris.core.StandardWorkflow"><unique-id>w</unique-id>` + inside + `</workflow>`,
		"its own name in the channel":   `<standard-workflow><unique-id>w</unique-id>` + inside + `</standard-workflow>`,
		"services in the list directly": `<workflow><unique-id>w</unique-id>` + inside + `<service-collection class="service-list"><null-service/></service-collection></workflow>`,
		"services wrapped":              `<workflow><unique-id>w</unique-id>` + inside + `<service-collection class="service-list"><services><null-service/></services></service-collection></workflow>`,
	} {
		t.Run(name, func(t *testing.T) {
			c, _, _ := mustDecode(t, head+xml+`</channel>`)
			if diff := cmp.Diff(want, describe(c)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("several, of several kinds", func(t *testing.T) {
		c, _, _ := mustDecode(t, head+`<workflow>`+inside+`</workflow><workflow class="pooling-workflow">`+inside+`</workflow><multi-producer-workflow>`+inside+`</multi-producer-workflow></channel>`)
		var got []string
		for _, w := range c.All() {
			got = append(got, fmt.Sprintf("%T %s", w, w.ID()))
		}
		if diff := cmp.Diff([]string{"*workflow.Standard workflow-1", "*workflow.Pooling workflow-2", "*workflow.MultiProducer workflow-3"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestWorkflowsWithoutIDGetOneThatIsFree(t *testing.T) {
	c, _, _ := mustDecode(t, `<channel><workflow/><workflow><unique-id>workflow-3</unique-id></workflow><workflow/><workflow/></channel>`)
	var got []string
	for _, w := range c.All() {
		got = append(got, w.ID())
	}
	if diff := cmp.Diff([]string{"workflow-1", "workflow-3", "workflow-4", "workflow-5"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestChannelRefuses(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"no workflow": {`<channel/>`, "has no workflow; add a <workflow-list>"},
		"two of one id": {`<channel><workflow><unique-id>w</unique-id></workflow><workflow><unique-id>w</unique-id></workflow></channel>`,
			`has two workflows with the <unique-id> "w"; give one of them another`},
		"consumer without its connection": {`<channel><workflow><consumer class="jetty-message-consumer"><path>/x</path></consumer></workflow></channel>`,
			"jetty-message-consumer needs a jetty-http-connection or jetty-embedded-connection as its consume-connection, not null-connection"},
		"producer without its connection": {`<channel><workflow><producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>k</partition-key></producer></workflow></channel>`,
			"aws-kinesis-kpl-inline-connection"},
		"a workflow that is not supported": {`<channel><workflow-list><request-reply-workflow/></workflow-list></channel>`,
			"request-reply-workflow (com.adaptris.core.RequestReplyWorkflow, module interlok-core) is known to Interlok, not supported here"},
		"an interceptor that is not supported": {`<channel><workflow><jetty-no-backlog-interceptor/></workflow></channel>`,
			"jetty-no-backlog-interceptor (com.adaptris.core.http.jetty.JettyNoBacklogInterceptor, module interlok-core) is known to Interlok, not supported here"},
		"no workflow in the list": {`<channel><workflow-list><standard-worflow/></workflow-list></channel>`, "did you mean standard-workflow"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, problems := decode(t, c.xml)
			if !strings.Contains(problems.Error(), c.want) {
				t.Errorf("got %v\nwant %s", problems, c.want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	c, _, _ := mustDecode(t, `<channel><workflow/></channel>`)
	if !c.AutoStart || component.AliasOf(c.ConsumeConnection) != "null-connection" || component.AliasOf(c.ProduceConnection) != "null-connection" || component.AliasOf(c.All()[0].Source()) != "null-message-consumer" {
		t.Errorf("defaults: %+v", c)
	}
	if err := errors.Join(c.Init(t.Context()), c.Start(t.Context()), c.Stop(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestCountsAreSums(t *testing.T) {
	c, _, _ := mustDecode(t, full)
	if err := errors.Join(c.Init(t.Context()), c.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	for _, w := range c.All() {
		done.Add(1)
		w.Source().(*testConsumer).handle(t.Context(), message.New(nil), func(error) { done.Done() })
	}
	done.Wait()
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.All()[0].Source().(*testConsumer).handle(t.Context(), message.New(nil), func(error) {})
	if diff := cmp.Diff(workflow.Counts{Consumed: 3, Handled: 2, GivenBack: 1}, c.Counts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
