package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/message"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recording is telemetry whose spans the test can read.
func recording(options ...sdk.TracerProviderOption) (*Telemetry, *tracetest.SpanRecorder) {
	r := tracetest.NewSpanRecorder()
	traces := sdk.NewTracerProvider(append(options, sdk.WithSpanProcessor(r))...)
	return &Telemetry{Traces: traces, Requests: traces, Propagator: propagation.TraceContext{}}, r
}

func attributes(s sdk.ReadOnlySpan) map[string]any {
	out := make(map[string]any)
	for _, a := range s.Attributes() {
		out[string(a.Key)] = a.Value.AsInterface()
	}
	return out
}

var errTest = errors.New("as the test wants it")

func TestJourneyTellsItsOutcome(t *testing.T) {
	for _, c := range []struct {
		name     string
		tried    []error
		end      error
		outcome  string
		status   codes.Code
		failures int
	}{
		{"delivered", []error{nil}, nil, Delivered, codes.Unset, 0},
		{"delivered when it was sent again", []error{errTest, nil}, nil, Delivered, codes.Unset, 1},
		{"handled", []error{errTest}, nil, Handled, codes.Error, 1},
		{"failed", []error{errTest}, errTest, Failed, codes.Error, 1},
		{"given back", []error{fmt.Errorf("%w: %w", message.ErrStopped, errTest)}, message.ErrStopped, GivenBack, codes.Unset, 0},
		{"given back before it began", nil, message.ErrStopped, GivenBack, codes.Unset, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			told, spans := recording()
			m := message.New([]byte("12345"))
			j := told.Workflow("ch", "wf", "fs-consumer").Begin(m)
			for _, err := range c.tried {
				j.Tried(err)
			}
			j.End(c.end)
			ended := spans.Ended()
			if len(ended) != 1 {
				t.Fatalf("%d spans", len(ended))
			}
			s := ended[0]
			want := map[string]any{
				"messaging.system": "adapterd", "messaging.operation.name": "process", "messaging.operation.type": "process",
				"messaging.message.id": m.ID(), "messaging.message.body.size": int64(5), "adapterd.channel": "ch", "adapterd.workflow": "wf",
				"adapterd.consumer": "fs-consumer", "adapterd.outcome": c.outcome, "adapterd.tries": int64(len(c.tried)),
			}
			if c.status == codes.Error {
				want["error.type"] = "_OTHER"
			}
			if diff := cmp.Diff(want, attributes(s)); diff != "" {
				t.Error(diff)
			}
			if s.Name() != "process wf" || s.SpanKind() != trace.SpanKindConsumer || s.Status().Code != c.status || len(s.Events()) != c.failures {
				t.Errorf("%s %v %v, events %v", s.Name(), s.SpanKind(), s.Status(), s.Events())
			}
		})
	}
}

func TestJourneyBelongsToTheTraceOfItsMessage(t *testing.T) {
	told, spans := recording()
	m := message.New(nil)
	m.SetMetadata(MetadataTraceParent, parent)
	m.SetMetadata(MetadataTraceState, "vendor=1")
	told.Workflow("ch", "wf", "c").Begin(m).End(nil)
	s := spans.Ended()[0]
	if s.Parent().SpanID().String() != "b7ad6b7169203331" || s.SpanContext().TraceID().String() != "0af7651916cd43dd8448eb211c80319c" || s.SpanContext().TraceState().Get("vendor") != "1" {
		t.Errorf("parent %v of %v", s.Parent(), s.SpanContext())
	}
}

// A message that is split into millions of parts must not have millions of spans.
func TestRecordsAreSpansAtFirstAndSumsThen(t *testing.T) {
	told, spans := recording()
	j := told.Workflow("ch", "wf", "c").Begin(message.New(nil))
	ctx := j.Context(context.Background())
	const parts = 1000
	for i := range parts {
		r := JourneyOf(ctx).Record(Sent{System: "aws.kinesis", Destination: "orders", PartitionKey: "alice", Bytes: 10})
		o := Outcome{Attempts: 2}
		if i%100 == 7 {
			o.Err, o.Code = errTest, "InternalFailure"
		}
		r.End(o)
	}
	j.End(errTest)
	ended := spans.Ended()
	if len(ended) != spansOfRecords+1 {
		t.Fatalf("%d spans", len(ended))
	}
	m := ended[spansOfRecords]
	for i, r := range ended[:spansOfRecords] {
		if r.Name() != "send orders" || r.SpanKind() != trace.SpanKindProducer || r.Parent().SpanID() != m.SpanContext().SpanID() || r.SpanContext().TraceID() != m.SpanContext().TraceID() {
			t.Errorf("%s of %v", r.Name(), r.Parent())
		}
		a := attributes(r)
		if _, shown := a["aws.kinesis.partition_key"]; shown || a["messaging.system"] != "aws.kinesis" || a["messaging.destination.name"] != "orders" || a["adapterd.attempts"] != int64(2) {
			t.Error(a)
		}
		if failed := i == 7; failed != (r.Status().Code == codes.Error) || failed != (a["error.type"] == "InternalFailure") {
			t.Errorf("record %d: %v %v", i, r.Status(), a)
		}
	}
	a := attributes(m)
	for key, want := range map[string]any{
		"adapterd.records": int64(parts), "adapterd.records.failed": int64(10), "adapterd.records.bytes": int64(10 * parts), "adapterd.attempts": int64(2 * parts), "error.type": "InternalFailure",
	} {
		if a[key] != want {
			t.Errorf("%s is %v, want %v", key, a[key], want)
		}
	}
	if len(m.Events()) != 10 {
		t.Errorf("%d events", len(m.Events()))
	}
}

func TestPartitionKeysAreShownWhereAllowed(t *testing.T) {
	told, spans := recording()
	told.PartitionKeys = true
	j := told.Workflow("ch", "wf", "c").Begin(message.New(nil))
	j.Record(Sent{Destination: "orders", PartitionKey: "alice"}).End(Outcome{})
	if got := attributes(spans.Ended()[0])["aws.kinesis.partition_key"]; got != "alice" {
		t.Error(got)
	}
}

func TestSpansShowNoSecret(t *testing.T) {
	told, spans := recording()
	told.Mask = func(s string) string { return strings.ReplaceAll(s, "s3cr3t-key", "***") }
	j := told.Workflow("ch", "wf", "c").Begin(message.New(nil))
	err := errors.New("the server says: who is s3cr3t-key\xff? " + strings.Repeat("x", 5000))
	r := j.Record(Sent{Destination: "s3cr3t-key"})
	r.Failed("Code", err.Error())
	r.End(Outcome{Err: err})
	j.Tried(err)
	j.End(err)
	for _, s := range spans.Ended() {
		text := fmt.Sprint(s.Name(), s.Attributes(), s.Events(), s.Status())
		if strings.Contains(text, "s3cr3t") || !strings.Contains(text, "***") || len(s.Status().Description) > 2100 || strings.Contains(text, "\xff") {
			t.Error(text)
		}
	}
}

func TestWhatIsNotSampledCostsNoRecords(t *testing.T) {
	told, spans := recording(sdk.WithSampler(sdk.NeverSample()))
	j := told.Workflow("ch", "wf", "c").Begin(message.New(nil))
	ctx := context.Background()
	if j.Context(ctx) != ctx {
		t.Error("a journey that nobody records is carried")
	}
	j.Tried(errTest)
	j.End(errTest)
	if len(spans.Ended()) != 0 {
		t.Error("a span")
	}
}

// Without telemetry everything is nil, and nothing is made.
func TestNothingIsToldWithoutTelemetry(t *testing.T) {
	ctx := context.Background()
	told := Of(ctx)
	if told != nil || told.Workflow("ch", "wf", "c") != nil || told.Meter() != nil || (&Telemetry{}).Workflow("ch", "wf", "c") != nil {
		t.Error("something is told")
	}
	if n := testing.AllocsPerRun(100, func() {
		r := JourneyOf(ctx).Record(Sent{Destination: "orders"})
		r.Failed("", "")
		if r.Span() != nil {
			t.Error("a span")
		}
		r.End(Outcome{})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDurationsAreMeasuredWithoutSpansToo(t *testing.T) {
	reader := metric.NewManualReader()
	told := &Telemetry{Metrics: metric.NewMeterProvider(metric.WithReader(reader))}
	w := told.Workflow("ch", "wf", "c")
	for _, err := range []error{nil, nil, errTest} {
		j := w.Begin(message.New(nil))
		j.Tried(err)
		j.End(err)
	}
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	m := data.ScopeMetrics[0].Metrics[0]
	counts := make(map[string]uint64)
	for _, p := range m.Data.(metricdata.Histogram[float64]).DataPoints {
		counts[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Count
	}
	const at = "adapterd.channel=ch,adapterd.outcome=%s,adapterd.workflow=wf,messaging.operation.name=process,messaging.system=adapterd"
	want := map[string]uint64{fmt.Sprintf(at, "delivered"): 2, fmt.Sprintf(at, "failed"): 1}
	if diff := cmp.Diff(want, counts); diff != "" || m.Name != "messaging.process.duration" || m.Unit != "s" {
		t.Error(m.Name, m.Unit, diff)
	}
}
