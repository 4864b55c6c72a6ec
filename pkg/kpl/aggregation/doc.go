// Package aggregation reads and writes aggregated records, the format in which the Kinesis Producer Library packs many user records
// into one Kinesis record and the Kinesis Client Library takes them apart again.
//
// An aggregated record is
//
//	F3 89 9A C2 | protobuf message AggregatedRecord | MD5 of the protobuf bytes (16 bytes)
//
// with the message
//
//	AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2; repeated Record records = 3; }
//	Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2; required bytes data = 3; }
//
// The bytes that a Builder writes equal those of the KPL for the same records in the same order.
package aggregation

// Overhead is what an aggregated record holds besides its protobuf bytes: the magic number and the MD5.
const Overhead = len(magic) + digestBytes

const (
	magic       = "\xF3\x89\x9A\xC2"
	digestBytes = 16
)

// Field tags of the protobuf messages, as they stand on the wire.
const (
	tagPartitionKey      = 0x0A
	tagExplicitHashKey   = 0x12
	tagRecord            = 0x1A
	tagPartitionKeyIndex = 0x08
	tagHashKeyIndex      = 0x10
	tagData              = 0x1A
)
