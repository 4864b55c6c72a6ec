package kpl

import (
	"cmp"
	"slices"
	"strings"
)

// MetricValue is what was counted of one metric at one place, and there only: a stream's values do not contain those of its shards, as
// a MetricPoint's do. So they add up, and suit monitoring systems that add up themselves.
type MetricValue struct {
	// Name and Unit (Count, Bytes, Milliseconds) are those of the metric in CloudWatch.
	Name, Unit string
	// Stream is the stream as the caller names it. ShardID is empty for what has no shard, and where the shard was not known. ErrorCode
	// is that of ErrorsByCode, else empty. All three are valid UTF-8.
	Stream, ShardID, ErrorCode string
	// Count is the number of samples, never 0; Sum, Min and Max are of their values, in the unit.
	Count         int64
	Sum, Min, Max float64
}

// MetricValues lists everything that was counted of the streams in use, whatever MetricsLevel says, by name, stream, shard and error
// code. Values only grow while a stream is in use. One that nothing was put into for ten minutes is left out, and begins anew at zero.
func (p *Producer) MetricValues() []MetricValue { return p.metrics.values() }

func (m *metrics) values() []MetricValue {
	if m == nil {
		return nil
	}
	// Names become valid UTF-8, by which two may become one: hence a map.
	type place struct {
		metric              metric
		stream, shard, code string
	}
	found := map[place]statistic{}
	add := func(which metric, stream, shard, code string, s statistic) {
		p := place{which, strings.ToValidUTF8(stream, "?"), strings.ToValidUTF8(shard, "?"), strings.ToValidUTF8(code, "?")}
		sum := found[p]
		sum.merge(s)
		found[p] = sum
	}
	m.gathering.Lock()
	m.streams.Range(func(_, value any) bool {
		stream := value.(*streamMetrics)
		stream.countReceived()
		stream.each(func(shard string, n *metricNode) {
			all, errors := n.sum()
			for i, s := range all {
				if s.count > 0 {
					add(metric(i), stream.name, shard, "", s)
				}
			}
			for code, s := range errors {
				add(errorsByCode, stream.name, shard, code, s)
			}
		})
		return true
	})
	m.gathering.Unlock()
	values := make([]MetricValue, 0, len(found))
	for p, s := range found {
		scale := p.metric.scale()
		values = append(values, MetricValue{
			Name: metricKinds[p.metric].name, Unit: string(metricKinds[p.metric].unit), Stream: p.stream, ShardID: p.shard, ErrorCode: p.code,
			Count: s.count, Sum: float64(s.sum) / scale, Min: float64(s.min) / scale, Max: float64(s.max) / scale,
		})
	}
	slices.SortFunc(values, func(a, b MetricValue) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.ShardID, b.ShardID), cmp.Compare(a.ErrorCode, b.ErrorCode))
	})
	return values
}
