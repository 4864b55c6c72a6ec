package kpl

import "time"

// Record is one user record on its way into a stream.
//
// The producer reads Data during Put only and copies it once, so the caller may reuse the slice as soon as Put returns.
type Record struct {
	// Stream is a stream name or a stream ARN. Blanks around it are dropped; empty is refused.
	Stream string
	// PartitionKey has 1 to 256 Unicode characters of valid UTF-8.
	PartitionKey string
	// ExplicitHashKey, if not empty, is a decimal integer from 0 to 2^128-1 that takes the place of the MD5 of PartitionKey.
	ExplicitHashKey string
	// Data is the payload, at most Config.MaxUserRecordSizeBytes long. Empty is allowed.
	Data []byte
}

// Attempt is one try to store a user record, as UserRecordResult.getAttempts of the KPL reports it.
type Attempt struct {
	// Delay is the time from Put (first attempt) or from the end of the attempt before, to the start of this one.
	Delay time.Duration
	// Duration is the time from the start of the request to its answer. A wait for a free connection is part of Delay, because records
	// go on gathering meanwhile; in the KPL it is part of Duration.
	Duration time.Duration
	// Success says whether Kinesis stored the record in this attempt.
	Success bool
	// Request is the number of the PutRecords request, as Config.OnRequest tells it; 0 without OnRequest, and for a try that made no request.
	Request uint32
	// ErrorCode is never empty on failure: the service's code, or one of ours such as ConnectionRefused, Timeout, HTTP503.
	ErrorCode string
	// ErrorMessage is the service's words, or the network's.
	ErrorMessage string
	// Merged is how many failed tries before this one are not listed: beyond 100 the middle ones are put together. Their times are in Delay.
	Merged int
}

// Tries is how many attempts there were, those included that are not listed, see Attempt.Merged.
func Tries(attempts []Attempt) int {
	n := len(attempts)
	for i := range attempts {
		n += attempts[i].Merged
	}
	return n
}

// Result is the end of a user record: stored, or failed for good. Every Put that returned nil yields exactly one.
type Result struct {
	// Err is nil when the record is stored, else a *RecordError.
	Err error
	// Stream is the stream as the caller named it, without blanks around it.
	Stream string
	// ShardID is the shard that holds the record; empty on failure.
	ShardID string
	// SequenceNumber is what Kinesis assigned; all user records of one aggregated record share it. Empty on failure.
	SequenceNumber string
	// Attempts lists every try in order, the successful one last. Of more than 100 the middle ones are put together, see Attempt.Merged.
	Attempts []Attempt
}
