package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func poolBy(t testing.TB, options string) (*PoolSplit, *probe) {
	t.Helper()
	s := decode[*PoolSplit](t, `<pooling-message-splitter-service><unique-id>sp</unique-id><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>
		<service class="test-probe"/>`+options+`</pooling-message-splitter-service>`)
	return s, s.Service.(*probe)
}

func TestPoolSplitterWorksOnPartsSideBySide(t *testing.T) {
	for name, c := range map[string]struct {
		options string
		want    int
	}{"default": {"", 10}, "three": {"<max-threads>3</max-threads>", 3}, "one": {"<max-threads>1</max-threads>", 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := poolBy(t, c.options)
				var mu sync.Mutex
				inside, most := 0, 0
				var seen []string
				p.apply = func(_ context.Context, m *message.Message) error {
					mu.Lock()
					inside++
					most = max(most, inside)
					number, _ := m.Metadata(message.MetadataPart)
					seen = append(seen, number+":"+string(m.Payload()))
					mu.Unlock()
					m.SetMetadata("own", number)
					time.Sleep(time.Second)
					mu.Lock()
					inside--
					mu.Unlock()
					return nil
				}
				m := newMessage(strings.Repeat("x\n", 30), "k", "v")
				start := time.Now()
				if err := component.Apply(t.Context(), s, m); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); most != c.want || took != time.Duration(30/c.want)*time.Second {
					t.Errorf("%d side by side, in %v", most, took)
				}
				slices.Sort(seen)
				if n := len(slices.Compact(seen)); n != 30 {
					t.Errorf("%d different parts", n)
				}
				if diff := cmp.Diff(map[string]string{"k": "v", MetadataSplitCount: "30"}, metadataOf(m)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestPoolSplitterFailures(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		options string
		fails   map[string]error
		want    string
		is      error
		through int
	}{
		"one":                        {"", map[string]error{"2": boom}, "part 2: boom", boom, 4},
		"more":                       {"", map[string]error{"4": boom, "3": boom}, "part 3: boom (and 1 more parts failed)", boom, 4},
		"ignored":                    {ignoring, map[string]error{"4": boom, "3": boom}, "", nil, 4},
		"given back":                 {"<max-threads>1</max-threads>", map[string]error{"1": boom, "2": component.ErrStopped}, "part 2: stopped", component.ErrStopped, 2},
		"given back, others ignored": {ignoring + "<max-threads>1</max-threads>", map[string]error{"1": boom, "2": component.ErrStopped}, "part 2: stopped", component.ErrStopped, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := poolBy(t, c.options)
			var mu sync.Mutex
			through := 0
			p.apply = func(_ context.Context, m *message.Message) error {
				mu.Lock()
				defer mu.Unlock()
				through++
				number, _ := m.Metadata(message.MetadataPart)
				return c.fails[number]
			}
			m := newMessage("a\nb\nc\nd\n")
			err := component.Apply(t.Context(), s, m)
			if !errors.Is(err, c.is) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want %q", err, c.want)
			}
			if through != c.through {
				t.Errorf("%d parts went through; want %d", through, c.through)
			}
			if _, counted := m.Metadata(MetadataSplitCount); counted != (c.is == nil) {
				t.Errorf("counted: %v", counted)
			}
		})
	}
}

func TestPoolSplitterStopsWhenItsWorkflowDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := poolBy(t, "<max-threads>2</max-threads>")
		ctx, cancel := context.WithCancel(t.Context())
		parts := 0
		var mu sync.Mutex
		p.apply = func(ctx context.Context, _ *message.Message) error {
			mu.Lock()
			parts++
			mu.Unlock()
			<-ctx.Done()
			return ctx.Err()
		}
		time.AfterFunc(time.Second, cancel)
		if err := component.Apply(ctx, s, newMessage("a\nb\nc\nd\n")); !errors.Is(err, context.Canceled) || parts != 2 {
			t.Errorf("%v after %d parts", err, parts)
		}
	})
}

func TestPoolSplitterWaitsForLateOutcomes(t *testing.T) {
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		options string
		want    error
	}{"refused": {"", refused}, "refused, ignored": {ignoring, nil}} {
		t.Run(name, func(t *testing.T) {
			s := decode[*PoolSplit](t, `<pooling-message-splitter-service><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>
				<service class="standalone-producer"><producer class="test-later-producer"/></service>`+c.options+`</pooling-message-splitter-service>`)
			later := s.Service.(*StandaloneProducer).Producer.(*laterProducer)
			var ended []error
			d := message.NewDelivery(func(err error) { ended = append(ended, err) })
			m := newMessage("a\nb\n")
			m.SetDelivery(d)
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			d.Release(nil)
			later.waiting[0].Release(refused)
			if len(ended) > 0 {
				t.Fatal("done before all parts have their outcome")
			}
			later.waiting[1].Release(nil)
			if len(ended) != 1 || !errors.Is(ended[0], c.want) {
				t.Errorf("ended with %v; want %v once", ended, c.want)
			}
		})
	}
}

func TestPoolSplitterPassesAPanicOn(t *testing.T) {
	s, p := poolBy(t, "")
	p.apply = func(context.Context, *message.Message) error { panic("a fault of the program") }
	defer func() {
		if r := recover(); r != "a fault of the program" {
			t.Errorf("recovered %v", r)
		}
	}()
	err := s.Apply(t.Context(), newMessage("a\nb\n"))
	t.Errorf("returned %v", err)
}

func TestBasicSplitterProducesParts(t *testing.T) {
	kinesis := &streams{id: "kinesis"}
	xml := func(key, options string) string {
		return `<basic-message-splitter-service><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>` + options + `
			<connection class="shared-connection"><lookup-name>kinesis</lookup-name></connection>
			<producer class="aws-kinesis-synchronous-stream-producer"><stream>s</stream><partition-key>` + key + `</partition-key></producer></basic-message-splitter-service>`
	}
	all := sharedParts{connections: map[string]component.Connection{"kinesis": kinesis}}
	for name, c := range map[string]struct {
		key, options string
		records      []record
		failure      string
	}{
		"all":              {"%message{currentSplitCount}", "", []record{{"s", "1", "a\n"}, {"s", "2", "b\n"}}, ""},
		"failure":          {"%payload{jsonpath:$.id}", "", nil, "part 1"},
		"failures ignored": {"%payload{jsonpath:$.id}", ignoring, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			kinesis.records = nil
			s, problems := decodeWith(t, xml(c.key, c.options), all)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			m := newMessage("a\nb\n")
			err := component.Apply(t.Context(), s, m)
			if (err != nil) != (c.failure != "") || err != nil && !strings.Contains(err.Error(), c.failure) {
				t.Errorf("error %v; want %q", err, c.failure)
			}
			if count, _ := m.Metadata(MetadataSplitCount); err == nil && count != "2" {
				t.Errorf("splitCount is %q", count)
			}
			if diff := cmp.Diff(c.records, kinesis.records); diff != "" {
				t.Error(diff)
			}
		})
	}
	kinesis.phases = nil
	s, _ := decodeWith(t, xml("k", ""), all)
	if err := errors.Join(component.Init(t.Context(), s), component.Start(t.Context(), s), component.Stop(t.Context(), s)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"init producer", "start producer", "stop producer"}, kinesis.phases); diff != "" {
		t.Error(diff)
	}
	if _, problems := decodeWith(t, strings.Replace(xml("k", ""), `class="shared-connection"`, `class="null-connection"`, 1), all); len(problems) == 0 {
		t.Error("a wrong connection is let through")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := component.Apply(ctx, s, newMessage("a\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}

func joinBy(t testing.TB, options string) (*SplitJoin, *probe) {
	t.Helper()
	s := decode[*SplitJoin](t, `<pooled-split-join-service><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter><service class="test-probe"/>`+options+`</pooled-split-join-service>`)
	return s, s.Service.(*probe)
}

func aggregatorXML(class, fields string) string {
	return `<aggregator class="` + class + `">` + fields + `</aggregator>`
}

func TestAggregators(t *testing.T) {
	const metadata = `<overwrite-metadata>true</overwrite-metadata>`
	second := `<filter-condition class="metadata"><metadata-key>currentSplitCount</metadata-key><operator class="equals"><value>2</value></operator></filter-condition>`
	const failing = `<filter-condition class="jetty-route-condition"><url-pattern>/</url-pattern></filter-condition>`
	const key = `<merge-metadata-key>key</merge-metadata-key>`
	const lines = "{\"a\": 1.10}\n[{\"b\":2},{}]\n3\nx\n"
	for name, c := range map[string]struct {
		class, fields, payload, want, failure string
	}{
		"null":                      {"null-message-aggregator", "", lines, lines, ""},
		"appending":                 {"appending-message-aggregator", "", "a\nb\n", "a\nb\na\nb\n", ""},
		"appending, filter":         {"appending-message-aggregator", second, "a\nb\n", "a\nb\nb\n", ""},
		"appending, filter fails":   {"appending-message-aggregator", failing, "a\n", "a\n", ""},
		"appending, filter ignored": {"appending-message-aggregator", failing + `<retain-filter-exceptions-messages>true</retain-filter-exceptions-messages>`, "a\n", "a\na\n", ""},
		"first":                     {"replace-with-first-message-aggregator", "", "a\nb\n", "a\n", ""},
		"first, filter":             {"replace-with-first-message-aggregator", second, "a\nb\nc\n", "b\n", ""},
		"first of none":             {"replace-with-first-message-aggregator", second, "a\n", "a\n", ""},
		"json array":                {"json-array-aggregator", "", lines, `[{"a":1.10}]`, ""},
		"json array of none":        {"json-array-aggregator", "", "x\n", `[]`, ""},
		"json arrays":               {"json-array-array-aggregator", "", lines, `[{"a":1.10},{"b":2},{}]`, ""},
		"json arrays, no object":    {"json-array-array-aggregator", "", "[1]\n", "", "with 1 in it"},
		"json merge, no json":       {"json-merge-aggregator", key, "x\n", "", "merged into is"},
		"json merge, number":        {"json-merge-aggregator", key, "3\n", "", "neither an object nor an array"},
		"json merge, array":         {"json-merge-aggregator", key, "[1]", `[1,[1]]`, ""},
		"json merge, object":        {"json-merge-aggregator", key, `{"b":0,"key 1":0}`, `{"b":0,"key 1":{"b":0,"key 1":0}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := joinBy(t, aggregatorXML(c.class, c.fields))
			p.apply = func(_ context.Context, m *message.Message) error {
				number, _ := m.Metadata(message.MetadataPart)
				m.SetMetadata("key", "key "+number)
				return nil
			}
			m := newMessage(c.payload, "k", "v")
			err := component.Apply(t.Context(), s, m)
			if (err != nil) != (c.failure != "") || err != nil && !strings.Contains(err.Error(), c.failure) {
				t.Fatalf("error %v; want %q", err, c.failure)
			}
			if err == nil && string(m.Payload()) != c.want {
				t.Errorf("payload %q; want %q", m.Payload(), c.want)
			}
			if _, there := m.Metadata("key"); there {
				t.Error("the message has metadata of a part")
			}
		})
	}
	s, p := joinBy(t, aggregatorXML("appending-message-aggregator", metadata))
	p.apply = func(_ context.Context, m *message.Message) error {
		m.SetMetadata("own", string(m.Payload()))
		return nil
	}
	m := newMessage("a\nb\n")
	if err := component.Apply(t.Context(), s, m); err != nil {
		t.Fatal(err)
	}
	if own, _ := m.Metadata("own"); own != "b\n" {
		t.Errorf("own is %q", own)
	}
}

func TestMergeLeavesWhatTheMessageKeepsParsedAlone(t *testing.T) {
	s, _ := joinBy(t, aggregatorXML("json-merge-aggregator", `<merge-metadata-key>k</merge-metadata-key>`))
	m := newMessage("{\"a\":1}", "k", "a")
	before := decode[*SyntaxRouting](t, `<syntax-routing-service><routing-key>x</routing-key><routing-json-path-syntax-identifier><destination>y</destination><pattern>$.a</pattern></routing-json-path-syntax-identifier></syntax-routing-service>`)
	if err := before.Apply(t.Context(), m); err != nil { // parses
		t.Fatal(err)
	}
	clone := m.Clone()
	if err := s.Apply(t.Context(), m); err != nil || string(m.Payload()) != `{"a":{"a":1}}` {
		t.Errorf("%s, %v", m.Payload(), err)
	}
	if err := before.Apply(t.Context(), clone); err != nil || string(clone.Payload()) != `{"a":1}` {
		t.Errorf("%s, %v", clone.Payload(), err)
	}
}

func TestSplitJoinKeepsTheOrderOfParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := joinBy(t, aggregatorXML("appending-message-aggregator", "")+"<poolsize>3</poolsize>")
		p.apply = func(_ context.Context, m *message.Message) error {
			n, _ := m.Metadata(message.MetadataPart)
			time.Sleep(time.Duration('9'-n[0]) * time.Second)
			m.SetPayload([]byte(n))
			return nil
		}
		m := newMessage("a\nb\nc\nd\n")
		if err := component.Apply(t.Context(), s, m); err != nil || string(m.Payload()) != "a\nb\nc\nd\n1234" {
			t.Errorf("%q, %v", m.Payload(), err)
		}
		if n, _ := m.Metadata(MetadataSplitCount); n != "4" {
			t.Errorf("splitCount is %q", n)
		}
	})
}

func TestSplitJoinFailures(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		handler string
		result  string
		fail    bool
	}{
		"default":                {"", "true", true},
		"ignoring":               {`<service-error-handler class="ignoring-service-exception-handler"/>`, "", false},
		"work done":              {`<service-error-handler class="no-exception-if-work-done"/>`, "true", false},
		"work done, a number":    {`<service-error-handler class="no-exception-if-work-done"/>`, "-7", false},
		"no work done":           {`<service-error-handler class="no-exception-if-work-done"/>`, "0", true},
		"no work done, no value": {`<service-error-handler class="no-exception-if-work-done"><metadata-key>other</metadata-key></service-error-handler>`, "1", true},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := joinBy(t, aggregatorXML("appending-message-aggregator", "")+c.handler)
			p.apply = func(_ context.Context, m *message.Message) error {
				m.SetMetadata("serviceResult", c.result)
				if string(m.Payload()) == "b\n" {
					m.SetMetadata("serviceResult", "true") // one that failed does not count
					return boom
				}
				return nil
			}
			m := newMessage("a\nb\n")
			err := component.Apply(t.Context(), s, m)
			want := "a\nb\na\nb\n"
			if c.fail {
				want = "a\nb\n"
			}
			if errors.Is(err, boom) != c.fail || string(m.Payload()) != want {
				t.Errorf("%q, %v", m.Payload(), err)
			}
		})
	}
}

func TestSplitJoinHasATimeout(t *testing.T) {
	for name, c := range map[string]struct {
		options string
		want    time.Duration
	}{"default": {"", 10 * time.Minute}, "own": {"<timeout><interval>5</interval></timeout>", 5 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := joinBy(t, aggregatorXML("null-message-aggregator", "")+c.options+`<service-error-handler class="ignoring-service-exception-handler"/>`)
				p.apply = func(ctx context.Context, _ *message.Message) error {
					<-ctx.Done()
					return fmt.Errorf("put: %w", ctx.Err())
				}
				start := time.Now()
				err := component.Apply(t.Context(), s, newMessage("a\nb\n"))
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "were not through within "+c.want.String()) || time.Since(start) != c.want {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
			})
		})
	}
}

func TestSplitJoinGivesBackWhenItsWorkflowStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := joinBy(t, aggregatorXML("null-message-aggregator", "")+`<service-error-handler class="ignoring-service-exception-handler"/>`)
		ctx, cancel := context.WithCancel(t.Context())
		p.apply = func(ctx context.Context, _ *message.Message) error { <-ctx.Done(); return ctx.Err() }
		time.AfterFunc(time.Second, cancel)
		if err := component.Apply(ctx, s, newMessage("a\n")); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
