package kplprometheus

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/adapterd/adapterd/pkg/kpl"
)

var (
	byStream = []string{"stream"}
	byShard  = []string{"stream", "shard"}
	byCode   = []string{"stream", "shard", "code"}
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("kpl_"+name, help, labels, nil)
}

// text is what a label can have.
func text(s string) string { return strings.ToValidUTF8(s, "?") }

// family shows one metric of the producer.
type family struct {
	metric string // its name in CloudWatch
	desc   *prometheus.Desc
	labels []string
	// value makes a counter; nil means a summary of count and sum.
	value func(kpl.MetricValue) float64
}

func counter(metric, name, help string, labels []string, value func(kpl.MetricValue) float64) family {
	return family{metric, describe(name, help, labels...), labels, value}
}

func summary(metric, name, help string, labels []string) family {
	return family{metric, describe(name, help, labels...), labels, nil}
}

func sum(v kpl.MetricValue) float64 {
	if v.Unit == "Milliseconds" {
		return v.Sum / 1000
	}
	return v.Sum
}

// not counts the samples of metrics whose samples are 1 for success and 0 for failure.
func not(v kpl.MetricValue) float64 { return float64(v.Count) - v.Sum }

func (f family) show(v kpl.MetricValue) prometheus.Metric {
	labels := []string{text(v.Stream), text(v.ShardID), text(v.ErrorCode)}[:len(f.labels)]
	if f.value == nil {
		return prometheus.MustNewConstSummary(f.desc, uint64(v.Count), sum(v), nil, labels...)
	}
	return prometheus.MustNewConstMetric(f.desc, prometheus.CounterValue, f.value(v), labels...)
}

// counted are the metrics that go to CloudWatch. UserRecordsPending is not among them: Stats has it whenever it is asked.
var counted = []family{
	counter("UserRecordsReceived", "user_records_received_total", "User records that Put accepted.", byStream, sum),
	counter("UserRecordsPut", "user_records_put_total", "User records that were stored.", byShard, sum),
	counter("UserRecordsPut", "user_records_failed_total", "User records that failed.", byShard, not),
	counter("UserRecordsDataPut", "user_records_data_put_bytes_total", "Data of user records that were stored.", byShard, sum),
	counter("UserRecordExpired", "user_records_expired_total", "User records that failed because their time was over.", byShard, sum),
	counter("KinesisRecordsPut", "kinesis_records_put_total", "Kinesis records that were stored.", byShard, sum),
	counter("KinesisRecordsDataPut", "kinesis_records_data_put_bytes_total", "Size of Kinesis records that were stored.", byShard, sum),
	counter("ErrorsByCode", "errors_by_code_total", "Kinesis records that were refused and requests that failed, by error code.", byCode, sum),
	counter("AllErrors", "all_errors_total", "Kinesis records that were refused and requests that failed.", byShard, sum),
	counter("WrongShard", "wrong_shard_total", "Kinesis records that were stored in another shard than predicted.", byShard, sum),
	summary("RetriesPerRecord", "retries_per_record", "Attempts beyond the first of a user record that has its result.", byShard),
	summary("BufferingTime", "buffering_time_seconds", "Time that a user record waited for an attempt.", byShard),
	summary("RequestTime", "request_time_seconds", "Time that a PutRecords request took, with the wait for a connection.", byStream),
	summary("UserRecordsPerKinesisRecord", "user_records_per_kinesis_record", "User records in a Kinesis record that was sent.", byShard),
	summary("KinesisRecordsPerPutRecordsRequest", "kinesis_records_per_put_records_request", "Kinesis records in a PutRecords request.", byStream),
	summary("UserRecordsPerPutRecordsRequest", "user_records_per_put_records_request", "User records in a PutRecords request.", byStream),
}

// state shows one field of a part of kpl.Stats.
type state[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*T) float64
}

func gauge[T any](desc *prometheus.Desc, value func(*T) float64) state[T] {
	return state[T]{desc, prometheus.GaugeValue, value}
}

var duplicates = describe("possible_duplicates_total", "Copies of user records that may have been stored beyond the first.")

var ofProducer = []state[kpl.Stats]{
	gauge(describe("outstanding_records", "User records without a result."), func(s *kpl.Stats) float64 { return float64(s.OutstandingRecords) }),
	gauge(describe("outstanding_bytes", "Data and partition keys of user records without a result."),
		func(s *kpl.Stats) float64 { return float64(s.OutstandingBytes) }),
	gauge(describe("max_outstanding_records", "Outstanding user records at which Put blocks."),
		func(s *kpl.Stats) float64 { return float64(s.MaxOutstandingRecords) }),
	gauge(describe("max_outstanding_bytes", "Outstanding bytes at which Put blocks."),
		func(s *kpl.Stats) float64 { return float64(s.MaxOutstandingBytes) }),
	gauge(describe("blocked_puts", "Calls of Put that wait for room."), func(s *kpl.Stats) float64 { return float64(s.BlockedPuts) }),
	gauge(describe("requests_in_flight", "PutRecords requests under way."), func(s *kpl.Stats) float64 { return float64(s.RequestsInFlight) }),
	gauge(describe("max_connections", "Bound of the requests in flight."), func(s *kpl.Stats) float64 { return float64(s.MaxConnections) }),
	gauge(describe("uptime_seconds", "Time since the producer was made."), func(s *kpl.Stats) float64 { return s.Uptime.Seconds() }),
}

func streamDesc(name, help string) *prometheus.Desc { return describe(name, help, byStream...) }

var ofStream = []state[kpl.StreamStats]{
	gauge(streamDesc("user_records_pending", "User records without a result."), func(s *kpl.StreamStats) float64 { return float64(s.Outstanding) }),
	gauge(streamDesc("user_records_buffered", "User records that wait to be sent."),
		func(s *kpl.StreamStats) float64 { return float64(s.Buffered) }),
	gauge(streamDesc("user_records_retrying", "User records that wait to be sent again."),
		func(s *kpl.StreamStats) float64 { return float64(s.Retrying) }),
	gauge(streamDesc("user_records_in_flight", "User records in requests under way."),
		func(s *kpl.StreamStats) float64 { return float64(s.InFlight) }),
	gauge(streamDesc("aggregating", "1 if user records are aggregated."), func(s *kpl.StreamStats) float64 { return truth(s.Aggregating) }),
	gauge(streamDesc("open_shards", "Open shards of the shard map; 0 before the first."),
		func(s *kpl.StreamStats) float64 { return float64(s.OpenShards) }),
	gauge(streamDesc("shard_map_age_seconds", "Time since the shard map was asked for."),
		func(s *kpl.StreamStats) float64 { return s.ShardMapAge.Seconds() }),
	gauge(streamDesc("shard_map_failed", "1 if the last attempt at a shard map failed."),
		func(s *kpl.StreamStats) float64 { return truth(s.ShardMapError != "") }),
	{streamDesc("requests_failed_total", "PutRecords requests without results."), prometheus.CounterValue,
		func(s *kpl.StreamStats) float64 { return float64(s.RequestsFailed) }},
}

var ofShard = []state[kpl.ShardStats]{
	gauge(describe("shard_rate_ratio", "How much of the shard's capacity it is sent at most at present.", byShard...),
		func(s *kpl.ShardStats) float64 { return s.RatePercent / 100 }),
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
