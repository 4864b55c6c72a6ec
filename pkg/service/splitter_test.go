package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// splitBy is a splitter service with a probe in it.
func splitBy(t testing.TB, options string) (*SplitMessage, *probe) {
	t.Helper()
	s := decode[*SplitMessage](t, `<advanced-message-splitter-service><unique-id>sp</unique-id><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>
		<service class="test-probe"/>`+options+`</advanced-message-splitter-service>`)
	return s, s.Service.(*probe)
}

const ignoring = `<ignore-split-message-failures>true</ignore-split-message-failures>`

func TestSplitterCountsPartsAndTellsThemWhoTheyAre(t *testing.T) {
	s, p := splitBy(t, "")
	var seen []map[string]string
	ids := map[string]bool{}
	p.apply = func(_ context.Context, m *message.Message) error {
		seen = append(seen, metadataOf(m))
		ids[m.ID()] = true
		m.SetMetadata("own", string(m.Payload()))
		return nil
	}
	m := newMessage("a\nb\nc\n", "k", "v")
	if err := s.Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var want []map[string]string
	for _, n := range []string{"1", "2", "3"} {
		want = append(want, map[string]string{"k": "v", MetadataParentID: m.ID(), message.MetadataPart: n})
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("metadata of the parts (-want +got):\n%s", diff)
	}
	if len(ids) != 3 || ids[m.ID()] {
		t.Errorf("parts have the ids %v", ids)
	}
	if diff := cmp.Diff(map[string]string{"k": "v", MetadataSplitCount: "3"}, metadataOf(m)); diff != "" {
		t.Errorf("metadata of the message (-want +got):\n%s", diff)
	}
}

func TestSplitterOfSplitterNumbersInnerParts(t *testing.T) {
	outer := decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="line-count-splitter"><split-on-line>2</split-on-line></splitter>
		<service class="advanced-message-splitter-service"><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>
		<service class="test-probe"/></service></advanced-message-splitter-service>`)
	var got []string
	outer.Service.(*SplitMessage).Service.(*probe).apply = func(_ context.Context, m *message.Message) error {
		n, _ := m.Metadata(message.MetadataPart)
		got = append(got, n+":"+string(m.Payload()))
		return nil
	}
	if err := outer.Apply(t.Context(), newMessage("a\nb\nc\n")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1:a\n", "2:b\n", "1:c\n"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSplitterEndsAtTheFirstPartThatFails(t *testing.T) {
	s, p := splitBy(t, "")
	var through []string
	boom := errors.New("boom")
	p.apply = func(_ context.Context, m *message.Message) error {
		if string(m.Payload()) == "b\n" {
			return boom
		}
		through = append(through, string(m.Payload()))
		return nil
	}
	m := newMessage("a\nb\nc\n")
	err := s.Apply(t.Context(), m)
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "part 2") {
		t.Errorf("error is %v", err)
	}
	if diff := cmp.Diff([]string{"a\n"}, through); diff != "" {
		t.Error(diff)
	}
	if _, ok := m.Metadata(MetadataSplitCount); ok {
		t.Error("a failed split is counted")
	}
}

func TestSplitterIgnoresFailuresWhenAsked(t *testing.T) {
	s, p := splitBy(t, ignoring)
	var through []string
	p.apply = func(_ context.Context, m *message.Message) error {
		if string(m.Payload()) == "b\n" {
			return errors.New("boom")
		}
		through = append(through, string(m.Payload()))
		return nil
	}
	core, logged := observer.New(zapcore.WarnLevel)
	m := newMessage("a\nb\nc\n")
	if err := s.Apply(component.WithLogger(t.Context(), zap.New(core)), m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a\n", "c\n"}, through); diff != "" {
		t.Error(diff)
	}
	if n, _ := m.Metadata(MetadataSplitCount); n != "3" {
		t.Errorf("splitCount is %q", n)
	}
	if logged.Len() != 1 || logged.All()[0].ContextMap()["part"] != int64(2) {
		t.Errorf("logged %v", logged.All())
	}
}

// TestSplitterWaitsForLateOutcomes is about parts that an asynchronous producer took: the message is done when all have their outcome.
func TestSplitterWaitsForLateOutcomes(t *testing.T) {
	refused := errors.New("refused")
	stopped := fmt.Errorf("closing: %w", component.ErrStopped)
	for _, c := range []struct {
		name     string
		options  string
		outcomes [3]error
		want     error
	}{
		{"all well", "", [3]error{}, nil},
		{"one refused", "", [3]error{nil, refused, nil}, refused},
		{"one refused, ignored", ignoring, [3]error{nil, refused, nil}, nil},
		{"all refused, ignored", ignoring, [3]error{refused, refused, refused}, nil},
		{"one given back after a refused one, refusal ignored", ignoring, [3]error{refused, stopped, nil}, component.ErrStopped},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>
				<service class="standalone-producer"><producer class="test-later-producer"/></service>`+c.options+`</advanced-message-splitter-service>`)
			later := s.Service.(*StandaloneProducer).Producer.(*laterProducer)
			m := newMessage("a\nb\nc\n")
			var ended []error
			d := message.NewDelivery(func(err error) { ended = append(ended, err) })
			m.SetDelivery(d)
			if err := s.Apply(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			d.Release(nil) // the workflow is through
			for i, outcome := range c.outcomes {
				if len(ended) > 0 {
					t.Fatalf("done before part %d has its outcome", i+1)
				}
				later.waiting[i].Release(outcome)
			}
			if len(ended) != 1 || !errors.Is(ended[0], c.want) {
				t.Errorf("ended with %v; want %v once", ended, c.want)
			}
		})
	}
}

func TestSplitterStopsWhenItsWorkflowDoes(t *testing.T) {
	for _, options := range []string{"", ignoring} {
		t.Run(options, func(t *testing.T) {
			s, p := splitBy(t, options)
			ctx, cancel := context.WithCancel(t.Context())
			parts := 0
			p.apply = func(ctx context.Context, _ *message.Message) error {
				parts++
				if parts == 2 {
					cancel()
					return fmt.Errorf("put: %w", ctx.Err())
				}
				return nil
			}
			if err := s.Apply(ctx, newMessage("a\nb\nc\n")); !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
			if parts != 2 {
				t.Errorf("%d parts went through", parts)
			}
		})
	}
}

func TestSplitterDoesNotIgnorePartsGivenBack(t *testing.T) {
	s, p := splitBy(t, ignoring)
	parts := 0
	p.apply = func(context.Context, *message.Message) error {
		parts++
		return component.ErrStopped
	}
	if err := s.Apply(t.Context(), newMessage("a\nb\n")); !errors.Is(err, component.ErrStopped) || parts != 1 {
		t.Errorf("error is %v after %d parts", err, parts)
	}
}

func TestSplitterMetadataIsLeftBehindWhenAsked(t *testing.T) {
	s := decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="line-count-splitter"><copy-metadata>false</copy-metadata></splitter>
		<service class="test-probe"/></advanced-message-splitter-service>`)
	m := newMessage("a\n", "k", "v")
	var got map[string]string
	s.Service.(*probe).apply = func(_ context.Context, part *message.Message) error { got = metadataOf(part); return nil }
	if err := s.Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{MetadataParentID: m.ID(), message.MetadataPart: "1"}, got); diff != "" {
		t.Error(diff)
	}
	if v, _ := m.Metadata("k"); v != "v" {
		t.Error("the message lost its metadata")
	}
}

func TestSplitterHonoursContinueOnFailOfItsService(t *testing.T) {
	s := decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="json-array-splitter"/>
		<service class="test-probe"><continue-on-fail>true</continue-on-fail></service></advanced-message-splitter-service>`)
	parts := 0
	s.Service.(*probe).apply = func(context.Context, *message.Message) error { parts++; return errors.New("boom") }
	if err := s.Apply(t.Context(), newMessage("[1,2]")); err != nil || parts != 2 {
		t.Errorf("%d parts, error %v", parts, err)
	}
}

// discard takes messages as fast as it can.
type discard struct{}

func (discard) Produce(context.Context, *message.Message) error { return nil }

// linesToProducer is the hot path: a file of lines, each to a producer.
func linesToProducer(t testing.TB) *SplitMessage {
	s := decode[*SplitMessage](t, `<advanced-message-splitter-service><splitter class="line-count-splitter"><split-on-line>1</split-on-line></splitter>
		<service class="service-list"><standalone-producer><producer class="test-later-producer"/></standalone-producer></service></advanced-message-splitter-service>`)
	s.Service.(*List).Direct[0].(*StandaloneProducer).Producer = discard{}
	return s
}

func lines(n int) []byte {
	return []byte(strings.Repeat(`{"id":"0123456789","type":"click","n":123456}`+"\n", n))
}

// TestSplitterAllocatesOnlyTheParts is the budget of the hot path: one allocation a line, the part itself.
func TestSplitterAllocatesOnlyTheParts(t *testing.T) {
	const n = 1000
	s, payload := linesToProducer(t), lines(n)
	perRun := testing.AllocsPerRun(10, func() {
		m := message.New(payload)
		m.SetMetadata("originalname", "a.json")
		m.SetDelivery(message.NewDelivery(func(error) {}))
		if err := s.Apply(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	})
	if perRun > n+20 {
		t.Errorf("%v allocations for %d lines", perRun, n)
	}
}

// BenchmarkLinesToProducer answers how many lines a second a core cuts and hands to a producer; the target of the whole way is 400,000.
func BenchmarkLinesToProducer(b *testing.B) {
	const n = 10_000
	s, payload := linesToProducer(b), lines(n)
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		m := message.New(payload)
		m.SetMetadata("originalname", "a.json")
		m.SetDelivery(message.NewDelivery(func(error) {}))
		if err := s.Apply(b.Context(), m); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "lines/s")
}

func TestPartsHaveObjectsOnRequest(t *testing.T) {
	const objects, none = `<copy-object-metadata>true</copy-object-metadata>`, `<copy-object-metadata>false</copy-object-metadata>`
	line, array := `<splitter class="line-count-splitter"><split-on-line>1</split-on-line>`, `<splitter class="json-array-splitter">`
	path := `<splitter class="json-path-splitter"><json-path class="constant-data-input-parameter"><value>$.a</value></json-path>`
	pieces := `<splitter class="split-by-metadata"><metadata-key>k</metadata-key><split-metadata-key>piece</split-metadata-key>`
	for name, c := range map[string]struct {
		splitter, payload string
		metadata          []string
		want              string
	}{
		"lines":                    {line + objects, "a\nb\n", nil, "v v"},
		"lines, not":               {line + none, "a\nb\n", nil, "<nil> <nil>"},
		"lines, by default":        {line, "a\nb\n", nil, "<nil> <nil>"},
		"without metadata":         {line + `<copy-metadata>false</copy-metadata>` + objects, "a\n", nil, "v"},
		"array":                    {array + objects, "[1,2]", nil, "v v"},
		"object":                   {array + objects, "{}", nil, "v"},
		"objects":                  {`<splitter class="large-json-array-splitter">` + objects, "[{},{}]", nil, "v v"},
		"metadata":                 {`<splitter class="json-metadata-splitter">` + objects, "[{},{}]", nil, "v v"},
		"bytes":                    {`<splitter class="size-based-splitter"><split-size-bytes>1</split-size-bytes>` + objects, "ab", nil, "v v"},
		"pieces":                   {pieces + objects, "x", []string{"k", "1,2"}, "v v"},
		"no pieces":                {pieces + objects, "x", nil, "v"},
		"no pieces, not":           {pieces, "x", nil, "<nil>"},
		"path, the inner splitter": {path + `<message-splitter class="json-array-splitter">` + objects + `</message-splitter>`, `{"a":[1,2]}`, nil, "v v"},
		"path, the outer splitter": {path + objects, `{"a":[1,2]}`, nil, "<nil> <nil>"},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[*SplitMessage](t, `<advanced-message-splitter-service>`+c.splitter+`</splitter><service class="test-probe"/></advanced-message-splitter-service>`)
			var seen []string
			s.Service.(*probe).apply = func(_ context.Context, part *message.Message) error {
				value, _ := part.Object("o")
				seen = append(seen, fmt.Sprint(value))
				part.SetObject("o", "changed")
				if inner, there := part.Child(nil).Object("o"); there {
					t.Errorf("a part of the part has %v, though nobody asked", inner)
				}
				return nil
			}
			m := newMessage(c.payload, c.metadata...)
			m.SetObject("o", "v")
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(seen, " "); got != c.want {
				t.Errorf("parts have %q; want %q", got, c.want)
			}
			if value, _ := m.Object("o"); value != "v" {
				t.Errorf("a part changed the message's object to %v", value)
			}
			if _, there := m.Child(nil).Object("o"); there {
				t.Error("the message itself has been changed: its children have objects now")
			}
		})
	}
}
