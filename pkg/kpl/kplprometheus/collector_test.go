package kplprometheus

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
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
func value(name, unit string, rest ...any) kpl.MetricValue {
	v := kpl.MetricValue{Name: name, Unit: unit, Stream: rest[0].(string), ShardID: rest[1].(string), ErrorCode: rest[2].(string)}
	v.Count, v.Sum = int64(rest[3].(int)), rest[4].(float64)
	return v
}

// busy has a value in every family.
func busy() *fake {
	return &fake{
		values: []kpl.MetricValue{
			value("AllErrors", "Count", "s", "0", "", 5, 2.0),
			value("AllErrors", "Count", "s", "1", "", 5, 1.0),
			value("BufferingTime", "Milliseconds", "s", "0", "", 4, 250.0),
			value("ErrorsByCode", "Count", "s", "", "Timeout", 1, 1.0),
			value("ErrorsByCode", "Count", "s", "0", "InternalFailure", 2, 2.0),
			value("ErrorsByCode", "Count", "s", "1", "InternalFailure", 1, 1.0),
			value("KinesisRecordsDataPut", "Bytes", "s", "0", "", 3, 300.0),
			value("KinesisRecordsPerPutRecordsRequest", "Count", "s", "", "", 2, 5.0),
			value("KinesisRecordsPut", "Count", "s", "0", "", 5, 3.0),
			value("RequestTime", "Milliseconds", "s", "", "", 2, 3.0),
			value("RetriesPerRecord", "Count", "s", "0", "", 4, 6.0),
			value("UserRecordExpired", "Count", "s", "0", "", 1, 1.0),
			value("UserRecordsDataPut", "Bytes", "s", "0", "", 3, 30.0),
			value("UserRecordsPending", "Count", "s", "", "", 100, 5.0),
			value("UserRecordsPerKinesisRecord", "Count", "s", "0", "", 2, 4.0),
			value("UserRecordsPerPutRecordsRequest", "Count", "s", "", "", 2, 4.0),
			value("UserRecordsPut", "Count", "s", "0", "", 4, 3.0),
			value("UserRecordsPut", "Count", "s", "1", "", 2, 2.0),
			value("UserRecordsPut", "Count", "t", "", "", 1, 0.0),
			value("UserRecordsReceived", "Count", "s", "", "", 9, 9.0),
			value("WrongShard", "Count", "s", "0", "", 1, 1.0),
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
}

const ofBusy = `
# HELP kpl_aggregating 1 if user records are aggregated.
# TYPE kpl_aggregating gauge
kpl_aggregating{stream="s"} 1
# HELP kpl_all_errors_total Kinesis records that were refused and requests that failed.
# TYPE kpl_all_errors_total counter
kpl_all_errors_total{shard="0",stream="s"} 2
kpl_all_errors_total{shard="1",stream="s"} 1
# HELP kpl_blocked_puts Calls of Put that wait for room.
# TYPE kpl_blocked_puts gauge
kpl_blocked_puts 5
# HELP kpl_buffering_time_seconds Time that a user record waited for an attempt.
# TYPE kpl_buffering_time_seconds summary
kpl_buffering_time_seconds_sum{shard="0",stream="s"} 0.25
kpl_buffering_time_seconds_count{shard="0",stream="s"} 4
# HELP kpl_errors_by_code_total Kinesis records that were refused and requests that failed, by error code.
# TYPE kpl_errors_by_code_total counter
kpl_errors_by_code_total{code="InternalFailure",shard="0",stream="s"} 2
kpl_errors_by_code_total{code="InternalFailure",shard="1",stream="s"} 1
kpl_errors_by_code_total{code="Timeout",shard="",stream="s"} 1
# HELP kpl_kinesis_records_data_put_bytes_total Size of Kinesis records that were stored.
# TYPE kpl_kinesis_records_data_put_bytes_total counter
kpl_kinesis_records_data_put_bytes_total{shard="0",stream="s"} 300
# HELP kpl_kinesis_records_per_put_records_request Kinesis records in a PutRecords request.
# TYPE kpl_kinesis_records_per_put_records_request summary
kpl_kinesis_records_per_put_records_request_sum{stream="s"} 5
kpl_kinesis_records_per_put_records_request_count{stream="s"} 2
# HELP kpl_kinesis_records_put_total Kinesis records that were stored.
# TYPE kpl_kinesis_records_put_total counter
kpl_kinesis_records_put_total{shard="0",stream="s"} 3
# HELP kpl_max_connections Bound of the requests in flight.
# TYPE kpl_max_connections gauge
kpl_max_connections 7
# HELP kpl_max_outstanding_bytes Outstanding bytes at which Put blocks.
# TYPE kpl_max_outstanding_bytes gauge
kpl_max_outstanding_bytes 4
# HELP kpl_max_outstanding_records Outstanding user records at which Put blocks.
# TYPE kpl_max_outstanding_records gauge
kpl_max_outstanding_records 3
# HELP kpl_open_shards Open shards of the shard map; 0 before the first.
# TYPE kpl_open_shards gauge
kpl_open_shards{stream="s"} 2
# HELP kpl_outstanding_bytes Data and partition keys of user records without a result.
# TYPE kpl_outstanding_bytes gauge
kpl_outstanding_bytes 2
# HELP kpl_outstanding_records User records without a result.
# TYPE kpl_outstanding_records gauge
kpl_outstanding_records 1
# HELP kpl_possible_duplicates_total Copies of user records that may have been stored beyond the first.
# TYPE kpl_possible_duplicates_total counter
kpl_possible_duplicates_total 16
# HELP kpl_request_time_seconds Time that a PutRecords request took, with the wait for a connection.
# TYPE kpl_request_time_seconds summary
kpl_request_time_seconds_sum{stream="s"} 0.003
kpl_request_time_seconds_count{stream="s"} 2
# HELP kpl_requests_failed_total PutRecords requests without results.
# TYPE kpl_requests_failed_total counter
kpl_requests_failed_total{stream="s"} 15
# HELP kpl_requests_in_flight PutRecords requests under way.
# TYPE kpl_requests_in_flight gauge
kpl_requests_in_flight 6
# HELP kpl_retries_per_record Attempts beyond the first of a user record that has its result.
# TYPE kpl_retries_per_record summary
kpl_retries_per_record_sum{shard="0",stream="s"} 6
kpl_retries_per_record_count{shard="0",stream="s"} 4
# HELP kpl_shard_map_age_seconds Time since the shard map was asked for.
# TYPE kpl_shard_map_age_seconds gauge
kpl_shard_map_age_seconds{stream="s"} 1.5
# HELP kpl_shard_map_failed 1 if the last attempt at a shard map failed.
# TYPE kpl_shard_map_failed gauge
kpl_shard_map_failed{stream="s"} 1
# HELP kpl_shard_rate_ratio How much of the shard's capacity it is sent at most at present.
# TYPE kpl_shard_rate_ratio gauge
kpl_shard_rate_ratio{shard="0",stream="s"} 1.5
kpl_shard_rate_ratio{shard="1",stream="s"} 0.75
# HELP kpl_uptime_seconds Time since the producer was made.
# TYPE kpl_uptime_seconds gauge
kpl_uptime_seconds 8.5
# HELP kpl_user_records_buffered User records that wait to be sent.
# TYPE kpl_user_records_buffered gauge
kpl_user_records_buffered{stream="s"} 12
# HELP kpl_user_records_data_put_bytes_total Data of user records that were stored.
# TYPE kpl_user_records_data_put_bytes_total counter
kpl_user_records_data_put_bytes_total{shard="0",stream="s"} 30
# HELP kpl_user_records_expired_total User records that failed because their time was over.
# TYPE kpl_user_records_expired_total counter
kpl_user_records_expired_total{shard="0",stream="s"} 1
# HELP kpl_user_records_failed_total User records that failed.
# TYPE kpl_user_records_failed_total counter
kpl_user_records_failed_total{shard="0",stream="s"} 1
kpl_user_records_failed_total{shard="1",stream="s"} 0
kpl_user_records_failed_total{shard="",stream="t"} 1
# HELP kpl_user_records_in_flight User records in requests under way.
# TYPE kpl_user_records_in_flight gauge
kpl_user_records_in_flight{stream="s"} 14
# HELP kpl_user_records_pending User records without a result.
# TYPE kpl_user_records_pending gauge
kpl_user_records_pending{stream="s"} 11
# HELP kpl_user_records_per_kinesis_record User records in a Kinesis record that was sent.
# TYPE kpl_user_records_per_kinesis_record summary
kpl_user_records_per_kinesis_record_sum{shard="0",stream="s"} 4
kpl_user_records_per_kinesis_record_count{shard="0",stream="s"} 2
# HELP kpl_user_records_per_put_records_request User records in a PutRecords request.
# TYPE kpl_user_records_per_put_records_request summary
kpl_user_records_per_put_records_request_sum{stream="s"} 4
kpl_user_records_per_put_records_request_count{stream="s"} 2
# HELP kpl_user_records_put_total User records that were stored.
# TYPE kpl_user_records_put_total counter
kpl_user_records_put_total{shard="0",stream="s"} 3
kpl_user_records_put_total{shard="1",stream="s"} 2
kpl_user_records_put_total{shard="",stream="t"} 0
# HELP kpl_user_records_received_total User records that Put accepted.
# TYPE kpl_user_records_received_total counter
kpl_user_records_received_total{stream="s"} 9
# HELP kpl_user_records_retrying User records that wait to be sent again.
# TYPE kpl_user_records_retrying gauge
kpl_user_records_retrying{stream="s"} 13
# HELP kpl_wrong_shard_total Kinesis records that were stored in another shard than predicted.
# TYPE kpl_wrong_shard_total counter
kpl_wrong_shard_total{shard="0",stream="s"} 1
`

func TestEveryFamily(t *testing.T) {
	c := newCollector(busy())
	if err := testutil.CollectAndCompare(c, strings.NewReader(ofBusy)); err != nil {
		t.Error(err)
	}
}

func TestNamesAreAsPrometheusWantsThem(t *testing.T) {
	for _, options := range [][]Option{nil, {WithoutShards()}} {
		problems, err := testutil.CollectAndLint(newCollector(busy(), options...))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// The pedantic registry checks that all that is collected was described and that no series is there twice.
func TestDescribedIsWhatIsCollected(t *testing.T) {
	odd := busy()
	odd.values = append(odd.values,
		value("UserRecordsPut", "Count", "odd", "a\xff", "", 1, 1.0),
		value("NoSuchMetric", "Count", "s", "", "", 1, 1.0))
	for _, options := range [][]Option{nil, {WithoutShards()}} {
		r := prometheus.NewPedanticRegistry()
		if err := r.Register(newCollector(odd, options...)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Gather(); err != nil {
			t.Error(err)
		}
	}
}

func TestWithoutShardsAddsThemUp(t *testing.T) {
	want := `
# HELP kpl_errors_by_code_total Kinesis records that were refused and requests that failed, by error code.
# TYPE kpl_errors_by_code_total counter
kpl_errors_by_code_total{code="InternalFailure",shard="",stream="s"} 3
kpl_errors_by_code_total{code="Timeout",shard="",stream="s"} 1
# HELP kpl_user_records_put_total User records that were stored.
# TYPE kpl_user_records_put_total counter
kpl_user_records_put_total{shard="",stream="s"} 5
kpl_user_records_put_total{shard="",stream="t"} 0
`
	c := newCollector(busy(), WithoutShards())
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "kpl_errors_by_code_total", "kpl_user_records_put_total", "kpl_shard_rate_ratio"); err != nil {
		t.Error(err)
	}
}

func TestNothingPutYet(t *testing.T) {
	want := len(ofProducer) + 1
	if n := testutil.CollectAndCount(newCollector(&fake{})); n != want {
		t.Errorf("%d series, want %d: those of the producer", n, want)
	}
}

// A producer as it is, with level none: the metric names that it has are those that are asked for here.
func TestSeriesOfAProducer(t *testing.T) {
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
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(NewCollector(p, WithoutShards()))
	for _, key := range []string{"a", "b", "c", "d"} {
		if err := p.Put(t.Context(), kpl.Record{Stream: "orders", PartitionKey: key, Data: []byte("12345")}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := []string{
		"kpl_user_records_received_total", "kpl_user_records_put_total", "kpl_user_records_data_put_bytes_total", "kpl_kinesis_records_put_total",
		"kpl_errors_by_code_total", "kpl_all_errors_total",
	}
	want := `
# HELP kpl_all_errors_total Kinesis records that were refused and requests that failed.
# TYPE kpl_all_errors_total counter
kpl_all_errors_total{shard="",stream="orders"} 2
# HELP kpl_errors_by_code_total Kinesis records that were refused and requests that failed, by error code.
# TYPE kpl_errors_by_code_total counter
kpl_errors_by_code_total{code="InternalFailure",shard="",stream="orders"} 2
# HELP kpl_kinesis_records_put_total Kinesis records that were stored.
# TYPE kpl_kinesis_records_put_total counter
kpl_kinesis_records_put_total{shard="",stream="orders"} 4
# HELP kpl_user_records_data_put_bytes_total Data of user records that were stored.
# TYPE kpl_user_records_data_put_bytes_total counter
kpl_user_records_data_put_bytes_total{shard="",stream="orders"} 20
# HELP kpl_user_records_put_total User records that were stored.
# TYPE kpl_user_records_put_total counter
kpl_user_records_put_total{shard="",stream="orders"} 4
# HELP kpl_user_records_received_total User records that Put accepted.
# TYPE kpl_user_records_received_total counter
kpl_user_records_received_total{stream="orders"} 4
`
	if err := testutil.GatherAndCompare(r, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	if _, err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := testutil.GatherAndCompare(r, strings.NewReader(want), names...); err != nil {
		t.Errorf("after Close: %v", err)
	}
	// Every metric that the producer has counted is shown, but for the one that Stats has.
	for _, v := range p.MetricValues() {
		if v.Name != "UserRecordsPending" && !slices.ContainsFunc(counted, func(f family) bool { return f.metric == v.Name }) {
			t.Errorf("%s is not shown", v.Name)
		}
	}
}
