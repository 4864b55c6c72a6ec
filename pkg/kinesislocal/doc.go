// Package kinesislocal is an in-memory Amazon Kinesis Data Streams and
// CloudWatch endpoint: what net/http/httptest is to HTTP, for programs that
// write to Kinesis.
//
// [Listen] starts a [Server] on one port and answers plain HTTP and TLS there;
// [NewTest] does so for the length of a test; [New] makes one without a port,
// an http.Handler, and [Server.Transport] reaches it without a network. It
// speaks the Kinesis API in JSON 1.1 and CBOR 1.1, three CloudWatch operations
// (PutMetricData, GetMetricStatistics, ListMetrics) in the query, JSON 1.0 and
// RPC v2 CBOR protocols, and enough of STS for credential providers. It keeps
// the limits, the error codes and the messages of the real service, so a
// client under test meets the answers that it meets in production.
//
// Three things are there for tests only:
//
//   - [Server.Inject] orders a [Fault]: a throttled record, a lost answer, a cut
//     connection, a reshard at the worst moment;
//   - [Server.Records], [Server.WaitRecords], [Server.Watch], [Server.Requests]
//     and [Server.Metrics] show what arrived, without polling;
//   - [Options].Seed and [Options].Now make what is random or timed repeatable.
//
// Records are kept as they were put; aggregated records stay aggregated.
// All methods of Server are safe for concurrent use.
//
// What is not there answers UnknownOperationException: consumers with enhanced
// fan-out, encryption, retention other than a day, resource policies. The
// signature of requests is not verified.
package kinesislocal
