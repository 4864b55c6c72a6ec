// Package kpl puts records into Amazon Kinesis data streams the way the Kinesis Producer Library (KPL) does, in Go alone: no native
// daemon, nothing to unpack, any platform. Its configuration keys, its aggregated records (byte for byte) and its CloudWatch
// metrics are those of the KPL; consumers that use the Kinesis Client Library or any de-aggregation module read them unchanged.
//
//	cfg := kpl.DefaultConfig()           // or kpl.ParseProperties
//	p, err := kpl.New(ctx, cfg)
//	err = p.Put(ctx, kpl.Record{Stream: "orders", PartitionKey: key, Data: data}, func(r kpl.Result) { … })
//	left, err := p.Close(ctx)
//
// # What becomes of a record
//
//	Put ──► gate ──► shard map ──► lane of the shard ──────────────► collector ──► PutRecords ──► judge ──► Result
//	        bounds   predicts      aggregate, wait for the rate      requests      ≤ MaxConnections │
//	        what is  the shard     ▲                                                                │ failed, or in an
//	        on its                 └──────────── back off, then aggregated anew ◄───────────────────┘ aggregate astray
//	        way
//
// Put checks the record, waits for room if too much is outstanding, and copies the data into the aggregate of the shard that
// the record's hash key belongs to. An aggregate is complete when the next record would exceed AggregationMaxSize, when it has
// AggregationMaxCount records, or when its oldest record's time is up. It then passes the shard's rate limit, is collected with
// others into a PutRecords request, and comes back with a [Result]: where it is stored, or a [RecordError] that says why not and what to
// do about it. Failed attempts are repeated until RecordTtl is over, except those that cannot succeed.
//
// Every Put that returned nil yields exactly one Result, also when a callback panics and when Close gives up.
//
// # Order
//
// Records of one partition key leave in the order in which they were put. Kinesis may still store them in another order when several
// requests are under way, or when one of them is retried; MaxConnections=1 keeps the order but for retries and expiry. [Config.StrictOrder] keeps it
// also then, within a shard and across its splits and merges, by having one batch at a time under way to a shard; what comes meanwhile is
// aggregated, so that a shard's rate can still be used up as long as a round trip takes no longer than the shard takes for AggregationMaxSize:
// about 50 ms by default.
//
// # Duplicates
//
// A record is stored at least once. It may be stored twice after two events only: the answer to a request was lost or told nothing of the
// record, so that nobody knows what became of it, or a reshard put an aggregate where its consumers would drop it. Each possible copy is an entry of a ledger, see
// [Producer.Duplicates] and [Config.OnDuplicate]; a record that failed after such an event has [RecordError.MayBeStored] set.
//
// # Where it differs from the KPL
//
//   - A record leaves at the latest RecordMaxBufferedTime after Put if the shard's rate and a connection allow; the KPL adds up to 50 ms
//     for collecting. The deadline is never later than RecordTtl allows, and the largest values of both mean "never" instead of "at once".
//   - Put blocks, with its context, while MaxOutstandingRecords or MaxOutstandingBytes are outstanding. The KPL has no bound. One stream has at
//     most three quarters of that while others are in use, so that a stream that is stuck does not hold up all.
//   - The first records of a stream wait for its shard map, up to their deadline, and are aggregated; the KPL sends them singly.
//   - Without aggregation there is still prediction, and so a rate limit per shard; not where the service distributes the records, nor
//     for those that leave before the first shard map.
//   - A shard that throttles is sent less, and its records back off exponentially with full jitter; other shards are not affected.
//   - Errors that cannot heal, such as AccessDeniedException, fail the record at once with a remedy.
//   - A request that is refused because of one record is divided until that record is found; the others are stored.
//   - After a split or merge the new shard map is fetched before a record is judged to lie in the wrong shard. An aggregate of
//     which a user record does is sent again as a whole, because consumers drop it as a whole; a plain record never is.
//   - Streams whose records the service distributes itself (AUTO) are asked for with DescribeStreamSummary, or noticed by the answers: no
//     aggregation, no prediction.
//   - Flush is exact, and Close drains and uploads the last metrics.
//
// # Permissions
//
// kinesis:PutRecords and kinesis:ListShards on the streams, kinesis:DescribeStreamSummary to learn how they distribute records, and
// cloudwatch:PutMetricData unless MetricsLevel is none.
//
// # Concurrency
//
// A [Producer] may be used from any goroutine. It runs one goroutine per stream, one per request under way, and one for metrics; an idle
// producer wakes up for metrics only. Callbacks run in the goroutine of their request, after its connection was given to the next, or in one of
// their own if the record's end came otherwise.
//
// A client given as Config.API must not keep what the request refers to, its Data in particular, after it has returned.
package kpl
