package kpl

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrClosed is what Put returns once Close was called, and what the results of records wrap that Close had to give up.
var ErrClosed = errors.New("the producer is closed")

// RecordError says why a user record could not be stored. It never holds the record's data.
type RecordError struct {
	// Stream and ShardID name where the record should have gone; ShardID is empty if no shard was predicted.
	Stream, ShardID string
	// Code is the last cause: the service's error code, or one of ours such as Expired, ConnectionRefused or Closed.
	Code string
	// Message is that cause in words.
	Message string
	// Attempts are all tries, as in Result.
	Attempts []Attempt
	// Age is the time from Put to the end.
	Age time.Duration
	// Remedy says what to do about it; empty if there is nothing better than trying again.
	Remedy string
	// MayBeStored says that the answer to an attempt was lost or told nothing of the record, or that a copy was stored where consumers drop
	// it: to put the record again may make a duplicate.
	MayBeStored bool

	err error
}

// Error names stream, shard, code, message, attempts, age and remedy.
func (e *RecordError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "record for stream %s", e.Stream)
	if e.ShardID != "" {
		fmt.Fprintf(&b, ", shard %s,", e.ShardID)
	}
	n, s := Tries(e.Attempts), "s"
	if n == 1 {
		s = ""
	}
	fmt.Fprintf(&b, " failed after %d attempt%s in %v: %s: %s", n, s, e.Age.Round(time.Millisecond), e.Code, e.Message)
	if cause := e.cause(); cause != nil {
		fmt.Fprintf(&b, " (before that %s: %s)", cause.ErrorCode, cause.ErrorMessage)
	}
	if e.Remedy != "" {
		b.WriteString("; ")
		b.WriteString(e.Remedy)
	}
	if e.MayBeStored {
		b.WriteString("; it may be stored all the same")
	}
	return b.String()
}

// Unwrap is ErrClosed for a record that Close gave up.
func (e *RecordError) Unwrap() error { return e.err }

// cause is the last failure of an expired or given-up record that came from the service or the network.
func (e *RecordError) cause() *Attempt {
	if e.Code != codeExpired && e.Code != codeClosed {
		return nil
	}
	for i := len(e.Attempts) - 1; i >= 0; i-- {
		if a := &e.Attempts[i]; a.ErrorCode != codeExpired && a.ErrorCode != codeClosed && a.ErrorCode != "" {
			return a
		}
	}
	return nil
}

// Error codes of the producer's own making, besides those for network failures in classify.go. Those of the KPL keep its words.
const (
	codeExpired       = "Expired"
	codeWrongShard    = "Wrong Shard"
	codeCountMismatch = "Record Count Mismatch"
	codeThrottled     = "ProvisionedThroughputExceededException"
	codeClosed        = "Closed"
)
