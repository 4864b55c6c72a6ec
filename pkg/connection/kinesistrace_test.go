package connection

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/kplotel"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/telemetry"
)

// listening is telemetry that the test can read.
type listening struct {
	*telemetry.Telemetry
	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
	// retired is what stopped and still is watched.
	retired []func() error
}

func listen() *listening {
	l := &listening{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	traces := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(l.spans))
	l.Telemetry = &telemetry.Telemetry{
		Traces: traces, Requests: traces, Metrics: sdkmetric.NewMeterProvider(sdkmetric.WithReader(l.reader)),
		Retire: func(unregister func() error) { l.retired = append(l.retired, unregister) },
	}
	return l
}

// stored is the value of kpl.user_records.put for each connection.
func (l *listening) stored(t *testing.T) map[string]int64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := l.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]int64)
	for _, s := range data.ScopeMetrics {
		id, _ := s.Scope.Attributes.Value(connectionKey)
		for _, m := range s.Metrics {
			if m.Name == "kpl.user_records.put" {
				for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
					out[id.AsString()] += p.Value
				}
			}
		}
	}
	return out
}

func valueOf(s sdktrace.ReadOnlySpan, key attribute.Key) any {
	for _, a := range s.Attributes() {
		if a.Key == key {
			return a.Value.AsInterface()
		}
	}
	return nil
}

func TestRecordsAreSpansLinkedToTheirRequests(t *testing.T) {
	s := server(t)
	if _, err := s.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Code: "InternalFailure", Count: 1}); err != nil {
		t.Fatal(err)
	}
	l := listen()
	c, problems := decode[*KinesisInline](t, strings.Replace(inline("Region", "us-east-1", "KinesisEndpoint", s.URL(), "MetricsLevel", "none"), "<config>", theseKeys+"<config>", 1))
	if c == nil || !c.valid {
		t.Fatal(problems)
	}
	told := telemetry.With(t.Context(), l.Telemetry)
	if err := c.Init(told); err != nil {
		t.Fatal(err)
	}
	journey := l.Workflow("ch", "wf", "c").Begin(message.New(nil))
	ctx := journey.Context(told)
	result, err := c.PutSync(ctx, kpl.Record{Stream: "events", PartitionKey: "alice", Data: []byte("data")})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	if err := c.Put(ctx, kpl.Record{Stream: "events", PartitionKey: "bob", Data: []byte("data")}, func(r kpl.Result) { ended <- r.Err }); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := c.Put(ctx, kpl.Record{Stream: "events", Data: []byte("no key")}, func(kpl.Result) { t.Error("a result of a record that was refused") }); err == nil {
		t.Error("a record without a key is taken")
	}
	// Nobody follows this one.
	if _, err := c.PutSync(told, kpl.Record{Stream: "events", PartitionKey: "carol"}); err != nil {
		t.Fatal(err)
	}
	journey.End(nil)

	byName := make(map[string][]sdktrace.ReadOnlySpan)
	for _, s := range l.spans.Ended() {
		byName[s.Name()] = append(byName[s.Name()], s)
	}
	sent, requests, process := byName["send events"], byName["Kinesis/PutRecords"], byName["process wf"]
	if len(sent) != 3 || len(requests) != 3 || len(process) != 1 {
		t.Fatalf("%d records, %d requests, %d messages", len(sent), len(requests), len(process))
	}
	first := sent[0]
	if len(first.Links()) != 2 || len(first.Events()) != 1 || first.Links()[0].SpanContext.SpanID() != requests[0].SpanContext().SpanID() || first.Links()[1].SpanContext.SpanID() != requests[1].SpanContext().SpanID() {
		t.Errorf("links %v, events %v", first.Links(), first.Events())
	}
	if requests[0].Status().Code != codes.Error || requests[1].Status().Code != codes.Unset || valueOf(requests[1], "aws.request_id") == nil {
		t.Errorf("%v %v", requests[0].Status(), requests[1].Attributes())
	}
	for key, want := range map[attribute.Key]any{
		"messaging.system": "aws.kinesis", "messaging.destination.name": "events", "aws.kinesis.stream_name": "events", "aws.kinesis.shard_id": result.ShardID,
		"messaging.destination.partition.id": result.ShardID, "aws.kinesis.sequence_number": result.SequenceNumber, "adapterd.attempts": int64(2),
		"messaging.message.body.size": int64(4), "aws.kinesis.partition_key": nil,
	} {
		if got := valueOf(first, key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if refused := sent[2]; refused.Status().Code != codes.Error || len(refused.Links()) != 0 {
		t.Errorf("%v %v", refused.Status(), refused.Links())
	}
	if n := valueOf(process[0], telemetry.RecordsKey); n != int64(3) {
		t.Errorf("%v records", n)
	}

	// Its last values are there after its end, until they have been collected.
	if err := c.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := l.stored(t); got["kinesis"] != 3 || len(l.retired) != 1 {
		t.Errorf("stored %v, retired %d", got, len(l.retired))
	}
	if err := l.retired[0](); err != nil {
		t.Fatal(err)
	}
	if got := l.stored(t); len(got) != 0 {
		t.Errorf("stored %v after the end", got)
	}
}

func TestRequestsOfTheSDKConnectionAreRecordsOfTheirMessage(t *testing.T) {
	l := listen()
	journey := l.Workflow("ch", "wf", "c").Begin(message.New(nil))
	ctx := journey.Context(context.Background())
	entry := types.PutRecordsRequestEntry{Data: []byte("data"), PartitionKey: aws.String("alice")}
	in := &service.PutRecordsInput{StreamName: aws.String("events"), Records: []types.PutRecordsRequestEntry{entry, entry, entry}}
	if followRequest(context.Background(), in) != nil {
		t.Error("a request that nobody follows")
	}
	followRequest(ctx, in)(&service.PutRecordsOutput{Records: []types.PutRecordsResultEntry{
		{SequenceNumber: aws.String("1"), ShardId: aws.String("s")}, {ErrorCode: aws.String("InternalFailure"), ErrorMessage: aws.String("words")}, {ErrorCode: aws.String("Other")},
	}}, nil)
	in.Records = in.Records[:1]
	followRequest(ctx, in)(&service.PutRecordsOutput{Records: []types.PutRecordsResultEntry{{SequenceNumber: aws.String("2"), ShardId: aws.String("s")}}}, nil)
	followRequest(ctx, in)(nil, context.DeadlineExceeded)
	journey.End(nil)
	all := l.spans.Ended()
	if len(all) != 4 {
		t.Fatalf("%d spans", len(all))
	}
	for i, want := range []struct {
		code  any
		shard any
	}{{"InternalFailure", nil}, {nil, "s"}, {"Timeout", nil}} {
		if code, shard := valueOf(all[i], "error.type"), valueOf(all[i], "aws.kinesis.shard_id"); code != want.code || shard != want.shard {
			t.Errorf("request %d: %v in %v", i, code, shard)
		}
	}
	if n, failed := valueOf(all[3], telemetry.RecordsKey), valueOf(all[3], telemetry.RecordsFailedKey); n != int64(5) || failed != int64(3) {
		t.Errorf("%v records, %v failed", n, failed)
	}
}

// What nobody looks at must cost next to nothing: with a sampler most messages have no span, and most records of a split one have none.
func TestRecordsWithoutASpanCostLittle(t *testing.T) {
	l := listen()
	e := &engineTelemetry{Telemetry: l.Telemetry, requests: kplotel.NewRequests(l.Requests.Tracer("test"), l.Mask)}
	record := kpl.Record{Stream: "events", PartitionKey: "alice", Data: []byte("data")}
	result := kpl.Result{ShardID: "shardId-000000000000", SequenceNumber: "1", Attempts: []kpl.Attempt{{Success: true}}}
	journey := l.Workflow("ch", "wf", "c").Begin(message.New(nil))
	ctx := journey.Context(context.Background())
	for range 100 { // the first have spans
		e.end(e.record(ctx, &record), result)
	}
	for _, c := range []struct {
		name string
		ctx  context.Context
		most float64
	}{
		{"its message has no span", context.Background(), 0},
		{"its message has many records", ctx, 1}, // the record
	} {
		if n := testing.AllocsPerRun(1000, func() {
			if r := e.record(c.ctx, &record); r != nil {
				e.end(r, result)
			}
		}); n > c.most {
			t.Errorf("%s: %v allocations, want %v", c.name, n, c.most)
		}
	}
	journey.End(nil)
}
