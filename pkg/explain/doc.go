// Package explain takes one message through the services of a workflow without sending anything, and tells what happened to it: the
// metadata and payload before and after each service, the conditions that held, the parts of splitters, and the record that a Kinesis
// producer would put, with its hash key, its shard and what it costs.
//
// Services run for real where all that they change is the message. Those with effects outside of it, and all producers but those to
// Kinesis, are named and not run.
package explain
