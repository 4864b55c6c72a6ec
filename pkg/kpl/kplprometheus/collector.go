package kplprometheus

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// producer is what is asked of a kpl.Producer.
type producer interface {
	Stats() kpl.Stats
	MetricValues() []kpl.MetricValue
}

// Option changes what a collector shows.
type Option func(*collector)

// WithoutShards adds the shards of a stream up, for streams with so many that series of each would be too many.
func WithoutShards() Option { return func(c *collector) { c.withoutShards = true } }

// NewCollector returns a collector of a producer's metrics. It may be registered in several registries, and still works after the
// producer's Close, so that the last scrape sees the end.
func NewCollector(p *kpl.Producer, options ...Option) prometheus.Collector {
	return newCollector(p, options...)
}

// collector has no state of its own. Safe for concurrent use.
type collector struct {
	producer      producer
	withoutShards bool
}

func newCollector(p producer, options ...Option) *collector {
	c := &collector{producer: p}
	for _, o := range options {
		o(c)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range counted {
		out <- f.desc
	}
	for _, f := range ofProducer {
		out <- f.desc
	}
	out <- duplicates
	for _, f := range ofStream {
		out <- f.desc
	}
	if !c.withoutShards {
		for _, f := range ofShard {
			out <- f.desc
		}
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	c.collectValues(out)
	st := c.producer.Stats()
	for _, f := range ofProducer {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&st))
	}
	out <- prometheus.MustNewConstMetric(duplicates, prometheus.CounterValue, float64(st.PossibleDuplicates))
	for i := range st.Streams {
		s := &st.Streams[i]
		for _, f := range ofStream {
			out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(s), s.Stream)
		}
		if c.withoutShards {
			continue
		}
		for j := range s.Shards {
			for _, f := range ofShard {
				out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&s.Shards[j]), s.Stream, text(s.Shards[j].ShardID))
			}
		}
	}
}

// collectValues shows what was counted.
func (c *collector) collectValues(out chan<- prometheus.Metric) {
	values := c.producer.MetricValues()
	if c.withoutShards {
		values = addShards(values)
	}
	byName := make(map[string][]kpl.MetricValue, len(counted))
	for _, v := range values {
		byName[v.Name] = append(byName[v.Name], v)
	}
	for _, f := range counted {
		for _, v := range byName[f.metric] {
			out <- f.show(v)
		}
	}
}

// addShards adds up what differs in the shard only, and keeps the order by name.
func addShards(values []kpl.MetricValue) []kpl.MetricValue {
	type place struct{ name, stream, code string }
	at := make(map[place]int)
	var sums []kpl.MetricValue
	for _, v := range values {
		v.ShardID = ""
		p := place{v.Name, v.Stream, v.ErrorCode}
		i, found := at[p]
		if !found {
			at[p] = len(sums)
			sums = append(sums, v)
			continue
		}
		sums[i].Count += v.Count
		sums[i].Sum += v.Sum
	}
	return sums
}
