package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// probes finds the probes in a service by their name.
func probes(s component.Service) map[string]*probe {
	found := map[string]*probe{}
	var walk func(component.Service)
	walk = func(s component.Service) {
		if p, ok := s.(*probe); ok {
			found[p.Name] = p
		}
		if c, ok := s.(container); ok {
			for _, inner := range c.contained() {
				walk(inner)
			}
		}
	}
	walk(s)
	return found
}

// note is the XML of a service that appends to the metadata "way".
func note(id string) string {
	return `<service class="test-probe"><unique-id>` + id + `</unique-id><name>` + id + `</name></service>`
}

// noting makes every probe of s append its name to the metadata "way".
func noting(s component.Service) {
	for _, p := range probes(s) {
		p.apply = func(_ context.Context, m *message.Message) error {
			way, _ := m.Metadata("way")
			m.SetMetadata("way", strings.TrimSpace(way+" "+p.Name))
			return nil
		}
	}
}

func way(m *message.Message) string {
	v, _ := m.Metadata("way")
	return v
}

func failing(err error) func(context.Context, *message.Message) error {
	return func(context.Context, *message.Message) error { return err }
}

// lifecycleOf runs a service through its phases and returns which of its probes saw which.
func lifecycleOf(t *testing.T, s component.Service) []string {
	t.Helper()
	var phases []string
	for _, p := range probes(s) {
		p.phases = &phases
	}
	for _, phase := range []func(context.Context, component.Component) error{component.Init, component.Start, component.Stop, component.Stop} {
		if err := phase(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return phases
}

func TestFlowServicesForwardTheirLifecycle(t *testing.T) {
	const one = "init a, start a, stop a, stop a"
	for name, c := range map[string]struct{ xml, want string }{
		"clone":     {`<clone-message-service-list><services><test-probe><name>a</name></test-probe></services></clone-message-service-list>`, one},
		"wrapper":   {`<exception-handling-service-wrapper><service class="test-probe"><name>a</name></service><exception-handling-service class="test-probe"><name>b</name></exception-handling-service></exception-handling-service-wrapper>`, "init b, init a, start b, start a, stop a, stop b, stop a, stop b"},
		"retrying":  {`<retrying-service-wrapper>` + note("a") + `</retrying-service-wrapper>`, one},
		"stateless": {`<stateless-service-wrapper>` + note("a") + `</stateless-service-wrapper>`, one},
		"switch":    {`<switch><case><condition class="never"/>` + note("a") + `</case></switch>`, one},
		"while":     {`<while><condition class="never"/><then>` + note("a") + `</then></while>`, one},
		"branching": {`<branching-service-collection><first-service-id>a</first-service-id><services><test-probe><unique-id>a</unique-id><name>a</name></test-probe></services></branching-service-collection>`, one},
		"enabler": {`<branching-service-collection><first-service-id>e</first-service-id><services><branching-service-enabler><unique-id>e</unique-id><success-id>e</success-id><failure-id>e</failure-id>` +
			note("a") + `</branching-service-enabler></services></branching-service-collection>`, one},
		"for each": {`<for-each-json-array-element-service><json-array-source class="string-payload-data-input-parameter"/><per-element-destination class="string-payload-data-output-parameter"/><for-each-element-service class="test-probe"><name>a</name></for-each-element-service></for-each-json-array-element-service>`, one},
		"pool":     {`<pooling-message-splitter-service><splitter class="json-array-splitter"/>` + note("a") + `</pooling-message-splitter-service>`, one},
		"join":     {`<pooled-split-join-service><splitter class="json-array-splitter"/><aggregator class="null-message-aggregator"/>` + note("a") + `</pooled-split-join-service>`, one},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[component.Service](t, c.xml)
			if got := strings.Join(lifecycleOf(t, s), ", "); got != c.want {
				t.Errorf("phases are %s; want %s", got, c.want)
			}
		})
	}
}

func TestStopProcessingEndsOnlyWhatItStandsIn(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"list":          {`<service-list><services>` + probeXML("a") + `<stop-processing-service/>` + probeXML("b") + `</services></service-list>`, "a"},
		"list in list":  {`<service-list><services><service-list><services><stop-processing-service/></services></service-list>` + probeXML("b") + `</services></service-list>`, ""},
		"disabled":      {`<service-list><services><stop-processing-service><enabled>false</enabled></stop-processing-service>` + probeXML("b") + `</services></service-list>`, "b"},
		"clone":         {`<service-list><services><clone-message-service-list><services><stop-processing-service/></services></clone-message-service-list>` + probeXML("b") + `</services></service-list>`, "b"},
		"part":          {`<service-list><services><advanced-message-splitter-service><splitter class="json-array-splitter"/><service class="stop-processing-service"/></advanced-message-splitter-service>` + probeXML("b") + `</services></service-list>`, "b"},
		"metadata only": {`<service-list><services><add-metadata-service><metadata-element><key>adpstopprocessing</key><value>true</value></metadata-element></add-metadata-service>` + probeXML("b") + `</services></service-list>`, ""},
		"clone brings it": {`<service-list><services><clone-message-service-list><override-metadata-filter class="no-op-metadata-filter"/><services><stop-processing-service/>` + probeXML("c") + `</services></clone-message-service-list>` +
			probeXML("b") + `</services></service-list>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[component.Service](t, c.xml)
			noting(s)
			m := newMessage("[1,2]")
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			if got := way(m); got != c.want {
				t.Errorf("its way is %q; want %q", got, c.want)
			}
		})
	}
}

func probeXML(name string) string {
	return `<test-probe><unique-id>` + name + `</unique-id><name>` + name + `</name></test-probe>`
}

func TestWait(t *testing.T) {
	for name, c := range map[string]struct {
		xml  string
		want time.Duration
	}{
		"default":  {`<wait-service/>`, 20 * time.Second},
		"interval": {`<wait-service><wait-interval><unit>MINUTES</unit><interval>2</interval></wait-interval></wait-service>`, 2 * time.Minute},
		"nothing":  {`<wait-service><wait-interval><interval>0</interval></wait-interval></wait-service>`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := decode[*Wait](t, c.xml)
				start := time.Now()
				if err := s.Apply(t.Context(), newMessage("")); err != nil || time.Since(start) != c.want {
					t.Errorf("waited %v, %v", time.Since(start), err)
				}
				s.Randomize = true
				start = time.Now()
				if err := s.Apply(t.Context(), newMessage("")); err != nil || time.Since(start) > c.want {
					t.Errorf("waited %v, %v", time.Since(start), err)
				}
			})
		})
	}
}

func TestWaitThatIsInterruptedGivesTheMessageBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := decode[*Wait](t, `<wait-service><continue-on-fail>true</continue-on-fail></wait-service>`)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if err := component.Apply(ctx, s, newMessage("")); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		if err := s.Apply(ctx, newMessage("")); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestAlwaysFailAndInputOutput(t *testing.T) {
	if err := component.Apply(t.Context(), decode[*AlwaysFail](t, `<always-fail-service/>`), newMessage("")); err == nil {
		t.Error("passed")
	}
	m := newMessage("x", "k", "v")
	if err := component.Apply(t.Context(), decode[*InputOutput](t, `<input-output-service/>`), m); err != nil || string(m.Payload()) != "x" {
		t.Errorf("%q, %v", m.Payload(), err)
	}
}

func TestCloneListDropsWhatBecomesOfCopies(t *testing.T) {
	const services = `<services><test-probe><name>a</name></test-probe><test-probe><name>off</name><enabled>false</enabled></test-probe><test-probe><name>b</name></test-probe></services>`
	for name, c := range map[string]struct {
		options string
		want    map[string]string
	}{
		"all dropped":  {"", map[string]string{"k": "v"}},
		"some is kept": {`<override-metadata-filter class="regex-metadata-filter"><include-pattern>^way</include-pattern></override-metadata-filter>`, map[string]string{"k": "v", "way": "a b"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[*CloneList](t, `<clone-message-service-list>`+c.options+services+`</clone-message-service-list>`)
			var payloads []string
			for _, p := range probes(s) {
				p.apply = func(_ context.Context, m *message.Message) error {
					payloads = append(payloads, p.Name+" got "+string(m.Payload()))
					before, _ := m.Metadata("way")
					m.SetMetadata("way", strings.TrimSpace(before+" "+p.Name))
					m.SetMetadata("k", "changed")
					m.SetPayload([]byte("changed"))
					return nil
				}
			}
			m := newMessage("p", "k", "v")
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, metadataOf(m)); diff != "" || string(m.Payload()) != "p" {
				t.Errorf("payload %q, metadata (-want +got):\n%s", m.Payload(), diff)
			}
			if diff := cmp.Diff([]string{"a got p", "b got p"}, payloads); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCloneListHoldsTheMessageForRecordsOfItsCopies(t *testing.T) {
	s := decode[*CloneList](t, `<clone-message-service-list><services><standalone-producer><producer class="test-later-producer"/></standalone-producer></services></clone-message-service-list>`)
	later := s.Services[0].(*StandaloneProducer).Producer.(*laterProducer)
	refused := errors.New("refused")
	var ended []error
	d := message.NewDelivery(func(err error) { ended = append(ended, err) })
	m := newMessage("p")
	m.SetDelivery(d)
	if err := component.Apply(t.Context(), s, m); err != nil {
		t.Fatal(err)
	}
	d.Release(nil)
	if len(ended) != 0 {
		t.Fatal("done before the copy's record has its result")
	}
	later.waiting[0].Release(refused)
	if len(ended) != 1 || !errors.Is(ended[0], refused) {
		t.Errorf("ended with %v", ended)
	}
}

func TestCloneListEndsAtAFailure(t *testing.T) {
	s := decode[*CloneList](t, `<clone-message-service-list><test-probe><name>a</name></test-probe><test-probe><name>b</name></test-probe></clone-message-service-list>`)
	boom := errors.New("boom")
	seen := false
	all := probes(s)
	all["a"].apply = failing(boom)
	all["b"].apply = func(context.Context, *message.Message) error { seen = true; return nil }
	if err := component.Apply(t.Context(), s, newMessage("")); !errors.Is(err, boom) || seen {
		t.Errorf("%v, went on %v", err, seen)
	}
	all["a"].ContinueOnFail = true
	if err := component.Apply(t.Context(), s, newMessage("")); err != nil || !seen {
		t.Errorf("%v, went on %v", err, seen)
	}
}

func TestExceptionWrapperHandlesFailuresOnly(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		fails, handling error
		want            error
		handled         bool
	}{
		"no failure":        {nil, nil, nil, false},
		"failure":           {boom, nil, nil, true},
		"handler fails too": {boom, errHandling, errHandling, true},
		"given back":        {fmt.Errorf("closing: %w", component.ErrStopped), nil, component.ErrStopped, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[*ExceptionWrapper](t, `<exception-handling-service-wrapper><service class="test-probe"><name>s</name></service>
				<exception-handling-service class="test-probe"><name>h</name></exception-handling-service></exception-handling-service-wrapper>`)
			all := probes(s)
			all["s"].apply = failing(c.fails)
			handled := false
			all["h"].apply = func(_ context.Context, m *message.Message) error {
				handled = true
				if text, _ := m.Metadata("adp.exception.wrapper.message"); text != "boom" || errorOf(m) != boom {
					t.Errorf("metadata %q, object %v", text, errorOf(m))
				}
				return c.handling
			}
			if err := component.Apply(t.Context(), s, newMessage("")); !errors.Is(err, c.want) || handled != c.handled {
				t.Errorf("%v, handled %v", err, handled)
			}
		})
	}
}

var errHandling = errors.New("handling failed")

func TestSwitchRunsTheFirstCaseThatHolds(t *testing.T) {
	s, problems := decodeWith(t, `<switch>
		<case><condition class="metadata"><metadata-key>k</metadata-key><operator class="equals"><value>1</value></operator></condition>`+note("one")+`</case>
		<case><condition class="case-default"/>`+note("other")+`</case>
		<case><condition class="case-default"/>`+note("never")+`</case></switch>`, sharedParts{})
	if len(problems) != 1 || !strings.Contains(problems[0], "never asked") {
		t.Errorf("problems %v", problems)
	}
	noting(s)
	for value, want := range map[string]string{"1": "one", "2": "other"} {
		m := newMessage("", "k", value)
		if err := component.Apply(t.Context(), s, m); err != nil || way(m) != want {
			t.Errorf("%s: %q, %v", value, way(m), err)
		}
	}
	none := decode[*Switch](t, `<switch><case><condition class="never"/></case></switch>`)
	if err := component.Apply(t.Context(), none, newMessage("")); err != nil {
		t.Errorf("a switch without a case that holds: %v", err)
	}
}

func TestLoops(t *testing.T) {
	const until3 = `<condition class="not"><condition class="metadata"><metadata-key>way</metadata-key><operator class="equals"><value>a a a</value></operator></condition></condition>`
	const for5 = `<condition class="case-default"/>`
	for name, c := range map[string]struct {
		xml     string
		rounds  int
		stopped bool
		failure string
	}{
		"while":                {`<while>` + until3, 3, false, ""},
		"while never":          {`<while><condition class="never"/>`, 0, false, ""},
		"do-while":             {`<do-while>` + until3, 3, false, ""},
		"do-while never":       {`<do-while><condition class="never"/>`, 1, false, ""},
		"default limit":        {`<while>` + for5, 10, false, ""},
		"limit, stop":          {`<while><max-loops>5</max-loops><on-max-loops class="max-loops-stop-processing"/>` + for5, 5, true, ""},
		"limit, fail":          {`<do-while><max-loops>5</max-loops><on-max-loops class="max-loops-throw-exception"/>` + for5, 5, false, "after round 5"},
		"limit, nothing":       {`<do-while><max-loops>1</max-loops><on-max-loops class="max-loops-no-behaviour"/>` + for5, 1, false, ""},
		"no limit":             {`<while><max-loops>-1</max-loops><condition class="not"><condition class="metadata"><metadata-key>way</metadata-key><operator class="matches"><value>(a ?){20}</value></operator></condition></condition>`, 20, false, ""},
		"condition that fails": {`<while><condition class="jetty-route-condition"><url-pattern>/</url-pattern></condition>`, 0, false, "<condition> before round 1"},
	} {
		t.Run(name, func(t *testing.T) {
			closing := `</while>`
			if strings.HasPrefix(c.xml, "<do") {
				closing = `</do-while>`
			}
			s := decode[component.Service](t, c.xml+`<then>`+note("a")+`</then>`+closing)
			noting(s)
			m := newMessage("")
			err := component.Apply(t.Context(), s, m)
			if (err != nil) != (c.failure != "") || err != nil && !strings.Contains(err.Error(), c.failure) {
				t.Errorf("error %v; want %q", err, c.failure)
			}
			if got := len(strings.Fields(way(m))); got != c.rounds || m.Stopped() != c.stopped {
				t.Errorf("%d rounds, stopped %v; want %d, %v", got, m.Stopped(), c.rounds, c.stopped)
			}
		})
	}
}

func TestLoopEndsWithItsWorkflowAndWithItsMessage(t *testing.T) {
	s := decode[*While](t, `<while><max-loops>0</max-loops><condition class="case-default"/><then>`+note("a")+`</then></while>`)
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	p := probes(s)["a"]
	p.apply = func(context.Context, *message.Message) error {
		if rounds++; rounds == 3 {
			cancel()
		}
		return nil
	}
	if err := s.Apply(ctx, newMessage("")); !errors.Is(err, context.Canceled) || rounds != 3 {
		t.Errorf("%v after %d rounds", err, rounds)
	}
	p.apply = func(_ context.Context, m *message.Message) error { m.StopProcessing(); return nil }
	if err := s.Apply(t.Context(), newMessage("")); err != nil {
		t.Error(err)
	}
}
