// Package kplotel shows the metrics and the requests of a [kpl.Producer] to OpenTelemetry.
//
// [Register] makes observable instruments that ask the producer whenever they are collected, and cost nothing in between. They have the
// metrics that the producer uploads to CloudWatch, whatever MetricsLevel says, so MetricsLevel none goes well with them, and the state of
// the producer, its streams and shards.
//
// Names begin with kpl. Attributes are aws.kinesis.stream_name, aws.kinesis.shard_id (missing for what has no shard, or when it was not
// known) and error.type (an error code). What CloudWatch has as a statistic set is a counter where the sum is what matters; where the
// mean does it is two counters, NAME.sum and NAME.count, for there is no observable histogram. A stream's values do not contain those of
// its shards. A view of the SDK that leaves out aws.kinesis.shard_id adds the shards up; it also helps where there are more shards than
// the SDK's cardinality limit (2000 attribute sets of an instrument).
//
// A stream's values end when nothing was put into it for ten minutes. If it is used again they begin anew at zero.
//
// [Requests] links the spans of records, which whoever calls Put makes, to spans of the PutRecords requests that they were in.
//
// The package needs OpenTelemetry's API only. Several producers are told apart by meters with attributes of their own.
package kplotel
