// Package kplprometheus shows the metrics of a [kpl.Producer] to Prometheus.
//
// [NewCollector] makes a prometheus.Collector that asks the producer whenever it is scraped, and costs nothing in between. It has the
// metrics that the producer uploads to CloudWatch, whatever MetricsLevel says, so MetricsLevel none goes well with it, and the state of
// the producer, its streams and shards.
//
// Names begin with kpl_. Labels are stream, shard (empty for what has no shard, or when it was not known) and code (an error code).
// What CloudWatch has as a statistic set is a counter where the sum is what matters, and a summary without quantiles (_sum and _count)
// where the mean does. A stream's series do not contain those of its shards: add up with sum without(shard).
//
// The series of a stream end when nothing was put into it for ten minutes. If it is used again they begin anew at zero, which rate and
// increase know from restarts.
//
// Several producers in one registry are told apart by a label that the caller adds:
//
//	prometheus.WrapRegistererWith(prometheus.Labels{"producer": "orders"}, registry).MustRegister(kplprometheus.NewCollector(p))
package kplprometheus
