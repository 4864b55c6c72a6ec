package kplotel

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// Units as UCUM has them.
const (
	records = "{record}"
	bytes   = "By"
	seconds = "s"
)

// family is one counter of what was counted.
type family struct {
	metric                  string // its name in CloudWatch
	name, unit, description string
	whole                   func(kpl.MetricValue) int64   // nil if it is not a whole number
	part                    func(kpl.MetricValue) float64 // then
}

func sum(v kpl.MetricValue) int64   { return int64(v.Sum) }
func count(v kpl.MetricValue) int64 { return v.Count }

// not counts the samples of metrics whose samples are 1 for success and 0 for failure.
func not(v kpl.MetricValue) int64 { return v.Count - int64(v.Sum) }

// inSeconds is the sum of a time, which is in milliseconds.
func inSeconds(v kpl.MetricValue) float64 { return v.Sum / 1000 }

// counted are the metrics that go to CloudWatch. UserRecordsPending is not among them: Stats has it whenever it is asked.
var counted = []family{
	{"UserRecordsReceived", "kpl.user_records.received", records, "User records that Put accepted.", sum, nil},
	{"UserRecordsPut", "kpl.user_records.put", records, "User records that were stored.", sum, nil},
	{"UserRecordsPut", "kpl.user_records.failed", records, "User records that failed.", not, nil},
	{"UserRecordsDataPut", "kpl.user_records.data_put", bytes, "Data of user records that were stored.", sum, nil},
	{"UserRecordExpired", "kpl.user_records.expired", records, "User records that failed because their time was over.", sum, nil},
	{"KinesisRecordsPut", "kpl.kinesis_records.put", records, "Kinesis records that were stored.", sum, nil},
	{"KinesisRecordsDataPut", "kpl.kinesis_records.data_put", bytes, "Size of Kinesis records that were stored.", sum, nil},
	{"ErrorsByCode", "kpl.errors_by_code", "{error}", "Kinesis records that were refused and requests that failed, by error code.", sum, nil},
	{"AllErrors", "kpl.all_errors", "{error}", "Kinesis records that were refused and requests that failed.", sum, nil},
	{"WrongShard", "kpl.wrong_shard", records, "Kinesis records that were stored in another shard than predicted.", sum, nil},
	{"RetriesPerRecord", "kpl.retries_per_record.sum", "{attempt}", "Attempts beyond the first of user records that have their result.", sum, nil},
	{"RetriesPerRecord", "kpl.retries_per_record.count", records, "User records that have their result.", count, nil},
	{"BufferingTime", "kpl.buffering_time.sum", seconds, "Time that user records waited for attempts.", nil, inSeconds},
	{"BufferingTime", "kpl.buffering_time.count", "{attempt}", "Attempts that user records waited for.", count, nil},
	{"RequestTime", "kpl.request_time.sum", seconds, "Time that PutRecords requests took, with the wait for a connection.", nil, inSeconds},
	{"RequestTime", "kpl.request_time.count", "{request}", "PutRecords requests.", count, nil},
	{"UserRecordsPerKinesisRecord", "kpl.user_records_per_kinesis_record.sum", records, "User records in Kinesis records that were sent.", sum, nil},
	{"UserRecordsPerKinesisRecord", "kpl.user_records_per_kinesis_record.count", records, "Kinesis records that were sent.", count, nil},
	{"KinesisRecordsPerPutRecordsRequest", "kpl.kinesis_records_per_put_records_request.sum", records, "Kinesis records in requests.", sum, nil},
	{"KinesisRecordsPerPutRecordsRequest", "kpl.kinesis_records_per_put_records_request.count", "{request}", "PutRecords requests.", count, nil},
	{"UserRecordsPerPutRecordsRequest", "kpl.user_records_per_put_records_request.sum", records, "User records in requests.", sum, nil},
	{"UserRecordsPerPutRecordsRequest", "kpl.user_records_per_put_records_request.count", "{request}", "PutRecords requests.", count, nil},
}

func (f family) make(meter metric.Meter) (observeValue, metric.Observable, error) {
	if f.whole == nil {
		i, err := meter.Float64ObservableCounter(f.name, metric.WithUnit(f.unit), metric.WithDescription(f.description))
		return func(to metric.Observer, v kpl.MetricValue, at metric.ObserveOption) {
			to.ObserveFloat64(i, f.part(v), at)
		}, i, err
	}
	i, err := meter.Int64ObservableCounter(f.name, metric.WithUnit(f.unit), metric.WithDescription(f.description))
	return func(to metric.Observer, v kpl.MetricValue, at metric.ObserveOption) {
		to.ObserveInt64(i, f.whole(v), at)
	}, i, err
}

// state is one field of a part of kpl.Stats.
type state[T any] struct {
	kind                    kind
	name, unit, description string
	value                   func(*T) float64
}

type kind int

const (
	// additive can be added up over producers, streams and shards.
	additive kind = iota
	gauge
	counter
)

// makeStates makes an instrument for each of some states. All of them are whole numbers but for the gauges.
func makeStates[T any](o *observers, meter metric.Meter, states []state[T], errs *[]error) (observe []observeState[T]) {
	for _, s := range states {
		var instrument metric.Observable
		var err error
		switch s.kind {
		case gauge:
			var i metric.Float64ObservableGauge
			i, err = meter.Float64ObservableGauge(s.name, metric.WithUnit(s.unit), metric.WithDescription(s.description))
			instrument = i
			observe = append(observe, func(to metric.Observer, from *T, at metric.ObserveOption) { to.ObserveFloat64(i, s.value(from), at) })
		case counter:
			var i metric.Int64ObservableCounter
			i, err = meter.Int64ObservableCounter(s.name, metric.WithUnit(s.unit), metric.WithDescription(s.description))
			instrument = i
			observe = append(observe, func(to metric.Observer, from *T, at metric.ObserveOption) {
				to.ObserveInt64(i, int64(s.value(from)), at)
			})
		default:
			var i metric.Int64ObservableUpDownCounter
			i, err = meter.Int64ObservableUpDownCounter(s.name, metric.WithUnit(s.unit), metric.WithDescription(s.description))
			instrument = i
			observe = append(observe, func(to metric.Observer, from *T, at metric.ObserveOption) {
				to.ObserveInt64(i, int64(s.value(from)), at)
			})
		}
		*errs = append(*errs, err)
		o.all = append(o.all, instrument)
	}
	return observe
}

var ofProducer = []state[kpl.Stats]{
	{additive, "kpl.outstanding.records", records, "User records without a result.",
		func(s *kpl.Stats) float64 { return float64(s.OutstandingRecords) }},
	{additive, "kpl.outstanding.bytes", bytes, "Data and partition keys of user records without a result.",
		func(s *kpl.Stats) float64 { return float64(s.OutstandingBytes) }},
	{additive, "kpl.max_outstanding.records", records, "Outstanding user records at which Put blocks.",
		func(s *kpl.Stats) float64 { return float64(s.MaxOutstandingRecords) }},
	{additive, "kpl.max_outstanding.bytes", bytes, "Outstanding bytes at which Put blocks.",
		func(s *kpl.Stats) float64 { return float64(s.MaxOutstandingBytes) }},
	{additive, "kpl.blocked_puts", "{call}", "Calls of Put that wait for room.", func(s *kpl.Stats) float64 { return float64(s.BlockedPuts) }},
	{additive, "kpl.requests.in_flight", "{request}", "PutRecords requests under way.",
		func(s *kpl.Stats) float64 { return float64(s.RequestsInFlight) }},
	{additive, "kpl.max_connections", "{connection}", "Bound of the requests in flight.",
		func(s *kpl.Stats) float64 { return float64(s.MaxConnections) }},
	{gauge, "kpl.uptime", seconds, "Time since the producer was made.", func(s *kpl.Stats) float64 { return s.Uptime.Seconds() }},
}

var ofStream = []state[kpl.StreamStats]{
	{additive, "kpl.user_records.pending", records, "User records without a result.",
		func(s *kpl.StreamStats) float64 { return float64(s.Outstanding) }},
	{additive, "kpl.user_records.buffered", records, "User records that wait to be sent.",
		func(s *kpl.StreamStats) float64 { return float64(s.Buffered) }},
	{additive, "kpl.user_records.retrying", records, "User records that wait to be sent again.",
		func(s *kpl.StreamStats) float64 { return float64(s.Retrying) }},
	{additive, "kpl.user_records.in_flight", records, "User records in requests under way.",
		func(s *kpl.StreamStats) float64 { return float64(s.InFlight) }},
	{gauge, "kpl.aggregating", "1", "1 if user records are aggregated.", func(s *kpl.StreamStats) float64 { return truth(s.Aggregating) }},
	{additive, "kpl.open_shards", "{shard}", "Open shards of the shard map; 0 before the first.",
		func(s *kpl.StreamStats) float64 { return float64(s.OpenShards) }},
	{gauge, "kpl.shard_map.age", seconds, "Time since the shard map was asked for.",
		func(s *kpl.StreamStats) float64 { return s.ShardMapAge.Seconds() }},
	{gauge, "kpl.shard_map.failed", "1", "1 if the last attempt at a shard map failed.",
		func(s *kpl.StreamStats) float64 { return truth(s.ShardMapError != "") }},
	{counter, "kpl.requests.failed", "{request}", "PutRecords requests without results.",
		func(s *kpl.StreamStats) float64 { return float64(s.RequestsFailed) }},
}

var ofShard = []state[kpl.ShardStats]{
	{gauge, "kpl.shard.rate", "1", "How much of the shard's capacity it is sent at most at present.",
		func(s *kpl.ShardStats) float64 { return s.RatePercent / 100 }},
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
