package kplotel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a producer that has counted what the test says.
type fake struct {
	values []kpl.MetricValue
	stats  kpl.Stats
}

func (f *fake) Stats() kpl.Stats                { return f.stats }
func (f *fake) MetricValues() []kpl.MetricValue { return f.values }

func value(name, unit, stream, shard, code string, count int64, sum float64) kpl.MetricValue {
	return kpl.MetricValue{Name: name, Unit: unit, Stream: stream, ShardID: shard, ErrorCode: code, Count: count, Sum: sum}
}

func collect(t *testing.T, r *sdk.ManualReader) []string {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := r.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Description == "" {
				t.Errorf("%s has no description", m.Name)
			}
			var points []string
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = lined("sum", d.IsMonotonic, d.DataPoints)
			case metricdata.Sum[float64]:
				points = lined("sum", d.IsMonotonic, d.DataPoints)
			case metricdata.Gauge[float64]:
				points = lined("gauge", false, d.DataPoints)
			default:
				t.Errorf("%s is a %T", m.Name, d)
			}
			for _, p := range points {
				lines = append(lines, fmt.Sprintf("%s %s %s", m.Name, m.Unit, p))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func lined[N int64 | float64](kind string, monotonic bool, points []metricdata.DataPoint[N]) (lines []string) {
	if monotonic {
		kind = "counter"
	}
	for _, p := range points {
		lines = append(lines, fmt.Sprintf("%s {%s} %v", kind, p.Attributes.Encoded(attribute.DefaultEncoder()), p.Value))
	}
	return lines
}

func TestEveryInstrument(t *testing.T) {
	f := &fake{
		values: []kpl.MetricValue{
			value("AllErrors", "Count", "s", "0", "", 5, 2),
			value("BufferingTime", "Milliseconds", "s", "0", "", 4, 250),
			value("ErrorsByCode", "Count", "s", "", "Timeout", 1, 1),
			value("ErrorsByCode", "Count", "s", "0", "InternalFailure", 2, 2),
			value("KinesisRecordsDataPut", "Bytes", "s", "0", "", 3, 300),
			value("KinesisRecordsPerPutRecordsRequest", "Count", "s", "", "", 2, 5),
			value("KinesisRecordsPut", "Count", "s", "0", "", 5, 3),
			value("NoSuchMetric", "Count", "s", "", "", 1, 1),
			value("RequestTime", "Milliseconds", "s", "", "", 2, 3),
			value("RetriesPerRecord", "Count", "s", "0", "", 4, 6),
			value("UserRecordExpired", "Count", "s", "0", "", 1, 1),
			value("UserRecordsDataPut", "Bytes", "s", "0", "", 3, 30),
			value("UserRecordsPending", "Count", "s", "", "", 100, 5),
			value("UserRecordsPerKinesisRecord", "Count", "s", "0", "", 2, 4),
			value("UserRecordsPerPutRecordsRequest", "Count", "s", "", "", 2, 4),
			value("UserRecordsPut", "Count", "s", "0", "", 4, 3),
			value("UserRecordsPut", "Count", "t", "a\xff", "", 1, 0),
			value("UserRecordsReceived", "Count", "s", "", "", 9, 9),
			value("WrongShard", "Count", "s", "0", "", 1, 1),
		},
		stats: kpl.Stats{
			OutstandingRecords: 1, OutstandingBytes: 2, MaxOutstandingRecords: 3, MaxOutstandingBytes: 4, BlockedPuts: 5, RequestsInFlight: 6, MaxConnections: 7,
			Uptime: 8500 * time.Millisecond, PossibleDuplicates: 16,
			Streams: []kpl.StreamStats{{
				Stream: "s", Aggregating: true, Outstanding: 11, Buffered: 12, Retrying: 13, InFlight: 14, OpenShards: 2, ShardMapAge: 1500 * time.Millisecond,
				ShardMapError: "throttled", Totals: kpl.Totals{RequestsFailed: 15},
				Shards: []kpl.ShardStats{{ShardID: "0", RatePercent: 150}, {ShardID: "1", RatePercent: 75}},
			}},
		},
	}
	reader := sdk.NewManualReader()
	unregister, err := register(f, sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	const inS, in0 = "aws.kinesis.stream_name=s", "aws.kinesis.shard_id=0,aws.kinesis.stream_name=s"
	want := []string{
		"kpl.aggregating 1 gauge {" + inS + "} 1",
		"kpl.all_errors {error} counter {" + in0 + "} 2",
		"kpl.blocked_puts {call} sum {} 5",
		"kpl.buffering_time.count {attempt} counter {" + in0 + "} 4",
		"kpl.buffering_time.sum s counter {" + in0 + "} 0.25",
		"kpl.errors_by_code {error} counter {" + in0 + ",error.type=InternalFailure} 2",
		"kpl.errors_by_code {error} counter {" + inS + ",error.type=Timeout} 1",
		"kpl.kinesis_records.data_put By counter {" + in0 + "} 300",
		"kpl.kinesis_records.put {record} counter {" + in0 + "} 3",
		"kpl.kinesis_records_per_put_records_request.count {request} counter {" + inS + "} 2",
		"kpl.kinesis_records_per_put_records_request.sum {record} counter {" + inS + "} 5",
		"kpl.max_connections {connection} sum {} 7",
		"kpl.max_outstanding.bytes By sum {} 4",
		"kpl.max_outstanding.records {record} sum {} 3",
		"kpl.open_shards {shard} sum {" + inS + "} 2",
		"kpl.outstanding.bytes By sum {} 2",
		"kpl.outstanding.records {record} sum {} 1",
		"kpl.possible_duplicates {record} counter {} 16",
		"kpl.request_time.count {request} counter {" + inS + "} 2",
		"kpl.request_time.sum s counter {" + inS + "} 0.003",
		"kpl.requests.failed {request} counter {" + inS + "} 15",
		"kpl.requests.in_flight {request} sum {} 6",
		"kpl.retries_per_record.count {record} counter {" + in0 + "} 4",
		"kpl.retries_per_record.sum {attempt} counter {" + in0 + "} 6",
		"kpl.shard.rate 1 gauge {" + in0 + "} 1.5",
		"kpl.shard.rate 1 gauge {aws.kinesis.shard_id=1,aws.kinesis.stream_name=s} 0.75",
		"kpl.shard_map.age s gauge {" + inS + "} 1.5",
		"kpl.shard_map.failed 1 gauge {" + inS + "} 1",
		"kpl.uptime s gauge {} 8.5",
		"kpl.user_records.buffered {record} sum {" + inS + "} 12",
		"kpl.user_records.data_put By counter {" + in0 + "} 30",
		"kpl.user_records.expired {record} counter {" + in0 + "} 1",
		"kpl.user_records.failed {record} counter {" + in0 + "} 1",
		"kpl.user_records.failed {record} counter {aws.kinesis.shard_id=a?,aws.kinesis.stream_name=t} 1",
		"kpl.user_records.in_flight {record} sum {" + inS + "} 14",
		"kpl.user_records.pending {record} sum {" + inS + "} 11",
		"kpl.user_records.put {record} counter {" + in0 + "} 3",
		"kpl.user_records.put {record} counter {aws.kinesis.shard_id=a?,aws.kinesis.stream_name=t} 0",
		"kpl.user_records.received {record} counter {" + inS + "} 9",
		"kpl.user_records.retrying {record} sum {" + inS + "} 13",
		"kpl.user_records_per_kinesis_record.count {record} counter {" + in0 + "} 2",
		"kpl.user_records_per_kinesis_record.sum {record} counter {" + in0 + "} 4",
		"kpl.user_records_per_put_records_request.count {request} counter {" + inS + "} 2",
		"kpl.user_records_per_put_records_request.sum {record} counter {" + inS + "} 4",
		"kpl.wrong_shard {record} counter {" + in0 + "} 1",
	}
	if diff := cmp.Diff(want, collect(t, reader)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A stream that was given up is not told any more.
	f.values, f.stats.Streams = nil, nil
	for _, line := range collect(t, reader) {
		if strings.Contains(line, "stream_name") {
			t.Errorf("still there: %s", line)
		}
	}
	if err := unregister(); err != nil {
		t.Fatal(err)
	}
	if left := collect(t, reader); len(left) > 0 {
		t.Errorf("after unregister: %v", left)
	}
}

// A view that leaves the shard out adds the shards up.
func TestViewWithoutShards(t *testing.T) {
	f := &fake{values: []kpl.MetricValue{
		value("UserRecordsPut", "Count", "s", "0", "", 4, 3),
		value("UserRecordsPut", "Count", "s", "1", "", 2, 2),
		value("UserRecordsPut", "Count", "s", "", "", 1, 0),
	}}
	reader := sdk.NewManualReader()
	view := sdk.NewView(sdk.Instrument{Name: "kpl.*"}, sdk.Stream{AttributeFilter: attribute.NewDenyKeysFilter(ShardKey)})
	if _, err := register(f, sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithView(view)).Meter("test")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // sums are of what is observed, not of what was
		got := collect(t, reader)
		for _, want := range []string{
			"kpl.user_records.put {record} counter {aws.kinesis.stream_name=s} 5", "kpl.user_records.failed {record} counter {aws.kinesis.stream_name=s} 2",
		} {
			if !slices.Contains(got, want) {
				t.Errorf("%q is not in %q", want, got)
			}
		}
	}
}

// picky refuses to make gauges, or to call back.
type picky struct {
	noop.Meter
	gauges, callbacks error
}

func (p picky) Float64ObservableGauge(string, ...metric.Float64ObservableGaugeOption) (metric.Float64ObservableGauge, error) {
	return noop.Float64ObservableGauge{}, p.gauges
}

func (p picky) RegisterCallback(metric.Callback, ...metric.Observable) (metric.Registration, error) {
	return noop.Registration{}, p.callbacks
}

func TestAMeterThatRefuses(t *testing.T) {
	refused := errors.New("refused")
	for name, meter := range map[string]picky{"to make an instrument": {gauges: refused}, "to call back": {callbacks: refused}} {
		t.Run(name, func(t *testing.T) {
			if unregister, err := register(&fake{}, meter); !errors.Is(err, refused) || unregister != nil {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestValuesOfAProducer(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 1}})
	if _, err := server.Inject(kinesislocal.Fault{RecordCode: "InternalFailure", Count: 2}); err != nil {
		t.Fatal(err)
	}
	c := kpl.DefaultConfig()
	c.Region, c.KinesisEndpoint, c.MetricsLevel, c.AggregationEnabled = "us-east-1", server.URL(), kpl.MetricsNone, false
	c.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	p, err := kpl.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	reader := sdk.NewManualReader()
	view := sdk.NewView(sdk.Instrument{Name: "kpl.*"}, sdk.Stream{AttributeFilter: attribute.NewDenyKeysFilter(ShardKey)})
	provider := sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithView(view))
	unregister, err := Register(p, provider.Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "c", "d"} {
		if err := p.Put(t.Context(), kpl.Record{Stream: "orders", PartitionKey: key, Data: []byte("12345")}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := collect(t, reader)
	for _, want := range []string{
		"kpl.all_errors {error} counter {aws.kinesis.stream_name=orders} 2",
		"kpl.errors_by_code {error} counter {aws.kinesis.stream_name=orders,error.type=InternalFailure} 2",
		"kpl.kinesis_records.put {record} counter {aws.kinesis.stream_name=orders} 4",
		"kpl.user_records.data_put By counter {aws.kinesis.stream_name=orders} 20",
		"kpl.user_records.put {record} counter {aws.kinesis.stream_name=orders} 4",
		"kpl.user_records.received {record} counter {aws.kinesis.stream_name=orders} 4",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, strings.Join(got, "\n"))
		}
	}
	for _, v := range p.MetricValues() {
		if v.Name != "UserRecordsPending" && !slices.ContainsFunc(counted, func(f family) bool { return f.metric == v.Name }) {
			t.Errorf("%s is not observed", v.Name)
		}
	}
	if err := unregister(); err != nil {
		t.Error(err)
	}
	if err := provider.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}
