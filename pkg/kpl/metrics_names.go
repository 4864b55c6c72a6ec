package kpl

import (
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// metric is one of the KPL's metrics.
type metric int

const (
	userRecordsReceived metric = iota
	userRecordsPending
	userRecordsPut
	userRecordsDataPut
	kinesisRecordsPut
	kinesisRecordsDataPut
	errorsByCode
	allErrors
	retriesPerRecord
	userRecordExpired
	bufferingTime
	requestTime
	userRecordsPerKinesisRecord
	kinesisRecordsPerRequest
	userRecordsPerRequest
	wrongShard
	metricCount
)

// metricKinds are the KPL's names, units and levels, and WrongShard, which is ours: Kinesis records that were stored in another
// shard than predicted; in the KPL they show nowhere.
var metricKinds = [metricCount]struct {
	name  string
	unit  types.StandardUnit
	level MetricsLevel
}{
	userRecordsReceived:         {"UserRecordsReceived", types.StandardUnitCount, MetricsDetailed},
	userRecordsPending:          {"UserRecordsPending", types.StandardUnitCount, MetricsDetailed},
	userRecordsPut:              {"UserRecordsPut", types.StandardUnitCount, MetricsSummary},
	userRecordsDataPut:          {"UserRecordsDataPut", types.StandardUnitBytes, MetricsDetailed},
	kinesisRecordsPut:           {"KinesisRecordsPut", types.StandardUnitCount, MetricsSummary},
	kinesisRecordsDataPut:       {"KinesisRecordsDataPut", types.StandardUnitBytes, MetricsDetailed},
	errorsByCode:                {"ErrorsByCode", types.StandardUnitCount, MetricsSummary},
	allErrors:                   {"AllErrors", types.StandardUnitCount, MetricsSummary},
	retriesPerRecord:            {"RetriesPerRecord", types.StandardUnitCount, MetricsDetailed},
	userRecordExpired:           {"UserRecordExpired", types.StandardUnitCount, MetricsSummary},
	bufferingTime:               {"BufferingTime", types.StandardUnitMilliseconds, MetricsSummary},
	requestTime:                 {"RequestTime", types.StandardUnitMilliseconds, MetricsDetailed},
	userRecordsPerKinesisRecord: {"UserRecordsPerKinesisRecord", types.StandardUnitCount, MetricsDetailed},
	kinesisRecordsPerRequest:    {"KinesisRecordsPerPutRecordsRequest", types.StandardUnitCount, MetricsDetailed},
	userRecordsPerRequest:       {"UserRecordsPerPutRecordsRequest", types.StandardUnitCount, MetricsDetailed},
	wrongShard:                  {"WrongShard", types.StandardUnitCount, MetricsDetailed},
}

// scale is what the whole numbers that are counted make of the metric's unit: times are counted in microseconds.
func (m metric) scale() float64 {
	if metricKinds[m].unit == types.StandardUnitMilliseconds {
		return 1000
	}
	return 1
}

// statistic sums up samples. Two of them merge without loss.
type statistic struct{ count, sum, min, max int64 }

func (s *statistic) add(v int64) { s.addTimes(v, 1) }

// addTimes adds n samples of one value.
func (s *statistic) addTimes(v, n int64) { s.merge(statistic{n, n * v, v, v}) }

func (s *statistic) addTime(d time.Duration, n int64) { s.addTimes(d.Microseconds(), n) }

func (s *statistic) merge(o statistic) {
	switch {
	case o.count == 0:
	case s.count == 0:
		*s = o
	default:
		s.count += o.count
		if s.sum > math.MaxInt64-o.sum {
			s.sum = math.MaxInt64
		} else {
			s.sum += o.sum
		}
		s.min, s.max = min(s.min, o.min), max(s.max, o.max)
	}
}
